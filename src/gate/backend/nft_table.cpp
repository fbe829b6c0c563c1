#include "gate/backend/nft_table.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/digest.hpp"
#include "gate/bans/ban_set.hpp"

namespace gatepost::gate {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

// What a person sees beside a rule: gp:<service>:<why>.
std::string note(std::string_view service, std::string_view why) {
  return fmt::format(" comment \"gp:{}:{}\"", service, why);
}

std::vector<std::string> elements_of(const AddressSet& set, const std::string& suffix) {
  std::vector<std::string> out;
  for (const auto& i : set.intervals()) {
    const std::vector<Network> networks = networks_of(AddressSet(i.lo, i.hi));
    std::string text = networks.size() == 1
                           ? networks[0].to_string()
                           : fmt::format("{}-{}", address_of(i.lo).to_string(), address_of(i.hi).to_string());
    out.push_back(text + suffix);
  }
  return out;
}

class Writer {
 public:
  Writer(const Intent& intent, TimePoint now) : intent_(intent), now_(now) {}

  NftTable write(std::uint64_t revision) {
    table_.chains.push_back({marker_name({revision, intent_.hash()}), "", {}});
    const bool host = intent_.scope == config::Gate::Scope::host;
    NftChain input{
        "input", fmt::format("type filter hook input priority filter; policy {};", host ? "drop" : "accept"), {}};
    bans(input);
    input.rules.push_back("ct state { established, related } accept" + note("all", "established"));
    if (host) host_begin(input);
    for (const PortIntent& p : intent_.ports) port(p, input);
    if (host)
      input.rules.push_back(log("host", "default")), input.rules.push_back("counter drop" + note("host", "default"));
    table_.chains.push_back(std::move(input));
    if (!intent_.egress_user.empty()) egress();
    return std::move(table_);
  }

 private:
  // Before everything that accepts: who is banned loses his open connections, too. Our ports alone, so that a ban never
  // keeps an administrator from the host.
  void bans(NftChain& input) {
    for (const BanSet& set : kBanSets) {
      table_.sets.push_back(
          {std::string(set.name),
           {fmt::format("type ipv{}_addr", set.v4 ? "4" : "6"), fmt::format("size {}", kBanSetSize), "flags timeout"},
           {},
           true});
    }
    std::set<std::uint16_t> ports;
    for (const PortIntent& p : intent_.ports) ports.insert(p.port);
    if (ports.empty()) return;
    NftChain chain{"banned", "", {}};
    for (const BanSet& set : kBanSets) {
      chain.rules.push_back(fmt::format("{} @{} counter drop", set.match, set.name) + note("ban", set.name));
    }
    table_.chains.push_back(std::move(chain));
    input.rules.push_back(fmt::format("tcp dport {{ {} }} jump banned", fmt::join(ports, ", ")) + note("ban", "check"));
  }

  std::string log(std::string_view service, std::string_view why) const {
    std::string out = fmt::format("limit rate 5/second burst 20 packets log prefix \"gp:{}:{} \"", service, why);
    if (intent_.log_group != 0) out += fmt::format(" group {}", intent_.log_group);
    return out + note(service, std::string(why) + "-log");
  }

  void host_begin(NftChain& input) {
    input.rules.push_back("ct state invalid drop" + note("host", "invalid"));
    input.rules.push_back("iifname \"lo\" accept" + note("host", "loopback"));
    // RFC 4890 4.4 names what IPv6 does not work without; for IPv4 the errors and echo.
    input.rules.push_back(
        "icmp type { destination-unreachable, time-exceeded, parameter-problem, echo-request } accept" +
        note("host", "icmp"));
    input.rules.push_back(
        "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, "
        "mld-listener-query, mld-listener-report, mld-listener-done, nd-router-solicit, nd-router-advert, "
        "nd-neighbor-solicit, nd-neighbor-advert, ind-neighbor-solicit, ind-neighbor-advert } accept" +
        note("host", "icmpv6"));
    input.rules.push_back("udp sport 67 udp dport 68 accept" + note("host", "dhcp"));
    input.rules.push_back("udp sport 547 udp dport 546 accept" + note("host", "dhcpv6"));
    for (const auto& [which, family, word] : {std::tuple{&all_v4(), "4", "ip"}, std::tuple{&all_v6(), "6", "ip6"}}) {
      const AddressSet part = intent_.management & *which;
      if (part.empty() || intent_.management_ports.empty()) continue;
      const std::string name = add_set("management", family, part);
      input.rules.push_back(
          fmt::format("{} saddr @{} tcp dport {{ {} }} accept", word, name, fmt::join(intent_.management_ports, ", ")) +
          note("host", "management"));
    }
  }

  // A set's name ends in a digest of what it holds, so sets of one name never differ: nft compares the elements a batch
  // adds with those the kernel has, even when the batch removes these first.
  std::string add_set(const std::string& stem, std::string_view family, const AddressSet& addresses,
                      TimePoint until = {}) {
    std::string suffix;
    if (until != TimePoint{}) {
      // The kernel forgets it by itself. nft reads eight digits at most, which is three years: one that lasts longer is
      // due again with the next change, or found by an audit.
      constexpr seconds kMost(99'999'999);
      const auto left = std::clamp(duration_cast<seconds>(until - now_), seconds(1), kMost);
      suffix = fmt::format(" timeout {}s", left.count());
    }
    const std::string content =
        fmt::format("{} {}", until.time_since_epoch().count(), fmt::join(elements_of(addresses, ""), " "));
    const Sha256Value digest = sha256(content);
    const std::string name = fmt::format("{}-{}-{:02x}{:02x}{:02x}", stem, family, digest[0], digest[1], digest[2]);
    NftSet set{name, {fmt::format("type ipv{}_addr", family), "flags interval"}, elements_of(addresses, suffix), false};
    if (!suffix.empty()) set.properties[1] = "flags interval,timeout";
    table_.sets.push_back(std::move(set));
    return name;
  }

  // Leads packets to the port's own addresses to its chain.
  void dispatch(const PortIntent& p, NftChain& input) {
    const std::string target = fmt::format("tcp dport {} goto port-{}", p.port, p.service) + note(p.service, "port");
    const bool v4 = p.destinations.contains(all_v4()), v6 = p.destinations.contains(all_v6());
    if (v4 && v6) {
      input.rules.push_back(target);
      return;
    }
    for (const auto& [which, word, proto] :
         {std::tuple{&all_v4(), "ip", "ipv4"}, std::tuple{&all_v6(), "ip6", "ipv6"}}) {
      const AddressSet part = p.destinations & *which;
      if (part.empty()) continue;
      if (part == *which) {
        input.rules.push_back(fmt::format("meta nfproto {} {}", proto, target));
      } else {
        input.rules.push_back(
            fmt::format("{} daddr {{ {} }} {}", word, fmt::join(elements_of(part, ""), ", "), target));
      }
    }
  }

  void port(const PortIntent& p, NftChain& input) {
    dispatch(p, input);
    NftChain chain{fmt::format("port-{}", p.service), "", {}};
    const std::string go = fmt::format("goto open-{}", p.service);
    for (const Opening& o : p.openings) opening(p, o, go, chain);
    if (p.openings.size() != 1 || p.openings[0].sources != AddressSet::all()) {
      if (p.log != config::GateLog::none) chain.rules.push_back(log(p.service, "default"));
      chain.rules.push_back("counter drop" + note(p.service, "default"));
    }
    if (!p.openings.empty()) table_.chains.push_back(open_chain(p));
    table_.chains.push_back(std::move(chain));
  }

  void opening(const PortIntent& p, const Opening& o, const std::string& go, NftChain& chain) {
    if (o.sources == AddressSet::all()) {
      chain.rules.push_back(go + note(p.service, o.why));
      return;
    }
    for (const auto& [which, family, word, proto] :
         {std::tuple{&all_v4(), "4", "ip", "ipv4"}, std::tuple{&all_v6(), "6", "ip6", "ipv6"}}) {
      const AddressSet part = o.sources & *which;
      if (part.empty()) continue;
      if (part == *which && o.until == TimePoint{}) {
        chain.rules.push_back(fmt::format("meta nfproto {} {}", proto, go) + note(p.service, o.why));
        continue;
      }
      const std::string name = add_set(fmt::format("{}-{}", p.service, o.why), family, part, o.until);
      chain.rules.push_back(fmt::format("{} saddr @{} {}", word, name, go) + note(p.service, o.why));
    }
  }

  // The chain that says of a packet over a limit that it is dropped, and drops it. A rule of its own for each: the
  // limit of the log must not let the packet pass.
  std::string over_limit(const PortIntent& p, std::string_view limit) {
    NftChain chain{fmt::format("{}-{}", limit, p.service), "", {}};
    if (std::ranges::find(table_.chains, chain.name, &NftChain::name) == table_.chains.end()) {
      if (p.log != config::GateLog::none) chain.rules.push_back(log(p.service, limit));
      chain.rules.push_back("counter drop" + note(p.service, limit));
      table_.chains.push_back(chain);
    }
    return chain.name;
  }

  NftChain open_chain(const PortIntent& p) {
    NftChain chain{fmt::format("open-{}", p.service), "", {}};
    if (p.per_minute != 0) {
      // By address, IPv6 by /64, as the daemon itself counts.
      for (const auto& [family, key] :
           {std::pair{"4", "ip saddr"}, std::pair{"6", "ip6 saddr and ffff:ffff:ffff:ffff::"}}) {
        const std::string name = fmt::format("{}-rate-{}", p.service, family);
        table_.sets.push_back(
            {name,
             {fmt::format("type ipv{}_addr", family), "size 65535", "flags dynamic,timeout", "timeout 2m"},
             {},
             true});
        chain.rules.push_back(fmt::format("add @{} {{ {} limit rate over {}/minute burst {} packets }} goto {}", name,
                                          key, p.per_minute, p.per_minute, over_limit(p, "rate")) +
                              note(p.service, "over-rate"));
      }
    }
    if (p.max_connections != 0) {
      chain.rules.push_back(fmt::format("ct count over {} goto {}", p.max_connections, over_limit(p, "connections")) +
                            note(p.service, "over-connections"));
    }
    if (p.log == config::GateLog::all) chain.rules.push_back(log(p.service, "open"));
    chain.rules.push_back("counter accept" + note(p.service, "open"));
    return chain;
  }

  void egress() {
    NftChain output{"output", "type filter hook output priority filter; policy accept;", {}};
    output.rules.push_back(fmt::format("meta skuid != \"{}\" accept", intent_.egress_user) + note("egress", "others"));
    output.rules.push_back("ct state { established, related } accept" + note("egress", "established"));
    output.rules.push_back("oifname \"lo\" accept" + note("egress", "loopback"));
    for (const EgressIntent& e : intent_.egress) {
      for (const auto& [on, protocol] : {std::pair{e.udp, "udp"}, std::pair{e.tcp, "tcp"}}) {
        if (!on) continue;
        if (e.to == AddressSet::all()) {
          output.rules.push_back(fmt::format("{} dport {} accept", protocol, e.port) + note("egress", e.purpose));
          continue;
        }
        for (const auto& [which, word] : {std::pair{&all_v4(), "ip"}, std::pair{&all_v6(), "ip6"}}) {
          const AddressSet part = e.to & *which;
          if (part.empty()) continue;
          output.rules.push_back(fmt::format("{} daddr {{ {} }} {} dport {} accept", word,
                                             fmt::join(elements_of(part, ""), ", "), protocol, e.port) +
                                 note("egress", e.purpose));
        }
      }
    }
    output.rules.push_back(log("egress", "default"));
    output.rules.push_back("counter reject" + note("egress", "default"));
    table_.chains.push_back(std::move(output));
  }

  const Intent& intent_;
  const TimePoint now_;
  NftTable table_;
};

}  // namespace

std::string NftSet::text() const {
  std::string out = fmt::format("\tset {} {{\n", name);
  for (const std::string& p : properties) out += fmt::format("\t\t{}\n", p);
  if (!elements.empty()) out += fmt::format("\t\telements = {{ {} }}\n", fmt::join(elements, ",\n\t\t\t     "));
  return out + "\t}\n\n";
}

std::string NftTable::text() const {
  std::string out = fmt::format("table {} {{\n", kTable);
  for (const NftSet& set : sets) out += set.text();
  for (const NftChain& chain : chains) {
    out += fmt::format("\tchain {} {{\n", chain.name);
    if (!chain.base.empty()) out += fmt::format("\t\t{}\n", chain.base);
    for (const std::string& rule : chain.rules) out += fmt::format("\t\t{}\n", rule);
    out += "\t}\n\n";
  }
  return out + "}\n";
}

NftTable nft_table(const Intent& intent, std::uint64_t revision, TimePoint now) {
  return Writer(intent, now).write(revision);
}

std::string marker_name(const Marker& m) { return fmt::format("revision-{}-{}", m.revision, m.hash); }

std::optional<Marker> parse_marker(std::string_view name) {
  const auto words = ascii::split(name, '-');
  if (words.size() != 3 || words[0] != "revision" || words[2].size() != 16) return std::nullopt;
  Marker out;
  const auto [end, error] = std::from_chars(words[1].data(), words[1].data() + words[1].size(), out.revision);
  if (error != std::errc() || end != words[1].data() + words[1].size()) return std::nullopt;
  out.hash = words[2];
  return out;
}

}  // namespace gatepost::gate
