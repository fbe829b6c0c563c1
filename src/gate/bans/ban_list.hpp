#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "gate/bans/ban.hpp"

namespace gatepost::gate {

// Networks that are never banned, and why.
struct Exemption {
  std::string why;  // "[bans] never"
  std::vector<Network> networks;
  bool operator==(const Exemption&) const = default;
};

struct BanRules {
  bool automatic = true;                       // false: administrators' bans alone
  double points = 100;                         // that are a ban
  std::chrono::seconds half_life{3600};        // after which half of them are forgotten
  std::vector<std::chrono::seconds> steps = {  // the first ban, the second, ...; the last one repeats
      std::chrono::minutes(15), std::chrono::hours(1), std::chrono::hours(6), std::chrono::hours(24)};
  std::chrono::seconds calm{std::chrono::hours(24)};  // after a ban's end; each takes one step back
  std::uint32_t neighbours = 0;                       // so many banned at once in a /24 (IPv6: /48) ban it; 0: never
  std::vector<Exemption> exempt;
  std::size_t max_watched = 20'000;  // addresses with something held against them
  std::size_t max_bans = 50'000;     // remembered ones, those that ended included
};

// Where something was seen.
struct Seen {
  IpAddress address;
  std::string_view where;  // the listener
  std::uint16_t port = 0;
  bool proxied = false;  // the address is what a proxy said
};

// What is known of an address.
struct Standing {
  std::optional<Ban> ban;  // in force
  std::string exempt;      // why it is never banned; empty: it may be
  double points = 0, limit = 0;
  std::vector<Sighting> seen;  // since the last ban
  std::optional<Ban> before;   // the last one that ended, as far as remembered
};

// Who may not connect, and what leads there. Addresses are watched alone for IPv4 and by /64 for IPv6, where a ban is
// of one address as long as all was seen of this one, and of the /64 as soon as a second one has part in it. Memory is
// bounded: what was quiet longest is forgotten first. Thread-safe; microseconds.
class BanList {
 public:
  BanList(BanRules rules, const Clock& clock) : clock_(clock), rules_(std::move(rules)) {}
  // Bans that the new exemptions end.
  std::vector<Ban> set_rules(BanRules rules) GP_EXCLUDES(mutex_);

  // Counts it; the bans it brought about (a network's beside the address's).
  std::vector<Ban> saw(const Seen& seen, Offence what, std::string_view detail = {}) GP_EXCLUDES(mutex_);
  // Takes `count` times the points of `what` back: what is behind them turned out to be a slip.
  void forgive(const IpAddress& address, Offence what, std::size_t count) GP_EXCLUDES(mutex_);

  // Whether `address` may not connect now. No lock while nobody is banned.
  bool refuses(const IpAddress& address) const GP_EXCLUDES(mutex_);
  // All that can be said of it: the answer to "why is ADDRESS refused?".
  Standing standing_of(const IpAddress& address) const GP_EXCLUDES(mutex_);

  // An administrator's. Errc::denied: it has to do with what is never banned; the detail names it. Errc::invalid: a
  // network of a size that is not banned.
  Result<Ban> add(const Network& network, std::chrono::seconds length, std::string_view reason) GP_EXCLUDES(mutex_);
  // Ends every ban `address` is in, and forgets what is held against it. Those that were in force.
  std::vector<Ban> lift(const IpAddress& address) GP_EXCLUDES(mutex_);
  // Ends the ban of exactly this network.
  std::vector<Ban> lift(const Network& network) GP_EXCLUDES(mutex_);

  std::vector<Ban> bans() const GP_EXCLUDES(mutex_);  // in force, by address
  std::size_t size() const { return active_.load(std::memory_order_relaxed); }
  std::size_t watched() const GP_EXCLUDES(mutex_);

  // From the store, at the start. A ban lasts no longer from now than it was to last from its beginning, whatever the
  // clock did meanwhile.
  void restore(Ban ban) GP_EXCLUDES(mutex_);
  // Networks nothing is remembered of any more, since the call before: their records may go.
  std::vector<Network> forgotten() GP_EXCLUDES(mutex_);

 private:
  struct Score {
    double points = 0;
    SteadyPoint at{};
  };
  struct Row {
    std::array<Score, kCauses> scores;
    IpAddress first;     // of an IPv6 /64: whom all was seen of so far
    bool mixed = false;  // ... or another one, too
    bool proxied = false;
    std::vector<std::uint16_t> ports;   // whose protocol was not spoken
    std::vector<std::size_t> accounts;  // hashes of names the limits closed
    std::vector<Sighting> seen;
    std::list<IpAddress>::iterator age;
  };
  struct Held {
    Ban ban;
    bool active = false;
    std::multimap<SteadyPoint, Network>::iterator place;  // in ends_ while active, else in history_
  };
  struct HashAddress {
    std::size_t operator()(const IpAddress& a) const;
  };
  struct ByPlace {
    bool operator()(const Network& a, const Network& b) const;
  };
  using Bans = std::map<Network, Held, ByPlace>;

  std::string exempt(const IpAddress& address) const GP_REQUIRES_SHARED(mutex_);
  std::string exempt(const Network& network) const GP_REQUIRES_SHARED(mutex_);
  const Held* covering(const IpAddress& address) const GP_REQUIRES_SHARED(mutex_);
  Row& row_of(const IpAddress& address) GP_REQUIRES(mutex_);
  double decayed(const Score& score) const GP_REQUIRES_SHARED(mutex_);
  double total(const Row& row) const GP_REQUIRES_SHARED(mutex_);
  void count(Row& row, const Seen& seen, Offence what, std::string_view detail) GP_REQUIRES(mutex_);
  void note_port(Row& row, const Seen& seen, Offence what) GP_REQUIRES(mutex_);
  std::vector<Ban> judge(Row& row, const Seen& seen) GP_REQUIRES(mutex_);
  Ban hold(Ban ban, std::chrono::seconds length) GP_REQUIRES(mutex_);
  std::uint32_t next_level(const Network& network) const GP_REQUIRES_SHARED(mutex_);
  std::optional<Ban> ban_of_neighbours(const Ban& ban) GP_REQUIRES(mutex_);
  void end(Held& held, SteadyPoint at) GP_REQUIRES(mutex_);
  void end_what_is_over() GP_REQUIRES(mutex_);
  void forget(Bans::iterator at) GP_REQUIRES(mutex_);
  void make_room() GP_REQUIRES(mutex_);

  const Clock& clock_;
  mutable SharedMutex mutex_;
  BanRules rules_ GP_GUARDED_BY(mutex_);
  std::unordered_map<IpAddress, Row, HashAddress> rows_ GP_GUARDED_BY(mutex_);
  std::list<IpAddress> ages_ GP_GUARDED_BY(mutex_);  // of rows_, the last seen at the end
  Bans bans_ GP_GUARDED_BY(mutex_);
  std::multimap<SteadyPoint, Network> ends_ GP_GUARDED_BY(mutex_);     // of bans in force
  std::multimap<SteadyPoint, Network> history_ GP_GUARDED_BY(mutex_);  // when the others may be forgotten
  std::array<std::uint32_t, 129> prefixes_ GP_GUARDED_BY(mutex_){};    // how many bans in force have which
  std::vector<Network> forgotten_ GP_GUARDED_BY(mutex_);
  std::atomic<std::size_t> active_{0};
};

}  // namespace gatepost::gate
