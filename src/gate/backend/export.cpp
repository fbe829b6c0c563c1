#include "gate/backend/export.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "gate/backend/export_lines.hpp"
#include "gate/backend/nft_table.hpp"

namespace gatepost::gate {
namespace exporting {

std::vector<std::string> losses(const Intent& intent, const Abilities& can) {
  std::vector<std::string> out;
  const auto lose = [&](std::string_view what, std::string_view instead) {
    out.push_back(fmt::format("{}: not expressible in {}; {}", what, can.product, instead));
  };
  for (const PortIntent& p : intent.ports) {
    if (p.per_minute != 0 && !can.per_source_rate)
      lose(fmt::format("rate limit of {} ({} a minute for each source)", p.service, p.per_minute),
           "the daemon enforces it");
    if (p.max_connections != 0 && !can.connection_cap)
      lose(fmt::format("{} connections at most to {}", p.max_connections, p.service), "the daemon enforces it");
    const bool everywhere = p.destinations.contains(all_v4()) && p.destinations.contains(all_v6());
    if (!everywhere && !can.destinations)
      lose(fmt::format("{} being bound to {} alone", p.service, text_of(p.destinations)),
           "the rule holds for all addresses of the machine");
    if (p.log != config::GateLog::none && !can.logging)
      lose(fmt::format("logging of {}", p.service), "use its flow logs");
    for (const Opening& o : p.openings) {
      if (o.until != TimePoint{} && !can.expiry)
        lose(fmt::format("the end of {} of {} at {}", o.why, p.service, date::format_rfc3339(o.until).substr(0, 16)),
             "export again after it");
    }
  }
  if (!intent.egress_user.empty() && !can.egress)
    lose(fmt::format("what {} may connect to", intent.egress_user), "limit it by other means");
  if (intent.scope == config::Gate::Scope::host && !can.host_scope)
    lose("dropping everything else on this host", "set the product's own default");
  return out;
}

std::string commented(const std::vector<std::string>& all, std::string_view mark) {
  std::string out;
  for (const std::string& one : all) out += fmt::format("{}{}\n", mark, one);
  return out;
}

std::string short_name(std::string_view name, std::size_t most) {
  constexpr std::size_t kDigest = 6;
  if (name.size() <= most) return std::string(name);
  const Sha256Value digest = sha256(name);
  const std::string hex = to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
  return fmt::format("{}-{}", name.substr(0, most - kDigest - 1), hex.substr(0, kDigest));
}

std::vector<Line> by_family(const Intent& intent, bool v6) {
  std::vector<Line> out;
  for (const PortIntent& p : intent.ports) {
    const AddressSet& family = v6 ? all_v6() : all_v4();
    if ((p.destinations & family).empty()) continue;
    for (const Opening& o : p.openings) {
      const AddressSet part = o.sources & family;
      if (!part.empty()) out.push_back({&p, &o, networks_of(part)});
    }
  }
  return out;
}

}  // namespace exporting

namespace {

Export nftables(const Intent& intent, TimePoint now) {
  return {fmt::format("table {0}\ndelete table {0}\n{1}", kTable, nft_table(intent, 0, now).text()), {}};
}

}  // namespace

const std::vector<Format>& formats() {
  static const std::vector<Format> all = {
      {"nftables", "nft -f FILE", nftables},
      {"iptables", "iptables-restore --noflush FILE", exporting::iptables},
      {"ip6tables", "ip6tables-restore --noflush FILE", exporting::ip6tables},
      {"firewalld", "sh FILE (firewall-cmd, permanent)", exporting::firewalld},
      {"ufw", "sh FILE", exporting::ufw},
      {"pf", "pfctl -a gatepost -f FILE", exporting::pf},
      {"windows", "PowerShell, as administrator", exporting::windows},
      {"aws", "aws ec2 authorize-security-group-ingress --cli-input-json", exporting::aws},
      {"azure", "securityRules of a network security group", exporting::azure},
      {"kubernetes", "kubectl apply -f FILE", exporting::kubernetes},
  };
  return all;
}

}  // namespace gatepost::gate
