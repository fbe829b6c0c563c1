#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/import/readers.hpp"
#include "gate/ruleset/address_text.hpp"
#include "gate/ruleset/reader.hpp"

// Rules of the Linux kernel: nftables, iptables, and ufw, which keeps its own as iptables-restore takes them.
namespace gatepost::gate::importing {
namespace {

// Whether a listing of iptables is of IPv6. It does not say so itself: its addresses do, or its name.
bool is_v6(const File& file) {
  for (const std::string_view line : ascii::split(file.text, '\n')) {
    for (const std::string_view option : {" -s ", " -d "}) {
      const std::size_t at = line.find(option);
      if (at == std::string_view::npos) continue;
      const std::string_view word = line.substr(at + 4).substr(0, line.substr(at + 4).find(' '));
      if (const auto set = addresses_in(word)) return !all_v4().contains(*set);
    }
    if (line.find("ipv6-icmp") != std::string_view::npos || line.starts_with(":ufw6-")) return true;
    if (line.find("-p icmp ") != std::string_view::npos || line.starts_with(":ufw-")) return false;
  }
  return file.name.find('6') != std::string::npos;
}

Result<Material> listings(const std::vector<File>& files) {
  Material out;
  IptablesListings texts;
  for (const File& file : files) {
    if (file.text.starts_with("create ")) {
      texts.sets += file.text + "\n";
      continue;
    }
    std::string& text = is_v6(file) ? texts.v6 : texts.v4;
    if (!text.empty()) return fail(Errc::invalid, "two listings are of the same family");
    text = file.text;
  }
  GP_TRY(out.rules, gate::read_iptables(texts));
  out.v4 = !texts.v4.empty();
  out.v6 = !texts.v6.empty();
  return out;
}

bool has_input_hook(const Ruleset& rules) {
  return std::ranges::any_of(rules.chains, [](const Chain& c) { return c.hook == Hook::input; });
}

}  // namespace

Result<Material> read_nftables(const std::vector<File>& files) {
  if (files.size() != 1) return fail(Errc::invalid, "one file at a time");
  Material out;
  GP_TRY(out.rules, read_ruleset(files[0].text));
  return out;
}

Result<Material> read_iptables(const std::vector<File>& files) {
  GP_TRY(Material out, listings(files));
  if (!has_input_hook(out.rules)) return fail(Errc::invalid, "there is no chain INPUT in it");
  return out;
}

Result<Material> read_ufw(const std::vector<File>& files) {
  GP_TRY(Material out, listings(files));
  bool found = false;
  for (Chain& c : out.rules.chains) {
    if (c.name != "ufw-user-input" && c.name != "ufw6-user-input") continue;
    found = c.drops = true;
    c.hook = Hook::input;
    c.type = "filter";
  }
  if (!found) return fail(Errc::invalid, "there is no chain ufw-user-input in it");
  out.lose("its default for incoming connections is not in these files (/etc/default/ufw): taken as deny");
  return out;
}

}  // namespace gatepost::gate::importing
