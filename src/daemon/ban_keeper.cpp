#include "daemon/ban_keeper.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/date.hpp"
#include "daemon/events.hpp"
#include "gate/helper/client.hpp"
#include "store/keys.hpp"

namespace gatepost::daemon {
namespace {

using gate::Ban;
using gate::Offence;
using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr seconds kBansReadTime{60};
constexpr std::size_t kBansAtOnce = 1000;
constexpr std::size_t kMostWrites = 1000;  // in one commit
constexpr int kAttempts = 4;
// The firewall forgets a ban after a month at the latest; those that last longer are told again.
constexpr std::chrono::hours kRefill{24 * 7};

std::optional<Offence> offence_of(runtime::Conduct what) {
  switch (what) {
    case runtime::Conduct::silent:
      return Offence::silent;
    case runtime::Conduct::foreign_protocol:
      return Offence::foreign_protocol;
    case runtime::Conduct::no_tls:
      return Offence::no_tls;
    case runtime::Conduct::early_talk:
      return Offence::early_talk;
    case runtime::Conduct::bad_commands:
      return Offence::bad_commands;
    case runtime::Conduct::bad_request:
      return Offence::bad_request;
    case runtime::Conduct::unknown_recipient:
      return Offence::unknown_recipient;
    case runtime::Conduct::known_recipient:
      break;
  }
  return std::nullopt;
}

std::string_view label_of(gate::Cause cause) {
  return cause == gate::Cause::by_hand ? std::string_view("by-hand") : to_string(cause);
}

}  // namespace

BanKeeper::BanKeeper(Parts parts, gate::BanRules rules)
    : keys_(parts.keys),
      clock_(parts.clock),
      log_(parts.log),
      end_connections_(std::move(parts.end_connections)),
      helper_(std::move(parts.helper)),
      refused_(parts.metrics.counter("gatepost_banned_connections_total", "",
                                     "Connections of banned addresses, closed without a banner.")),
      list_(std::move(rules), parts.clock) {
  for (std::uint8_t i = 0; i < gate::kCauses; ++i) {
    made_[i] = &parts.metrics.counter(
        "gatepost_bans_made_total", fmt::format("cause=\"{}\"", label_of(*gate::cause_numbered(i))), "Bans, by cause.");
  }
  enforcement_.why_not = helper_ ? "the firewall was not asked yet" : std::move(parts.why_no_helper);
}

BanKeeper::~BanKeeper() { stop(); }

void BanKeeper::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

Result<> BanKeeper::start() {
  GP_TRY(const auto snapshot, keys_.snapshot(store::kBanPartition, kBansReadTime));
  version_ = snapshot->version();
  std::size_t broken = 0;
  std::string why;
  GP_CHECK(snapshot->scan("", "", false, kBansAtOnce, [&](store::Entry row) {
    auto ban = gate::decode_ban(row.key, row.value);
    if (ban) {
      list_.restore(*std::move(ban));
    } else {
      ++broken;
      why = ban.error().detail;
    }
    return true;
  }));
  if (broken != 0) log_.write(event::kBanUnreadable, {{"count", broken}, {"detail", why}});
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  return {};
}

void BanKeeper::set_rules(gate::BanRules rules) { end(list_.set_rules(std::move(rules))); }

void BanKeeper::saw(const runtime::Peer& peer, runtime::Conduct what, std::string_view detail) {
  const auto offence = offence_of(what);
  if (!offence) return list_.forgive(peer.remote.address, Offence::unknown_recipient, 1);
  begin(list_.saw({peer.remote.address, peer.listener, peer.local.port, peer.proxied}, *offence, detail));
}

void BanKeeper::heard(const directory::SignInNews& news) {
  using Kind = directory::SignInNews::Kind;
  const gate::Seen seen{news.context.remote, news.context.service, 0, news.context.proxied};
  switch (news.kind) {
    case Kind::wrong_password:
      return begin(list_.saw(seen, Offence::wrong_password, news.name));
    case Kind::unknown_name:
      return begin(list_.saw(seen, Offence::unknown_name, news.name));
    case Kind::pair_refused:
      return begin(list_.saw(seen, Offence::pair_refused, news.name));
    case Kind::address_refused:
      return begin(list_.saw(seen, Offence::address_refused, news.name));
    case Kind::succeeded:
      return list_.forgive(news.context.remote, Offence::wrong_password, news.count);
  }
}

bool BanKeeper::refuses(const IpAddress& peer) {
  if (!list_.refuses(peer)) return false;
  refused_.add();
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    ++unlogged_;
    const SteadyPoint now = clock_.steady();
    if (refusal_logged_ != SteadyPoint{} && now - refusal_logged_ < seconds(1)) return true;
    refusal_logged_ = now;
    count = std::exchange(unlogged_, 0);
  }
  log_.write(event::kBanRefused, {{"remote", peer.to_string()}, {"count", count}});
  return true;
}

Result<Ban> BanKeeper::add(const Network& network, seconds length, std::string_view reason) {
  GP_TRY(Ban ban, list_.add(network, length, reason));
  begin({ban});
  wait_until_told();
  return ban;
}

std::vector<Ban> BanKeeper::lift(const IpAddress& address) {
  auto lifted = list_.lift(address);
  end(lifted);
  wait_until_told();
  return lifted;
}

std::vector<Ban> BanKeeper::lift(const Network& network) {
  auto lifted = list_.lift(network);
  end(lifted);
  wait_until_told();
  return lifted;
}

gate::Enforcement BanKeeper::enforcement() const {
  const std::lock_guard lock(mutex_);
  return enforcement_;
}

void BanKeeper::begin(const std::vector<Ban>& bans) {
  std::vector<Job> jobs;
  for (const Ban& ban : bans) {
    made_[static_cast<std::size_t>(ban.cause)]->add();
    log_.write(event::kBanMade, {{"network", ban.network.to_string()},
                                 {"cause", to_string(ban.cause)},
                                 {"reason", ban.reason},
                                 {"until", date::format_rfc3339(ban.until)},
                                 {"level", ban.level}});
    if (end_connections_) end_connections_(ban.network);
    jobs.push_back({ban, false});
  }
  enqueue(std::move(jobs));
}

void BanKeeper::end(const std::vector<Ban>& bans) {
  std::vector<Job> jobs;
  for (const Ban& ban : bans) {
    log_.write(event::kBanLifted, {{"network", ban.network.to_string()}, {"reason", ban.reason}});
    jobs.push_back({ban, true});
  }
  enqueue(std::move(jobs));
}

void BanKeeper::enqueue(std::vector<Job> jobs) {
  if (jobs.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    asked_ += jobs.size();
    std::ranges::move(jobs, std::back_inserter(jobs_));
  }
  wake_.notify_all();
}

// An administrator wants to see the outcome, not a promise; but not for long.
void BanKeeper::wait_until_told() {
  constexpr seconds kPatience{3};
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, kPatience, [&, asked = asked_] { return done_ >= asked; });
}

gate::Enforcement BanKeeper::look(bool refill) {
  constexpr seconds kPatience{5};
  std::unique_lock lock(mutex_);
  refill_ = refill_ || refill;
  const std::uint64_t mine = ++looks_asked_;
  wake_.notify_all();
  if (thread_.joinable()) wake_.wait_for(lock, kPatience, [&] { return looks_done_ >= mine; });
  return enforcement_;
}

// --- the thread ---------------------------------------------------------------------------------------------------

void BanKeeper::work(std::stop_token stop) {
  look_at_firewall();
  while (true) {
    std::vector<Job> jobs;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, kRound, [&] { return !jobs_.empty() || looks_asked_ > looks_done_; });
      jobs = std::exchange(jobs_, {});
    }
    tell_firewall(jobs);
    keep(jobs);
    {
      const std::lock_guard lock(mutex_);
      done_ += jobs.size();
    }
    wake_.notify_all();
    if (stop.stop_requested()) return end_looks();
    look_as_asked();
  }
}

void BanKeeper::end_looks() {
  {
    const std::lock_guard lock(mutex_);
    looks_done_ = UINT64_MAX;
  }
  wake_.notify_all();
}

void BanKeeper::look_as_asked() {
  std::uint64_t asked = 0;
  {
    const std::lock_guard lock(mutex_);
    asked = looks_asked_;
    if (std::exchange(refill_, false)) sets_.reset();
  }
  look_at_firewall();
  {
    const std::lock_guard lock(mutex_);
    looks_done_ = asked;
  }
  wake_.notify_all();
}

void BanKeeper::keep(const std::vector<Job>& jobs) {
  std::vector<store::Write> writes;
  if (std::exchange(keep_all_, false)) {
    for (const Ban& ban : list_.bans()) writes.push_back({gate::ban_key(ban.network), encode(ban)});
  }
  for (const Network& network : list_.forgotten()) writes.push_back({gate::ban_key(network), std::nullopt});
  for (const Job& job : jobs) {
    writes.push_back({gate::ban_key(job.ban.network), job.ends ? std::nullopt : std::optional(gate::encode(job.ban))});
  }
  if (const Result<> kept = write(writes); !kept) {
    keep_all_ = true;
    log_.write(event::kBanNotKept, {{"code", to_string(kept.error().code)}, {"detail", kept.error().detail}});
  }
}

// In order, so that what was said last of a network stays.
Result<> BanKeeper::write(const std::vector<store::Write>& writes) {
  for (std::size_t at = 0; at < writes.size();) {
    const std::size_t end = std::min(writes.size(), at + kMostWrites);
    store::Batch batch;
    batch.writes.assign(writes.begin() + static_cast<std::ptrdiff_t>(at),
                        writes.begin() + static_cast<std::ptrdiff_t>(end));
    for (int attempt = 0;; ++attempt) {
      const auto done = keys_.commit(store::kBanPartition, version_, batch);
      if (done) {
        version_ = *done;
        break;
      }
      if (done.error().code != Errc::conflict || attempt == kAttempts) return std::unexpected(done.error());
      GP_TRY(version_, keys_.version(store::kBanPartition));
    }
    at = end;
  }
  return {};
}

Result<> BanKeeper::put(const Ban& ban) {
  const auto left = duration_cast<seconds>(ban.until - clock_.now());
  if (ban.daemon_only || left.count() < 1) return {};
  return helper_->put(ban.network, left + seconds(1));
}

void BanKeeper::tell_firewall(const std::vector<Job>& jobs) {
  if (!helper_) return;
  for (const Job& job : jobs) {
    if (job.ends) lifted_.push_back(job.ban.network);
  }
  if (!sets_) return look_at_firewall();
  for (const Job& job : jobs) {
    if (job.ends) continue;
    if (const Result<> told = put(job.ban); !told) {
      sets_.reset();  // all of it again, once that is possible
      return note(told);
    }
  }
  if (const Result<> told = take_out(); !told) {
    sets_.reset();
    note(told);
  }
}

// What was lifted while no helper answered is not forgotten: the kernel would go on refusing it.
Result<> BanKeeper::take_out() {
  const std::vector<Ban> now = lifted_.empty() ? std::vector<Ban>() : list_.bans();
  while (!lifted_.empty()) {
    const bool again = std::ranges::find(now, lifted_.back(), &Ban::network) != now.end();
    if (!again) GP_CHECK(helper_->remove(lifted_.back()));
    lifted_.pop_back();
  }
  return {};
}

// The sets may be made anew under us, empty: by another revision of the rules, a rollback, a boot's restore.
void BanKeeper::look_at_firewall() {
  if (!helper_) return;
  const auto which = helper_->which();
  if (!which) {
    sets_.reset();
    if (which.error().code == Errc::not_found) lifted_.clear();  // nothing is left to be taken out of
    return note(std::unexpected(which.error()));
  }
  if (const Result<> told = take_out(); !told) {
    sets_.reset();
    return note(told);
  }
  const SteadyPoint now = clock_.steady();
  if (sets_ == *which && now - filled_ < kRefill) return;
  for (const Ban& ban : list_.bans()) {
    if (const Result<> told = put(ban); !told) {
      sets_.reset();
      return note(told);
    }
  }
  sets_ = *which;
  filled_ = now;
  note({});
}

void BanKeeper::note(const Result<>& firewall) {
  const gate::Enforcement now{firewall.has_value(), firewall ? std::string() : firewall.error().detail};
  {
    const std::lock_guard lock(mutex_);
    if (now.firewall == enforcement_.firewall && now.why_not == enforcement_.why_not) return;
    enforcement_ = now;
  }
  log_.write(event::kBanFirewall, {{"firewall", now.firewall ? "on" : "off"}, {"detail", now.why_not}});
}

}  // namespace gatepost::daemon
