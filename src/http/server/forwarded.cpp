#include "http/server/forwarded.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/ascii.hpp"

namespace gatepost::http::server {
namespace {

// node of RFC 7239 6: an address, IPv6 in brackets, perhaps with a port. nullopt: "unknown", or a hidden name.
std::optional<IpAddress> address_of(std::string_view node) {
  node = ascii::trim(node);
  if (node.size() >= 2 && node.starts_with('"') && node.ends_with('"')) node = node.substr(1, node.size() - 2);
  if (node.starts_with('[')) return IpAddress::parse(node.substr(1, std::min(node.find(']'), node.size()) - 1));
  if (const auto whole = IpAddress::parse(node)) return whole;
  return IpAddress::parse(node.substr(0, node.rfind(':')));
}

struct Hop {
  std::optional<IpAddress> client;
  std::optional<bool> secure;
};

// forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )
Hop hop_of(std::string_view element) {
  Hop out;
  for (const std::string_view pair : ascii::split(element, ';')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = ascii::trim(pair.substr(0, equals));
    std::string_view value = ascii::trim(pair.substr(equals + 1));
    if (ascii::iequals(name, "for")) out.client = address_of(value);
    if (ascii::iequals(name, "proto")) {
      if (value.starts_with('"') && value.size() >= 2) value = value.substr(1, value.size() - 2);
      out.secure = ascii::iequals(value, "https");
    }
  }
  return out;
}

}  // namespace

Forwarded read_forwarded(const Fields& fields, const std::vector<Network>& trusted, const IpAddress& peer) {
  Forwarded out{peer, std::nullopt};
  const bool standard = fields.has("forwarded");
  const std::string all = fields.combined(standard ? "forwarded" : "x-forwarded-for", ",");
  if (all.empty()) return out;
  std::vector<std::string_view> hops = ascii::split(all, ',');
  std::ranges::reverse(hops);
  for (const std::string_view text : hops) {
    Hop hop;
    if (standard) {
      hop = hop_of(text);
    } else {
      hop.client = address_of(text);
    }
    if (!hop.client) break;
    out.client = *hop.client;
    if (hop.secure) out.secure = hop.secure;
    if (!contains(trusted, out.client)) break;
  }
  if (!standard) {
    if (const auto proto = fields.find("x-forwarded-proto")) out.secure = ascii::iequals(*proto, "https");
  }
  return out;
}

}  // namespace gatepost::http::server
