#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/import/readers.hpp"
#include "gate/ruleset/address_text.hpp"

// New-NetFirewallRule of the NetSecurity module, a command a line.
namespace gatepost::gate::importing {
namespace {

using Values = std::vector<std::string>;
using Parameters = std::map<std::string, Values, std::less<>>;  // names in lower case

// The parameters of one command: -Name Value, values with commas between, in quotes, in @( ).
class Command {
 public:
  explicit Command(std::string_view text) : rest_(text) {}

  std::optional<Parameters> read() {
    Parameters out;
    while (true) {
      skip();
      if (rest_.empty() || rest_[0] == '|' || rest_[0] == '#' || rest_[0] == ';') return out;
      if (rest_[0] != '-') return std::nullopt;
      rest_.remove_prefix(1);
      std::string name = ascii::to_lower(rest_.substr(0, rest_.find_first_of(" \t:")));
      rest_.remove_prefix(name.size());
      if (name.empty() || out.size() > 64) return std::nullopt;
      if (!rest_.empty()) rest_.remove_prefix(1);
      skip();
      Values values;
      if (!rest_.empty() && rest_[0] != '-') {
        auto all = list();
        if (!all) return std::nullopt;
        values = *std::move(all);
      }
      out[std::move(name)] = std::move(values);
    }
  }

 private:
  void skip() {
    while (!rest_.empty() && ascii::is_space(rest_[0])) rest_.remove_prefix(1);
  }

  std::optional<Values> list() {
    const bool enclosed = rest_.starts_with("@(") || rest_.starts_with('(');
    if (enclosed) rest_.remove_prefix(rest_[0] == '@' ? 2 : 1);
    Values out;
    while (true) {
      skip();
      if (enclosed && rest_.starts_with(')')) break;
      auto one = value(enclosed);
      if (!one) return std::nullopt;
      out.push_back(*std::move(one));
      skip();
      if (!rest_.starts_with(',')) break;
      rest_.remove_prefix(1);
    }
    if (enclosed) {
      if (!rest_.starts_with(')')) return std::nullopt;
      rest_.remove_prefix(1);
    }
    return out;
  }

  std::optional<std::string> value(bool enclosed) {
    if (rest_.empty()) return std::nullopt;
    std::string out;
    const char quote = rest_[0];
    if (quote != '\'' && quote != '"') {
      const std::size_t end = std::min(rest_.find_first_of(enclosed ? ", \t)" : ", \t"), rest_.size());
      out = rest_.substr(0, end);
      rest_.remove_prefix(end);
      return out.empty() ? std::nullopt : std::optional(std::move(out));
    }
    rest_.remove_prefix(1);
    while (true) {
      const std::size_t end = rest_.find(quote);
      if (end == std::string_view::npos) return std::nullopt;
      out += rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      // Doubled, it stands for itself.
      if (!rest_.starts_with(quote)) return out;
      out.push_back(quote);
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
};

std::string_view one_of(const Parameters& p, std::string_view name) {
  const auto at = p.find(name);
  return at == p.end() || at->second.empty() ? std::string_view() : std::string_view(at->second[0]);
}

// nullopt in `out`: any. False: nothing is left of it.
bool addresses(const Parameters& p, std::string_view name, Material& into, std::optional<AddressSet>& out) {
  const auto at = p.find(name);
  if (at == p.end()) return true;
  std::vector<std::string> known;
  for (const std::string& text : at->second) {
    if (ascii::iequals(text, "Any")) return true;
    if (ascii::is_alpha(text.empty() ? '1' : text[0]) && text.find(':') == std::string::npos) {
      into.lose(fmt::format("the keyword {} as an address: name its networks", printable(text, 40)));
    } else {
      known.push_back(text);
    }
  }
  out = addresses_of(known, into, "a rule");
  return !out->empty();
}

std::optional<ListedRule> rule_of(const Parameters& p, Material& into) {
  if (ascii::iequals(one_of(p, "direction"), "Outbound") || ascii::iequals(one_of(p, "enabled"), "False"))
    return std::nullopt;
  const std::string_view protocol = one_of(p, "protocol");
  if (!protocol.empty() && !ascii::iequals(protocol, "TCP") && !ascii::iequals(protocol, "Any") && protocol != "6")
    return std::nullopt;
  ListedRule out;
  const std::string_view action = one_of(p, "action");
  out.action = ascii::iequals(action, "Block") ? ListedRule::Action::drop : ListedRule::Action::allow;
  if (const auto ports = p.find("localport");
      ports != p.end() && !ports->second.empty() && !ascii::iequals(ports->second[0], "Any")) {
    std::vector<PortSet::Interval> all;
    for (const std::string& text : ports->second) {
      const auto set = ports_in(text);
      if (!set) into.lose(fmt::format("the local port {}", printable(text, 40)));
      if (set) all.insert(all.end(), set->intervals().begin(), set->intervals().end());
    }
    out.ports = PortSet::from(std::move(all));
    if (out.ports->empty()) return std::nullopt;
  }
  for (const std::string_view narrower :
       {"remoteport", "interfacealias", "interfacetype", "remoteuser", "remotemachine", "authentication"}) {
    const std::string_view value = one_of(p, narrower);
    if (value.empty() || ascii::iequals(value, "Any") || ascii::iequals(value, "NotRequired")) continue;
    into.lose(fmt::format("a rule with -{}: left out", narrower));
    return std::nullopt;
  }
  if (const auto profile = one_of(p, "profile"); !profile.empty() && !ascii::iequals(profile, "Any"))
    into.lose("a rule for some network profiles alone: taken for all");
  if (!addresses(p, "remoteaddress", into, out.sources) || !addresses(p, "localaddress", into, out.destinations))
    return std::nullopt;
  out.comment = one_of(p, "displayname");
  return out;
}

}  // namespace

Result<Material> read_windows(const std::vector<File>& files) {
  Material out;
  std::vector<ListedRule> rules;
  bool found = false, allows = false;
  for (const File& file : files) {
    std::string line;
    for (std::string_view part : ascii::split(file.text, '\n')) {
      part = ascii::trim(part);
      // A backtick at its end: the command goes on.
      if (part.ends_with('`') && line.size() < (1 << 20)) {
        line += part.substr(0, part.size() - 1);
        continue;
      }
      line += part;
      const std::string_view whole = line;
      constexpr std::string_view kNew = "New-NetFirewallRule", kProfile = "Set-NetFirewallProfile";
      if (ascii::istarts_with(whole, kNew)) {
        found = true;
        const auto parameters = Command(whole.substr(kNew.size())).read();
        if (!parameters) {
          out.lose(fmt::format("not understood: {}", printable(whole, 100)));
        } else if (auto rule = rule_of(*parameters, out)) {
          rules.push_back(*std::move(rule));
        }
      } else if (ascii::istarts_with(whole, kProfile)) {
        if (const auto parameters = Command(whole.substr(kProfile.size())).read())
          allows = allows || ascii::iequals(one_of(*parameters, "defaultinboundaction"), "Allow");
      }
      line.clear();
    }
  }
  if (!found) return fail(Errc::invalid, "there is no New-NetFirewallRule in it");
  RuleList list(out, !allows);
  // What blocks counts before what allows, whatever their order.
  for (const bool allowing : {false, true}) {
    for (const ListedRule& rule : rules) {
      if ((rule.action == ListedRule::Action::allow) == allowing) list.add(rule);
    }
  }
  return out;
}

}  // namespace gatepost::gate::importing
