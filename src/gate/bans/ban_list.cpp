#include "gate/bans/ban_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::gate {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr std::size_t kMaxPorts = 8, kMaxAccounts = 32;
constexpr std::size_t kManyPorts = 4;                        // of different services, without a word of their protocols
constexpr std::uint8_t kWholeAddress = 128, kCustomer = 64;  // what one IPv6 customer has at least (RFC 6177 2)
constexpr std::uint8_t kNeighbours4 = 96 + 24, kNeighbours6 = 48;
constexpr std::size_t kMaxNeighbours = 4096;  // looked at for one ban
constexpr double kNothing = 0.01;

std::string cut(std::string_view text, std::size_t most) {
  std::string out = utf8::sanitize(text.substr(0, most));
  std::ranges::replace_if(out, ascii::is_control, ' ');
  return out;
}

std::string words_for(const std::vector<Sighting>& seen, Cause cause) {
  // The sentence names what counted most.
  std::array<double, kOffences> points{};
  std::array<std::uint64_t, kOffences> times{};
  for (const Sighting& s : seen) {
    if (cause_of(s.what) != cause) continue;
    points[static_cast<std::size_t>(s.what)] += points_of(s.what) * s.count;
    times[static_cast<std::size_t>(s.what)] += s.count;
  }
  const auto most = static_cast<std::size_t>(std::ranges::max_element(points) - points.begin());
  const auto what = static_cast<Offence>(most);
  return times[most] > 1 ? fmt::format("{} ({} times)", to_string(what), times[most]) : std::string(to_string(what));
}

}  // namespace

std::size_t BanList::HashAddress::operator()(const IpAddress& a) const {
  // Who attacks chooses his own address; a flood of chosen ones meets max_watched first.
  std::uint64_t high = 0, low = 0;
  std::memcpy(&high, a.octets.data(), sizeof high);
  std::memcpy(&low, a.octets.data() + sizeof high, sizeof low);
  return static_cast<std::size_t>((high * 0x9E3779B97F4A7C15ULL) ^ (low * 0xC2B2AE3D27D4EB4FULL) ^ (low >> 29));
}

bool BanList::ByPlace::operator()(const Network& a, const Network& b) const {
  return a.address != b.address ? a.address < b.address : a.prefix < b.prefix;
}

std::string BanList::exempt(const IpAddress& address) const { return exempt(Network{address, kWholeAddress}); }

std::string BanList::exempt(const Network& network) const {
  static const std::array kLoopback{*Network::parse("127.0.0.0/8"), *Network::parse("::1")};
  for (const Network& one : kLoopback) {
    if (overlap(one, network)) return "loopback";
  }
  for (const Exemption& e : rules_.exempt) {
    for (const Network& one : e.networks) {
      if (overlap(one, network)) return fmt::format("{} ({})", e.why, one.to_string());
    }
  }
  return {};
}

double BanList::decayed(const Score& score) const {
  if (score.points == 0) return 0;
  const double passed = std::chrono::duration<double>(clock_.steady() - score.at).count();
  const double left = score.points * std::exp2(-passed / static_cast<double>(rules_.half_life.count()));
  return left < kNothing ? 0 : left;
}

double BanList::total(const Row& row) const {
  double sum = 0;
  for (const Score& score : row.scores) sum += decayed(score);
  return sum;
}

std::vector<Ban> BanList::set_rules(BanRules rules) {
  const Lock lock(mutex_);
  rules_ = std::move(rules);
  end_what_is_over();
  std::vector<Ban> ended;
  for (auto& [network, held] : bans_) {
    if (!held.active || exempt(network).empty()) continue;
    ended.push_back(held.ban);
    end(held, clock_.steady());
  }
  make_room();
  return ended;
}

BanList::Row& BanList::row_of(const IpAddress& address) {
  const IpAddress key = address.limit_key();
  const auto [at, fresh] = rows_.try_emplace(key);
  if (fresh) {
    at->second.age = ages_.insert(ages_.end(), key);
    at->second.first = address;
  } else {
    ages_.splice(ages_.end(), ages_, at->second.age);
  }
  return at->second;
}

void BanList::note_port(Row& row, const Seen& seen, Offence what) {
  const bool nobody_there = what == Offence::silent || what == Offence::foreign_protocol || what == Offence::no_tls;
  if (!nobody_there || seen.port == 0 || std::ranges::find(row.ports, seen.port) != row.ports.end()) return;
  if (row.ports.size() == kMaxPorts) row.ports.erase(row.ports.begin());
  row.ports.push_back(seen.port);
  if (row.ports.size() >= kManyPorts)
    count(row, seen, Offence::many_ports, fmt::format("{}", fmt::join(row.ports, " ")));
}

void BanList::count(Row& row, const Seen& seen, Offence what, std::string_view detail) {
  const TimePoint now = clock_.now();
  double points = points_of(what);
  if (what == Offence::pair_refused) {
    // A device that goes on with one wrong password closes one account again and again: that is one thing.
    const std::size_t name = std::hash<std::string_view>()(detail);
    if (std::ranges::find(row.accounts, name) != row.accounts.end()) {
      points = 0;
    } else {
      if (row.accounts.size() == kMaxAccounts) row.accounts.erase(row.accounts.begin());
      row.accounts.push_back(name);
    }
  }
  Score& score = row.scores[static_cast<std::size_t>(cause_of(what))];
  score = {decayed(score) + points, clock_.steady()};
  const std::string shown = cut(detail, kMaxDetailOctets);
  if (!row.seen.empty() && row.seen.back().what == what && row.seen.back().where == seen.where) {
    Sighting& last = row.seen.back();
    last.last = now;
    last.detail = shown;
    if (last.count < UINT32_MAX) ++last.count;
    return;
  }
  if (row.seen.size() == kMaxSightings) row.seen.erase(row.seen.begin());
  row.seen.push_back({now, now, what, 1, cut(seen.where, kMaxDetailOctets), shown});
}

std::vector<Ban> BanList::saw(const Seen& seen, Offence what, std::string_view detail) {
  const Lock lock(mutex_);
  if (!rules_.automatic || !exempt(seen.address).empty()) return {};
  end_what_is_over();
  Row& row = row_of(seen.address);
  row.mixed = row.mixed || row.first != seen.address;
  row.proxied = seen.proxied;
  count(row, seen, what, detail);
  note_port(row, seen, what);
  std::vector<Ban> made = judge(row, seen);
  while (rows_.size() > rules_.max_watched) {
    rows_.erase(ages_.front());
    ages_.pop_front();
  }
  return made;
}

std::vector<Ban> BanList::judge(Row& row, const Seen& seen) {
  const double points = total(row);
  if (points < rules_.points || covering(seen.address) != nullptr) return {};
  Ban ban;
  ban.network = Network{seen.address, kWholeAddress};
  if (!seen.address.is_v4() && row.mixed) {
    const Network customer = network_of(seen.address, kCustomer);
    if (exempt(customer).empty()) ban.network = customer;
  }
  std::size_t most = 0;
  for (std::size_t i = 1; i < kCauses; ++i) {
    if (decayed(row.scores[i]) > decayed(row.scores[most])) most = i;
  }
  ban.cause = static_cast<Cause>(most);
  ban.reason = words_for(row.seen, ban.cause);
  ban.daemon_only = row.proxied;
  ban.evidence = row.seen;
  ban.level = next_level(ban.network);
  const seconds length = rules_.steps.at(std::min<std::size_t>(ban.level, rules_.steps.size()) - 1);
  std::vector<Ban> made{hold(std::move(ban), length)};
  // Whoever comes back after the ban starts from nothing; but who moves on within his /64 has not left.
  row.seen.clear();
  row.accounts.clear();
  row.ports.clear();
  const bool may_move = !seen.address.is_v4() && made[0].network.prefix == kWholeAddress;
  for (Score& score : row.scores) {
    score.points = may_move ? decayed(score) * std::min(1.0, 0.95 * rules_.points / points) : 0;
    score.at = clock_.steady();
  }
  if (auto wider = ban_of_neighbours(made[0])) made.push_back(*std::move(wider));
  return made;
}

std::optional<Ban> BanList::ban_of_neighbours(const Ban& ban) {
  if (rules_.neighbours == 0) return std::nullopt;
  const Network around = network_of(ban.network.address, ban.network.address.is_v4() ? kNeighbours4 : kNeighbours6);
  if (around.prefix >= ban.network.prefix || !exempt(around).empty()) return std::nullopt;
  std::uint32_t banned = 0;
  std::size_t looked_at = 0;
  for (auto at = bans_.lower_bound(Network{around.address, 0});
       at != bans_.end() && around.contains(at->first.address) && banned < rules_.neighbours &&
       looked_at++ < kMaxNeighbours;
       ++at) {
    if (at->second.active && at->second.ban.cause != Cause::by_hand && at->first != around) ++banned;
  }
  if (banned < rules_.neighbours) return std::nullopt;
  Ban wider;
  wider.network = around;
  wider.cause = ban.cause;
  wider.reason = fmt::format("{} addresses of the network are banned", banned);
  wider.daemon_only = ban.daemon_only;
  wider.evidence = ban.evidence;
  wider.level = next_level(around);
  return hold(std::move(wider), rules_.steps.at(std::min<std::size_t>(wider.level, rules_.steps.size()) - 1));
}

std::uint32_t BanList::next_level(const Network& network) const {
  const auto at = bans_.find(network);
  if (at == bans_.end() || at->second.ban.cause == Cause::by_hand) return 1;
  const Ban& before = at->second.ban;
  const auto quiet = std::max(clock_.now() - before.until, TimePoint::duration(0));
  const auto back = static_cast<std::uint64_t>(duration_cast<seconds>(quiet).count()) /
                    static_cast<std::uint64_t>(std::max<std::int64_t>(1, rules_.calm.count()));
  return before.level > back ? std::min<std::uint32_t>(before.level - static_cast<std::uint32_t>(back), 1000) + 1 : 1;
}

// Takes the place of what was held of the network.
Ban BanList::hold(Ban ban, seconds length) {
  if (const auto before = bans_.find(ban.network); before != bans_.end()) {
    if (before->second.active) end(before->second, clock_.steady());
    history_.erase(before->second.place);
    bans_.erase(before);
  }
  ban.since = clock_.now();
  ban.until = ban.since + length;
  const auto place = ends_.emplace(clock_.steady() + length, ban.network);
  ++prefixes_[ban.network.prefix];
  ++active_;
  bans_.emplace(ban.network, Held{ban, true, place});
  make_room();
  return ban;
}

void BanList::end(Held& held, SteadyPoint at) {
  if (!held.active) return;
  const Network network = held.ban.network;
  ends_.erase(held.place);
  --prefixes_[network.prefix];
  --active_;
  held.active = false;
  // It ended now, perhaps before its time: the steps back begin.
  held.ban.until = std::min(held.ban.until, clock_.now());
  held.place = history_.emplace(at + rules_.calm * std::min<std::uint32_t>(held.ban.level, 1000), network);
}

void BanList::forget(Bans::iterator at) {
  end(at->second, clock_.steady());
  history_.erase(at->second.place);
  forgotten_.push_back(at->first);
  bans_.erase(at);
}

void BanList::end_what_is_over() {
  const SteadyPoint now = clock_.steady();
  while (!ends_.empty() && ends_.begin()->first <= now) {
    const SteadyPoint at = ends_.begin()->first;
    end(bans_.at(ends_.begin()->second), at);
  }
  while (!history_.empty() && history_.begin()->first <= now) forget(bans_.find(history_.begin()->second));
}

// What ended goes first, then what ends first.
void BanList::make_room() {
  while (bans_.size() > rules_.max_bans) {
    const Network network = history_.empty() ? ends_.begin()->second : history_.begin()->second;
    forget(bans_.find(network));
  }
}

void BanList::forgive(const IpAddress& address, Offence what, std::size_t times) {
  if (times == 0) return;
  const Lock lock(mutex_);
  const auto at = rows_.find(address.limit_key());
  if (at == rows_.end()) return;
  Score& score = at->second.scores[static_cast<std::size_t>(cause_of(what))];
  score = {std::max(0.0, decayed(score) - points_of(what) * static_cast<double>(times)), clock_.steady()};
  if (total(at->second) > 0) return;
  ages_.erase(at->second.age);
  rows_.erase(at);
}

const BanList::Held* BanList::covering(const IpAddress& address) const {
  const SteadyPoint now = clock_.steady();
  for (std::size_t prefix = 0; prefix < prefixes_.size(); ++prefix) {
    if (prefixes_[prefix] == 0) continue;
    const auto at = bans_.find(network_of(address, static_cast<std::uint8_t>(prefix)));
    if (at != bans_.end() && at->second.active && at->second.place->first > now) return &at->second;
  }
  return nullptr;
}

bool BanList::refuses(const IpAddress& address) const {
  if (active_.load(std::memory_order_relaxed) == 0) return false;
  const SharedLock lock(mutex_);
  return covering(address) != nullptr && exempt(address).empty();
}

Standing BanList::standing_of(const IpAddress& address) const {
  const SharedLock lock(mutex_);
  Standing out;
  out.limit = rules_.points;
  out.exempt = exempt(address);
  if (const Held* held = covering(address); held != nullptr && out.exempt.empty()) out.ban = held->ban;
  if (const auto row = rows_.find(address.limit_key()); row != rows_.end()) {
    out.points = total(row->second);
    out.seen = row->second.seen;
  }
  for (const std::uint8_t prefix : {kWholeAddress, kCustomer, kNeighbours4, kNeighbours6}) {
    if (address.is_v4() && prefix < 96) continue;
    const auto at = bans_.find(network_of(address, prefix));
    const bool over = at != bans_.end() && (!at->second.active || at->second.place->first <= clock_.steady());
    if (over && (!out.before || at->second.ban.until > out.before->until)) out.before = at->second.ban;
  }
  return out;
}

Result<Ban> BanList::add(const Network& network, seconds length, std::string_view reason) {
  if (!is_bannable(network)) {
    return fail(Errc::invalid, "a ban is of one address, a /24 of IPv4, or a /64 or /48 of IPv6");
  }
  if (length.count() <= 0) return fail(Errc::invalid, "a ban lasts for some time");
  const Lock lock(mutex_);
  if (const std::string why = exempt(network); !why.empty()) {
    return fail(Errc::denied, fmt::format("{} is never banned: {}", network.to_string(), why));
  }
  end_what_is_over();
  Ban ban;
  ban.network = network;
  ban.reason = reason.empty() ? std::string(to_string(Offence::by_hand)) : cut(reason, kMaxReasonOctets);
  return hold(std::move(ban), length);
}

std::vector<Ban> BanList::lift(const IpAddress& address) {
  const Lock lock(mutex_);
  end_what_is_over();
  std::vector<Ban> ended;
  for (std::size_t prefix = 0; prefix < prefixes_.size(); ++prefix) {
    const auto at = bans_.find(network_of(address, static_cast<std::uint8_t>(prefix)));
    if (at == bans_.end()) continue;
    if (at->second.active) ended.push_back(at->second.ban);
    forget(at);
  }
  if (const auto row = rows_.find(address.limit_key()); row != rows_.end()) {
    ages_.erase(row->second.age);
    rows_.erase(row);
  }
  return ended;
}

std::vector<Ban> BanList::lift(const Network& network) {
  const Lock lock(mutex_);
  end_what_is_over();
  const auto at = bans_.find(network);
  if (at == bans_.end() || !at->second.active) return {};
  std::vector<Ban> ended{at->second.ban};
  forget(at);
  return ended;
}

std::vector<Ban> BanList::bans() const {
  const SharedLock lock(mutex_);
  const SteadyPoint now = clock_.steady();
  std::vector<Ban> out;
  for (const auto& [network, held] : bans_) {
    if (held.active && held.place->first > now) out.push_back(held.ban);
  }
  return out;
}

std::size_t BanList::watched() const {
  const SharedLock lock(mutex_);
  return rows_.size();
}

void BanList::restore(Ban ban) {
  const Lock lock(mutex_);
  if (!is_bannable(ban.network) || bans_.contains(ban.network)) return;
  const TimePoint now = clock_.now();
  const auto whole = std::max(ban.until - ban.since, TimePoint::duration(0));
  const auto left = std::min(whole, ban.until - now);
  if (left <= TimePoint::duration(0) || !exempt(ban.network).empty()) {
    const auto quiet = std::max(now - ban.until, TimePoint::duration(0));
    const SteadyPoint forget_at = clock_.steady() + rules_.calm * std::min<std::uint32_t>(ban.level, 1000) -
                                  duration_cast<SteadyPoint::duration>(quiet);
    const auto place = history_.emplace(forget_at, ban.network);
    const Network network = ban.network;
    bans_.emplace(network, Held{std::move(ban), false, place});
  } else {
    ban.until = now + left;
    const auto place = ends_.emplace(clock_.steady() + duration_cast<SteadyPoint::duration>(left), ban.network);
    ++prefixes_[ban.network.prefix];
    ++active_;
    const Network network = ban.network;
    bans_.emplace(network, Held{std::move(ban), true, place});
  }
  make_room();
}

std::vector<Network> BanList::forgotten() {
  const Lock lock(mutex_);
  end_what_is_over();
  return std::exchange(forgotten_, {});
}

}  // namespace gatepost::gate
