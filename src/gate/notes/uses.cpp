#include "gate/notes/uses.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "gate/notes/json_values.hpp"

namespace gatepost::gate::notes {
namespace {

namespace json = boost::json;

// The first address of its /24, or of its /64.
IpAddress network_of(const IpAddress& address) {
  IpAddress out = address.limit_key();
  if (address.is_v4()) out.octets[15] = 0;
  return out;
}
Network shown(const IpAddress& first) { return {first, static_cast<std::uint8_t>(first.is_v4() ? 96 + 24 : 64)}; }

std::string text_in(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

}  // namespace

void Uses::opened(std::string_view listener, const IpAddress& from) {
  const TimePoint now = clock_.now();
  const Lock lock(mutex_);
  auto at = listeners_.find(listener);
  if (at == listeners_.end()) {
    if (listeners_.size() >= kListeners) return;
    at = listeners_.emplace(std::string(listener), Listener{now, false, 0, {}}).first;
  }
  Listener& l = at->second;
  ++l.connections;
  const IpAddress network = network_of(from);
  const auto known = l.networks.find(network);
  if (known == l.networks.end() && l.networks.size() >= kNetworks) {
    l.more = true;
    return;
  }
  Counter& counter = known == l.networks.end() ? l.networks[network] : known->second;
  ++counter.connections;
  counter.last = now;
}

std::vector<Uses::OfListener> Uses::all() const {
  std::vector<OfListener> out;
  const Lock lock(mutex_);
  for (const auto& [name, l] : listeners_) {
    OfListener one{name, l.since, l.more, l.connections, {}};
    for (const auto& [network, counter] : l.networks)
      one.uses.push_back({shown(network), counter.connections, counter.last});
    out.push_back(std::move(one));
  }
  return out;
}

void Uses::restore(const std::vector<OfListener>& kept) {
  const Lock lock(mutex_);
  for (const OfListener& one : kept) {
    if (listeners_.size() >= kListeners) return;
    Listener& l = listeners_[one.listener];
    l.since = one.since;
    l.more = one.more || one.uses.size() > kNetworks;
    l.connections = one.connections;
    for (const Use& use : one.uses) {
      if (l.networks.size() >= kNetworks) break;
      l.networks[network_of(use.network.address)] = {use.connections, use.last};
    }
  }
}

std::string to_json(const std::vector<Uses::OfListener>& all) {
  json::array out;
  for (const Uses::OfListener& one : all) {
    json::array uses;
    for (const Uses::Use& use : one.uses) {
      uses.push_back(json::object{{"network", use.network.to_string()},
                                  {"connections", use.connections},
                                  {"last", date::format_rfc3339(use.last)}});
    }
    out.push_back(json::object{{"listener", one.listener},
                               {"since", date::format_rfc3339(one.since)},
                               {"more", one.more},
                               {"connections", one.connections},
                               {"uses", std::move(uses)}});
  }
  return json::serialize(out);
}

Result<std::vector<Uses::OfListener>> uses_from_json(std::string_view text) {
  boost::system::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  if (error || !root.is_array()) return fail(Errc::invalid, "no counts of use");
  std::vector<Uses::OfListener> out;
  for (const json::value& value : root.get_array()) {
    const json::object* o = value.if_object();
    const auto since = o == nullptr ? std::nullopt : date::parse_rfc3339(text_in(*o, "since"));
    if (!since || out.size() >= Uses::kListeners) continue;
    Uses::OfListener one{text_in(*o, "listener"), *since, false, number_in(*o, "connections"), {}};
    if (const json::value* more = o->if_contains("more")) one.more = more->is_bool() && more->get_bool();
    const json::value* uses = o->if_contains("uses");
    if (uses != nullptr && uses->is_array()) {
      for (const json::value& use : uses->get_array()) {
        const json::object* u = use.if_object();
        const auto network = u == nullptr ? std::nullopt : Network::parse(text_in(*u, "network"));
        const auto last = u == nullptr ? std::nullopt : date::parse_rfc3339(text_in(*u, "last"));
        if (network && last) one.uses.push_back({*network, number_in(*u, "connections"), *last});
      }
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace gatepost::gate::notes
