#include "gate/kernel/ban_proof.hpp"

namespace gatepost::gate {
namespace {

BanAtPort judge(const Situation& s, const PortIntent& p, const AddressSet& destinations, const AddressSet& banned) {
  const Answer a = ask(s, p.port, destinations);
  BanAtPort out{BanAtPort::Kind::refused, p.port, p.service, {}};
  for (const Region& r : a.regions) {
    // Who sits on this host is never banned.
    if ((r.sources & banned).empty() || r.interfaces.minus(a.atoms.named("lo")).empty()) continue;
    const bool refused = r.fate == Fate::dropped || r.fate == Fate::refused;
    const auto kind = refused                   ? BanAtPort::Kind::refused
                      : r.fate == Fate::unknown ? BanAtPort::Kind::unknown
                                                : BanAtPort::Kind::open;
    // The worst of all ways in counts.
    const bool worse =
        kind == BanAtPort::Kind::open || (kind == BanAtPort::Kind::unknown && out.kind == BanAtPort::Kind::refused);
    if (!worse && !out.by.empty()) continue;
    out.kind = kind;
    out.by = reason(s.rules, r);
    if (kind == BanAtPort::Kind::open) break;
  }
  return out;
}

}  // namespace

std::vector<BanAtPort> prove_ban(const Situation& s, const Intent& intent, const Network& network) {
  const AddressSet loopback = set_of({*Network::parse("127.0.0.0/8"), *Network::parse("::1")});
  const AddressSet& family = network.address.is_v4() ? all_v4() : all_v6();
  const AddressSet banned = set_of(network);
  std::vector<BanAtPort> out;
  for (const PortIntent& p : intent.ports) {
    const AddressSet destinations = (p.destinations & s.host.addresses & family).minus(loopback);
    if (!destinations.empty()) out.push_back(judge(s, p, destinations, banned));
  }
  return out;
}

}  // namespace gatepost::gate
