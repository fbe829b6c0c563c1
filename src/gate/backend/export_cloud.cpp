#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gate/backend/export_lines.hpp"

// Windows, clouds and clusters: lists of what is allowed.
namespace gatepost::gate::exporting {
namespace {

namespace json = boost::json;

// PowerShell: within single quotes, a quote is doubled. Typographic quotes end such a text, too, and Windows PowerShell
// reads a file without a mark as one of the system's code page: letters beyond ASCII are left out.
std::string ps(std::string_view text) {
  std::string out = "'";
  bool beyond = false;
  for (const char c : text) {
    const bool plain = c >= ' ' && c <= '~';
    if (plain) out += c == '\'' ? std::string("''") : std::string(1, c);
    if (!plain && !beyond) out += '?';  // one for each run
    beyond = !plain;
  }
  return out + "'";
}

// Text of people for a cloud's description field: its letters are few.
std::string plain(std::string_view text, std::size_t most) {
  std::string out;
  for (const char c : text.substr(0, most)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view(" ._-:/()#,@[]+=&;!$*").find(c) != std::string_view::npos;
    out.push_back(good ? c : '_');
  }
  return out;
}

std::vector<std::string> texts(const std::vector<Network>& networks, bool with_prefix) {
  std::vector<std::string> out;
  for (const Network& n : networks) {
    std::string text = n.to_string();
    if (with_prefix && text.find('/') == std::string::npos) text += n.address.is_v4() ? "/32" : "/128";
    out.push_back(std::move(text));
  }
  return out;
}

// A whole family is written as a range: not every product takes a prefix of no bits.
std::vector<std::string> ranges(const AddressSet& set) {
  std::vector<std::string> out;
  for (const AddressSet* family : {&all_v4(), &all_v6()}) {
    const AddressSet part = set & *family;
    if (part == *family && family == &all_v4()) {
      out.push_back(ps("0.0.0.0-255.255.255.255"));
    } else if (part == *family) {
      out.push_back(ps("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
    } else {
      for (const std::string& one : texts(networks_of(part), false)) out.push_back(ps(one));
    }
  }
  return out;
}

std::string pretty(const json::value& v, int depth = 0) {
  const std::string pad(static_cast<std::size_t>(depth) * 2 + 2, ' '), end(static_cast<std::size_t>(depth) * 2, ' ');
  std::string out;
  if (v.is_object() && !v.get_object().empty()) {
    for (const auto& [key, value] : v.get_object()) {
      out += fmt::format("{}{}{}: {}", out.empty() ? "{\n" : ",\n", pad, json::serialize(json::string(key)),
                         pretty(value, depth + 1));
    }
    return out + "\n" + end + "}";
  }
  if (v.is_array() && !v.get_array().empty()) {
    for (const auto& value : v.get_array()) out += (out.empty() ? "[\n" : ",\n") + pad + pretty(value, depth + 1);
    return out + "\n" + end + "]";
  }
  return json::serialize(v);
}

}  // namespace

// New-NetFirewallRule of the NetSecurity module. What no rule allows is blocked by the profile's default.
Export windows(const Intent& intent, TimePoint) {
  Export out;
  out.losses = losses(intent, {.product = "Windows Defender Firewall", .destinations = true, .logging = true});
  std::string& t = out.text;
  t = commented(out.losses) + "Remove-NetFirewallRule -Group 'Gatepost' -ErrorAction SilentlyContinue\n";
  for (const PortIntent& p : intent.ports) {
    for (const Opening& o : p.openings) {
      // A rule is for both families unless its addresses say otherwise.
      AddressSet families;
      for (const AddressSet* family : {&all_v4(), &all_v6()}) {
        if (!(p.destinations & *family).empty()) families = families | *family;
      }
      const AddressSet from = o.sources & families;
      if (from.empty()) continue;
      const std::string remote = from == AddressSet::all() ? "Any" : fmt::format("@({})", fmt::join(ranges(from), ","));
      std::string local;
      if (!p.destinations.contains(all_v4()) && !p.destinations.contains(all_v6())) {
        std::vector<std::string> all;
        for (const std::string& one : texts(networks_of(p.destinations), false)) all.push_back(ps(one));
        local = fmt::format(" -LocalAddress @({})", fmt::join(all, ","));
      }
      t += fmt::format(
          "New-NetFirewallRule -Group 'Gatepost' -DisplayName {} -Description {} -Direction Inbound -Protocol TCP "
          "-LocalPort {}{} -RemoteAddress {} -Action Allow -Profile Any\n",
          ps(fmt::format("gp:{}:{}", p.service, o.why)), ps(p.reason), p.port, local, remote);
    }
  }
  const bool logs = std::ranges::any_of(intent.ports, [](const auto& p) { return p.log != config::GateLog::none; });
  t += fmt::format("Set-NetFirewallProfile -All -DefaultInboundAction Block{}\n", logs ? " -LogBlocked True" : "");
  return out;
}

// IpPermission of the EC2 API. JSON has no comments, so the losses stand beside it.
Export aws(const Intent& intent, TimePoint) {
  Export out;
  out.losses = losses(intent, {.product = "AWS security groups", .host_scope = true});
  json::array permissions;
  std::size_t rules4 = 0, rules6 = 0;  // counted apart, as the quota is
  for (const PortIntent& p : intent.ports) {
    json::array v4, v6;
    for (const Opening& o : p.openings) {
      const std::string description = plain(fmt::format("gp:{}:{} {}", p.service, o.why, p.reason), 255);
      for (const Network& n : networks_of(o.sources)) {
        const std::string text = texts({n}, true)[0];
        ++(n.address.is_v4() && n.prefix >= 96 ? rules4 : rules6);
        if (n.address.is_v4() && n.prefix >= 96) {
          v4.push_back(json::object{{"CidrIp", text}, {"Description", description}});
        } else {
          v6.push_back(json::object{{"CidrIpv6", text}, {"Description", description}});
        }
      }
    }
    if (v4.empty() && v6.empty()) continue;
    permissions.push_back(json::object{
        {"IpProtocol", "tcp"}, {"FromPort", p.port}, {"ToPort", p.port}, {"IpRanges", v4}, {"Ipv6Ranges", v6}});
  }
  if (const std::size_t most = std::max(rules4, rules6); most > 60)
    out.losses.push_back(
        fmt::format("{} rules of one family: a group takes 60 unless raised; use prefix lists for long ones", most));
  out.text = pretty(json::object{{"GroupId", "sg-REPLACE"}, {"IpPermissions", permissions}}) + "\n";
  return out;
}

// securityRules of Microsoft.Network/networkSecurityGroups. The group's own rules deny the rest at 65500.
Export azure(const Intent& intent, TimePoint) {
  Export out;
  out.losses = losses(intent, {.product = "Azure network security groups", .destinations = true, .host_scope = true});
  json::array rules;
  int priority = 100;
  const auto prefixes = [](const AddressSet& set, json::object& properties, const char* one, const char* many) {
    if (set == AddressSet::all() || (set.contains(all_v4()) && set.contains(all_v6()))) {
      properties[one] = "*";
      return;
    }
    json::array all;
    for (const std::string& text : texts(networks_of(set), true)) all.emplace_back(text);
    properties[many] = std::move(all);
  };
  // A rule's prefixes are of one family.
  for (const bool v6 : {false, true}) {
    for (const Line& line : by_family(intent, v6)) {
      const AddressSet& family = v6 ? all_v6() : all_v4();
      json::object properties{{"description", plain(line.port->reason, 140)},
                              {"priority", priority},
                              {"direction", "Inbound"},
                              {"access", "Allow"},
                              {"protocol", "Tcp"},
                              {"sourcePortRange", "*"},
                              {"destinationPortRange", std::to_string(line.port->port)}};
      prefixes(line.opening->sources & family, properties, "sourceAddressPrefix", "sourceAddressPrefixes");
      prefixes(line.port->destinations & family, properties, "destinationAddressPrefix", "destinationAddressPrefixes");
      rules.push_back(
          json::object{{"name", fmt::format("gp-{}-{}-{}", line.port->service, line.opening->why, v6 ? 6 : 4)},
                       {"properties", std::move(properties)}});
      priority += 10;
    }
  }
  if (priority > 4096) out.losses.push_back("more rules than priorities (100 to 4096): take networks together");
  out.losses.push_back(
      "the group's rule AllowVnetInBound (65000) lets the virtual network in; deny it if that is too wide");
  out.text = pretty(json::object{{"securityRules", rules}}) + "\n";
  return out;
}

// networking.k8s.io/v1 NetworkPolicy
Export kubernetes(const Intent& intent, TimePoint) {
  Export out;
  out.losses = losses(intent, {.product = "Kubernetes NetworkPolicy", .host_scope = true});
  out.losses.push_back("behind a Service, sources are seen only with externalTrafficPolicy: Local");
  std::string& t = out.text;
  t = commented(out.losses) +
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: gatepost\nspec:\n  podSelector:\n"
      "    matchLabels:\n      app: gatepost\n  policyTypes:\n    - Ingress\n  ingress:";
  bool any = false;
  for (const PortIntent& p : intent.ports) {
    for (const Opening& o : p.openings) {
      t += fmt::format("\n    # gp:{}:{}\n    - ports:\n        - protocol: TCP\n          port: {}", p.service, o.why,
                       p.port);
      any = true;
      if (o.sources == AddressSet::all()) continue;
      t += "\n      from:";
      for (const std::string& text : texts(networks_of(o.sources), true))
        t += fmt::format("\n        - ipBlock:\n            cidr: \"{}\"", text);
    }
  }
  t += any ? "\n" : " []\n";
  return out;
}

}  // namespace gatepost::gate::exporting
