#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/import/readers.hpp"
#include "gate/import/xml.hpp"
#include "gate/ruleset/address_text.hpp"

// firewalld.zone(5), firewalld.ipset(5), firewalld.richlanguage(5).
namespace gatepost::gate::importing {
namespace {

// Services that firewalld brings along and that have to do with a mail server, with their TCP ports.
constexpr std::pair<std::string_view, std::uint16_t> kServices[] = {
    {"smtp", 25},         {"smtps", 465}, {"smtp-submission", 587}, {"imap", 143}, {"imaps", 993}, {"pop3", 110},
    {"pop3s", 995},       {"http", 80},   {"https", 443},           {"ldap", 389}, {"ldaps", 636}, {"ssh", 22},
    {"managesieve", 4190}};

struct Zone {
  explicit Zone(Material& into) : material(into) {}
  Material& material;
  std::map<std::string, AddressSet, std::less<>> ipsets;

  std::optional<AddressSet> source_of(const Element& e, std::string_view family, const std::string& where) {
    AddressSet set;
    if (const auto name = e.attribute("ipset"); !name.empty()) {
      const auto at = ipsets.find(name);
      if (at == ipsets.end()) {
        material.lose(fmt::format("{}: the ipset {} was not given: import its file, too", where, name));
        return std::nullopt;
      }
      set = at->second;
    } else if (const auto address = e.attribute("address"); !address.empty()) {
      set = addresses_of({std::string(address)}, material, where);
      if (set.empty()) return std::nullopt;
    } else {
      material.lose(fmt::format("{}: a source that is no address (mac, or none)", where));
      return std::nullopt;
    }
    if (family == "ipv4") set = set & all_v4();
    if (family == "ipv6") set = set & all_v6();
    if (const auto inverted = e.attribute("invert"); inverted == "true" || inverted == "yes") {
      const bool v4 = !(set & all_v4()).empty();
      set = (v4 ? all_v4() : all_v6()).minus(set);
    }
    return set;
  }

  // The TCP ports of a <service>, <port> or nothing of these; nullopt: none that counts here.
  std::optional<PortSet> ports_of(const Element& e) {
    if (e.name == "service") {
      for (const auto& [name, port] : kServices) {
        if (e.attribute("name") == name) return PortSet::of(port);
      }
      material.lose(fmt::format("the service {}: which ports it has is not known here", e.attribute("name")));
      return std::nullopt;
    }
    if (e.attribute("protocol") != "tcp") return std::nullopt;
    auto ports = gate::ports_in(e.attribute("port"));
    if (!ports) material.lose(fmt::format("\"{}\" is no port", e.attribute("port")));
    return ports;
  }
};

struct Rich {
  ListedRule rule;
  long priority = 0;
  std::size_t place = 0;
  bool denies() const { return rule.action != ListedRule::Action::allow; }
};

std::optional<Rich> rich_of(const Element& e, Zone& zone) {
  Rich out;
  const std::string_view family = e.attribute("family");
  const std::string_view priority = e.attribute("priority");
  if (!priority.empty()) {
    const bool below = priority[0] == '-';
    const auto number = number_of_digits(priority.substr(below ? 1 : 0), 32768);
    if (!number) return std::nullopt;
    out.priority = below ? -static_cast<long>(*number) : static_cast<long>(*number);
  }
  if (family == "ipv4") out.rule.sources = all_v4();
  if (family == "ipv6") out.rule.sources = all_v6();
  bool decides = false;
  for (const Element& c : e.children) {
    if (c.name == "source" || c.name == "destination") {
      const auto set = zone.source_of(c, family, "a rich rule");
      if (!set) return std::nullopt;
      (c.name == "source" ? out.rule.sources : out.rule.destinations) = *set;
    } else if (c.name == "service" || c.name == "port") {
      const auto ports = zone.ports_of(c);
      if (!ports) return std::nullopt;
      out.rule.ports = *ports;
    } else if (c.name == "accept" || c.name == "reject" || c.name == "drop") {
      decides = true;
      out.rule.action = c.name == "accept" ? ListedRule::Action::allow
                        : c.name == "drop" ? ListedRule::Action::drop
                                           : ListedRule::Action::reject;
      if (c.child("limit") != nullptr)
        zone.material.lose("a limit of a rich rule: it counts all sources together, a listener's counts each");
    } else if (c.name != "log" && c.name != "audit" && c.name != "nflog") {
      zone.material.lose(fmt::format("a rich rule with <{}>", c.name));
      return std::nullopt;
    }
  }
  if (!decides) return std::nullopt;
  return out;
}

}  // namespace

Result<Material> read_firewalld(const std::vector<File>& files) {
  Material out;
  Zone zone(out);
  std::optional<Element> root;
  for (const File& file : files) {
    GP_TRY(Element e, parse_xml(file.text));
    if (e.name == "ipset") {
      std::vector<std::string> entries;
      for (const Element& entry : e.children) {
        if (entry.name == "entry") entries.emplace_back(ascii::trim(entry.text));
      }
      zone.ipsets[file.name.substr(0, file.name.rfind('.'))] = addresses_of(entries, out, file.name);
    } else if (e.name == "zone" && !root) {
      root = std::move(e);
    } else {
      return fail(Errc::invalid, e.name == "zone" ? "one zone at a time" : "neither a zone nor an ipset");
    }
  }
  if (!root) return fail(Errc::invalid, "there is no zone in it");
  // A zone with sources is theirs; without, it is that of an interface, and everybody's there.
  std::optional<AddressSet> whose;
  std::vector<ListedRule> plain;
  std::vector<Rich> rich;
  for (const Element& e : root->children) {
    if (e.name == "source") {
      const auto set = zone.source_of(e, "", "a source of the zone");
      whose = (whose ? *whose : AddressSet()) | (set ? *set : AddressSet());
    } else if (e.name == "service" || e.name == "port") {
      if (const auto ports = zone.ports_of(e)) plain.push_back({.ports = *ports});
    } else if (e.name == "rule") {
      auto one = rich_of(e, zone);
      if (!one) continue;
      one->place = rich.size();
      rich.push_back(*std::move(one));
    } else if (e.name == "forward-port" || e.name == "masquerade" || e.name == "source-port" || e.name == "protocol") {
      out.lose(fmt::format("<{}> of the zone", e.name));
    }
  }
  const std::string_view target = root->attribute("target");
  RuleList list(out, !(target == "ACCEPT" && !whose));
  // Rich rules of a priority below 0 come first and those above 0 last; within one, what denies before what allows.
  std::ranges::sort(rich, {}, [](const Rich& r) { return std::tuple(r.priority, !r.denies(), r.place); });
  const auto add = [&](ListedRule rule) {
    if (whose) rule.sources = rule.sources ? *rule.sources & *whose : *whose;
    list.add(rule);
  };
  const auto add_rich = [&](auto&& wanted) {
    for (const Rich& r : rich) {
      if (wanted(r)) add(r.rule);
    }
  };
  add_rich([](const Rich& r) { return r.priority < 0 || (r.priority == 0 && r.denies()); });
  add_rich([](const Rich& r) { return r.priority == 0 && !r.denies(); });
  for (const ListedRule& rule : plain) add(rule);
  add_rich([](const Rich& r) { return r.priority > 0; });
  if (target == "ACCEPT" && whose) add({});
  if (whose) out.lose("the zone is for its sources alone: who comes from elsewhere meets another zone");
  return out;
}

}  // namespace gatepost::gate::importing
