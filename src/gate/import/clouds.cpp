#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/ascii.hpp"
#include "gate/import/json_values.hpp"
#include "gate/import/readers.hpp"
#include "gate/ruleset/address_text.hpp"
#include "gate/ruleset/values.hpp"

// JSON of clouds: the EC2 API's IpPermission, securityRules of Microsoft.Network/networkSecurityGroups.
namespace gatepost::gate::importing {
namespace {

namespace json = boost::json;
using json::value;
using reading::member;
using reading::number_in;
using reading::text_in;

Result<value> parsed(const std::vector<File>& files) {
  if (files.size() != 1) return fail(Errc::invalid, "one file at a time");
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 32;
  value out = json::parse({files[0].text.data(), files[0].text.size()}, error, {}, options);
  if (error) return fail(Errc::invalid, "it is not JSON: " + error.message());
  return out;
}

// The texts of a field that is one text or, under another name, a list of them.
std::vector<std::string> texts_of(const value& object, std::string_view one, std::string_view many) {
  std::vector<std::string> out;
  if (const auto text = text_in(member(object, one)); !text.empty()) out.emplace_back(text);
  for (const value& v : array_in(member(object, many))) {
    if (const auto text = text_in(&v); !text.empty()) out.emplace_back(text);
  }
  return out;
}

void take_permission(const value& p, RuleList& list, Material& into) {
  const std::string_view protocol = text_in(member(p, "IpProtocol"));
  const bool all = protocol == "-1";
  if (!all && protocol != "tcp" && protocol != "6") return;
  ListedRule rule;
  if (!all) {
    const auto from = number_in(member(p, "FromPort")), to = number_in(member(p, "ToPort"));
    if (!from || !to || *from > *to || *to > 65535)
      return into.lose("a permission whose ports are none, or whose last is below its first");
    rule.ports = PortSet(static_cast<std::uint16_t>(*from), static_cast<std::uint16_t>(*to));
  }
  std::vector<std::string> ranges;
  for (const auto& [key, field] : {std::pair{"IpRanges", "CidrIp"}, std::pair{"Ipv6Ranges", "CidrIpv6"}}) {
    for (const value& r : array_in(member(p, key))) {
      ranges.emplace_back(text_in(member(r, field)));
      if (rule.comment.empty()) rule.comment = text_in(member(r, "Description"));
    }
  }
  if (!array_in(member(p, "UserIdGroupPairs")).empty())
    into.lose("sources that are other security groups: name their networks");
  if (!array_in(member(p, "PrefixListIds")).empty()) into.lose("sources that are prefix lists: name their networks");
  rule.sources = addresses_of(ranges, into, "a permission");
  if (!rule.sources->empty()) list.add(rule);
}

// "*" is nullopt; a tag that stands for addresses nobody here knows is lost. False: nothing is left.
bool prefixes(const value& properties, std::string_view one, std::string_view many, Material& into,
              std::optional<AddressSet>& out) {
  std::vector<std::string> known;
  for (const std::string& text : texts_of(properties, one, many)) {
    if (text == "*" || ascii::iequals(text, "Any")) {
      out.reset();
      return true;
    }
    if (ascii::iequals(text, "Internet")) {
      into.lose("the tag Internet: taken as every address, the virtual network's own included");
      out.reset();
      return true;
    }
    if (ascii::is_alpha(text[0]) && text.find(':') == std::string::npos) {
      into.lose(fmt::format("the tag {}: name its networks", printable(text, 60)));
      continue;
    }
    known.push_back(text);
  }
  out = addresses_of(known, into, "a rule");
  return !out->empty();
}

struct SecurityRule {
  std::uint64_t priority = 0;
  std::size_t place = 0;
  ListedRule rule;
};

void take_security_rule(const value& outer, std::vector<SecurityRule>& out, Material& into) {
  const value* inner = member(outer, "properties");
  const value& p = inner != nullptr ? *inner : outer;
  if (!ascii::iequals(text_in(member(p, "direction")), "Inbound")) return;
  const std::string_view protocol = text_in(member(p, "protocol"));
  if (protocol != "*" && !ascii::iequals(protocol, "Tcp")) return;
  SecurityRule one;
  one.priority = number_in(member(p, "priority")).value_or(65535);
  const std::string_view access = text_in(member(p, "access"));
  if (!ascii::iequals(access, "Allow") && !ascii::iequals(access, "Deny"))
    return into.lose("a rule that neither allows nor denies");
  one.rule.action = ascii::iequals(access, "Allow") ? ListedRule::Action::allow : ListedRule::Action::drop;
  if (!prefixes(p, "sourceAddressPrefix", "sourceAddressPrefixes", into, one.rule.sources)) return;
  if (!prefixes(p, "destinationAddressPrefix", "destinationAddressPrefixes", into, one.rule.destinations)) return;
  const auto source_ports = texts_of(p, "sourcePortRange", "sourcePortRanges");
  if (!source_ports.empty() && source_ports[0] != "*") return into.lose("a rule for some source ports alone");
  std::vector<PortSet::Interval> ports;
  bool any = false;
  for (const std::string& text : texts_of(p, "destinationPortRange", "destinationPortRanges")) {
    any = any || text == "*";
    const auto set = ports_in(text);
    if (set) ports.insert(ports.end(), set->intervals().begin(), set->intervals().end());
    if (!set && text != "*") into.lose(fmt::format("\"{}\" is no port", printable(text, 40)));
  }
  if (!any) one.rule.ports = PortSet::from(std::move(ports));
  const std::string_view description = text_in(member(p, "description"));
  one.rule.comment = description.empty() ? text_in(member(outer, "name")) : description;
  one.place = out.size();
  out.push_back(std::move(one));
}

}  // namespace

Result<Material> read_aws(const std::vector<File>& files) {
  GP_TRY(const value root, parsed(files));
  Material out;
  RuleList list(out, true);
  bool found = false;
  const auto take = [&](const value& group) {
    const value* permissions = member(group, "IpPermissions");
    if (permissions == nullptr) return;
    found = true;
    for (const value& p : array_in(permissions)) take_permission(p, list, out);
  };
  take(root);
  for (const value& group : array_in(member(root, "SecurityGroups"))) take(group);
  if (root.is_array()) {
    for (const value& group : root.get_array()) take(group);
  }
  if (!found) return fail(Errc::invalid, "there are no IpPermissions in it");
  return out;
}

Result<Material> read_azure(const std::vector<File>& files) {
  GP_TRY(const value root, parsed(files));
  Material out;
  const value* rules = member(root, "securityRules");
  if (const value* p = member(root, "properties"); rules == nullptr && p != nullptr)
    rules = member(*p, "securityRules");
  if (rules == nullptr && root.is_array()) rules = &root;
  if (rules == nullptr || !rules->is_array()) return fail(Errc::invalid, "there are no securityRules in it");
  std::vector<SecurityRule> all;
  for (const value& rule : rules->get_array()) take_security_rule(rule, all, out);
  std::ranges::sort(all, {}, [](const SecurityRule& r) { return std::pair(r.priority, r.place); });
  RuleList list(out, true);
  for (const SecurityRule& rule : all) list.add(rule.rule);
  out.lose("the group's own rule that lets the virtual network in (65000)");
  return out;
}

}  // namespace gatepost::gate::importing
