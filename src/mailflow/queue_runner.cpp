#include "mailflow/queue_runner.hpp"

#include <map>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "mailflow/bounce.hpp"
#include "mailflow/events.hpp"
#include "mailflow/header_edit.hpp"
#include "mailflow/local_delivery.hpp"
#include "mailflow/slots.hpp"
#include "runtime/timer.hpp"

namespace gatepost::mailflow {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kLongestSleep{60};  // the wall clock may be set while we sleep
// Entries in hand for one that is being sent: those of busy destinations wait for their turn in memory.
constexpr std::size_t kInHandPerSlot = 20;
// Nobody at a destination could be reached: others that want to go there do not try so soon after. Those that have
// heard of it already do, since their time has come or the admin wants it.
constexpr std::chrono::seconds kUnreachableFor{60};

class Runner final : public QueueRunner {
 public:
  Runner(RunnerOptions options, Queue& queue, account::Accounts& accounts, Reception& reception, RemoteDelivery& remote,
         runtime::Workers& workers, const Clock& clock, Log& log, Metrics& metrics)
      : options_(std::move(options)),
        queue_(queue),
        accounts_(accounts),
        reception_(reception),
        remote_(remote),
        workers_(workers),
        clock_(clock),
        log_(log),
        slots_(std::max<std::size_t>(options_.concurrent, 1), std::max<std::size_t>(options_.concurrent_per_domain, 1)),
        delivered_(metrics.counter("gatepost_queue_delivered_total", "", "Queued destinations that were reached.")),
        deferred_(metrics.counter("gatepost_queue_deferred_total", "", "Attempts that failed for the time being.")),
        bounced_(metrics.counter("gatepost_queue_bounced_total", "", "Destinations that were given up.")) {}

  ~Runner() override { queue_.on_change(nullptr); }

  runtime::Task<> run() override {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto alarm = std::make_shared<runtime::Alarm>(executor);
    set_alarm(alarm);
    // Outlives this runner if a change is just being announced.
    queue_.on_change([alarm] { alarm->ring(); });
    while (!stopping_) {
      start_due(executor);
      const auto sleep = time_to_next();
      co_await alarm->wait(sleep);
    }
    slots_.close();
    while (!in_flight_.empty()) co_await alarm->wait(std::chrono::seconds(1));
    queue_.on_change(nullptr);
    set_alarm(nullptr);
  }

  void stop() override {
    stopping_ = true;
    wake();
  }

  void wake() override {
    const std::scoped_lock lock(alarm_mutex_);
    if (alarm_) alarm_->ring();
  }

 private:
  void set_alarm(std::shared_ptr<runtime::Alarm> alarm) {
    const std::scoped_lock lock(alarm_mutex_);
    alarm_ = std::move(alarm);
  }

  std::size_t most_in_hand() const { return kInHandPerSlot * std::max<std::size_t>(options_.concurrent, 1); }

  std::chrono::steady_clock::duration time_to_next() {
    if (in_flight_.size() >= most_in_hand()) return kLongestSleep;
    const auto now = clock_.now();
    for (const auto& due : queue_.due_until(now + kLongestSleep, in_flight_.size() + 1)) {
      if (!in_flight_.contains(due.id)) return std::max(due.due - now, TimePoint::duration::zero());
    }
    return kLongestSleep;
  }

  void start_due(const asio::any_io_executor& executor) {
    for (const auto& due : queue_.due_until(clock_.now(), most_in_hand())) {
      if (in_flight_.size() >= most_in_hand()) break;
      if (!in_flight_.insert(due.id).second) continue;
      asio::co_spawn(executor, process(due.id), asio::detached);
    }
  }

  runtime::Task<> process(QueueId id) {
    bool settled = false;
    try {
      settled = co_await work_entry(id);
    } catch (const std::exception& e) {
      log_.write(event::kQueueProblem, {{"id", to_string(id)}, {"detail", e.what()}});
    }
    // An entry that cannot be read or written now stays in flight for a while, or it would be tried again at once, for
    // ever.
    for (int second = 0; !settled && second < 30 && !stopping_; ++second) {
      co_await runtime::sleep_for(std::chrono::seconds(1));
    }
    in_flight_.erase(id);
    wake();
  }

  // False: the store failed; what was delivered may be delivered again (local ones are not: they are idempotent).
  runtime::Task<bool> work_entry(QueueId id) {
    auto read = [this, id] { return queue_.start(id); };
    Result<QueueEntry> entry = co_await workers_.run(read);
    if (!entry) {
      if (entry.error().code == Errc::not_found) co_return true;
      log_.write(event::kQueueProblem, {{"id", to_string(id)}, {"detail", entry.error().detail}});
      co_return false;
    }
    auto local = [this, &entry] { deliver_locals(*entry); };
    co_await workers_.run(local);
    co_await deliver_remotes(*entry);
    auto settle_it = [this, &entry] { return settle(*entry); };
    const Result<> settled = co_await workers_.run(settle_it);
    if (settled || settled.error().code == Errc::not_found) co_return true;
    log_.write(event::kQueueProblem, {{"id", to_string(id)}, {"detail", settled.error().detail}});
    co_return false;
  }

  void deliver_locals(QueueEntry& entry) {
    for (auto& recipient : entry.recipients) {
      if (!recipient.account || recipient.status != RecipientState::Status::waiting) continue;
      const Result<Delivered> done = reception_.deliver_here(entry, recipient, entry.created, true);
      if (done && !done->refusal.empty()) {
        mark(entry, recipient, AttemptResult::Outcome::failed, done->refusal, "");
      } else if (done) {
        mark(entry, recipient, AttemptResult::Outcome::delivered, "250 2.1.5 delivered", "");
      } else {
        const bool full = done.error().code == Errc::over_quota;
        mark(entry, recipient, full ? AttemptResult::Outcome::failed : AttemptResult::Outcome::try_later,
             full ? "552 5.2.2 mailbox is full" : "451 4.3.0 " + std::string(gatepost::to_string(done.error().code)),
             "");
      }
    }
  }

  // Destinations do not wait for each other.
  runtime::Task<> deliver_remotes(QueueEntry& entry) {
    std::map<std::string, std::vector<std::size_t>, std::less<>> by_domain;
    for (std::size_t i = 0; i < entry.recipients.size(); ++i) {
      const auto& r = entry.recipients[i];
      if (r.account || r.status != RecipientState::Status::waiting) continue;
      by_domain[ascii::to_lower(r.address.substr(r.address.rfind('@') + 1))].push_back(i);
    }
    if (by_domain.empty()) co_return;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto fan = std::make_shared<Fan>(executor, by_domain.size());
    for (auto& [domain, recipients] : by_domain) {
      Attempt attempt{&entry, domain, std::move(recipients)};
      asio::co_spawn(executor, deliver_to_domain(entry, std::move(attempt), fan), asio::detached);
    }
    while (fan->left != 0) co_await fan->alarm.wait(std::chrono::hours(1));
  }

  // What waits for the destinations of one entry; shared by their tasks.
  struct Fan {
    Fan(const asio::any_io_executor& executor, std::size_t count) : alarm(executor), left(count) {}
    runtime::Alarm alarm;
    std::size_t left;
  };

  // `entry` waits for the end of this.
  runtime::Task<> deliver_to_domain(QueueEntry& entry, Attempt attempt, std::shared_ptr<Fan> fan) {
    const std::string domain = attempt.domain;
    const bool may = co_await slots_.take(domain);
    if (may) {
      try {
        co_await attempt_remote(entry, std::move(attempt));
      } catch (const std::exception& e) {
        log_.write(event::kQueueProblem, {{"id", to_string(entry.id)}, {"detail", e.what()}});
      }
      slots_.give_back(domain);
    }
    --fan->left;
    fan->alarm.ring();
  }

  runtime::Task<> attempt_remote(QueueEntry& entry, Attempt attempt) {
    const std::string domain = attempt.domain;
    const std::string* const reply = unreachable(domain);
    if (reply != nullptr && entry.recipients.at(attempt.recipients.front()).last_reply != *reply) {
      for (const std::size_t i : attempt.recipients) {
        mark(entry, entry.recipients.at(i), AttemptResult::Outcome::try_later, *reply, "");
      }
      co_return;
    }
    const AttemptResult result = co_await remote_.attempt(std::move(attempt));
    bool reached = false;
    for (const auto& one : result.recipients) {
      reached = reached || one.outcome != AttemptResult::Outcome::try_later || !one.host.empty();
      mark(entry, entry.recipients.at(one.recipient), one.outcome, one.reply, one.host);
      entry.recipients.at(one.recipient).passed_on = one.reports;
    }
    if (reached || result.recipients.empty()) {
      unreachable_.erase(domain);
    } else {
      note_unreachable(domain, result.recipients.front().reply);
    }
  }

  // What the last attempt in vain said, if that was a moment ago.
  const std::string* unreachable(const std::string& domain) const {
    const auto at = unreachable_.find(domain);
    return at == unreachable_.end() || at->second.until <= clock_.steady() ? nullptr : &at->second.reply;
  }
  void note_unreachable(const std::string& domain, std::string reply) {
    const SteadyPoint now = clock_.steady();
    std::erase_if(unreachable_, [now](const auto& one) { return one.second.until <= now; });
    unreachable_[domain] = {now + kUnreachableFor, std::move(reply)};
  }

  // Thread-safe: only touches the entry, the log and counters.
  void mark(const QueueEntry& entry, RecipientState& recipient, AttemptResult::Outcome outcome,
            const std::string& reply, const std::string& host) {
    recipient.last_reply = reply;
    recipient.last_host = host;
    const auto write = [&](const Event& event) {
      log_.write(event, {{"id", to_string(entry.id)}, {"to", recipient.address}, {"host", host}, {"reply", reply}});
    };
    switch (outcome) {
      case AttemptResult::Outcome::delivered:
        recipient.status = RecipientState::Status::delivered;
        delivered_.add();
        return write(event::kDelivered);
      case AttemptResult::Outcome::failed:
        recipient.status = RecipientState::Status::failed;
        return;
      case AttemptResult::Outcome::try_later:
        deferred_.add();
        return write(event::kDeferred);
    }
  }

  // On a worker: bounces what failed, schedules what waits, removes what is done. Whatever fails here, what was
  // delivered is noted, so that nobody gets it twice.
  Result<> settle(QueueEntry& entry) {
    const TimePoint now = clock_.now();
    const bool expired = now - entry.created >= lifetime(entry);
    std::vector<RecipientState> failed, waiting, done;
    for (auto& recipient : entry.recipients) {
      const bool expanded = recipient.status == RecipientState::Status::expanded;
      if (expanded || recipient.status == RecipientState::Status::delivered) {
        // RFC 3461 5.2.2, 5.2.3: a server that reports itself tells what becomes of it.
        if (recipient.dsn.success() && !recipient.passed_on) done.push_back(recipient);
        continue;
      }
      // A stop may come before an attempt was made: it does not expire by that.
      if (recipient.status == RecipientState::Status::failed || (expired && !stopping_)) {
        recipient.status = RecipientState::Status::failed;
        failed.push_back(recipient);
      } else {
        waiting.push_back(recipient);
      }
    }
    if (!done.empty()) {
      const Result<> told = notify(Notice::success, entry, done, now);
      if (!told) {
        log_.write(event::kQueueProblem, {{"id", to_string(entry.id)}, {"detail", told.error().detail}});
        if (!expired) waiting.insert(waiting.end(), done.begin(), done.end());  // told in the next round
      }
    }
    if (!failed.empty()) {
      const Result<> told = notify(Notice::failed, entry, failed, now);
      if (!told) {
        log_.write(event::kQueueProblem, {{"id", to_string(entry.id)}, {"detail", told.error().detail}});
        waiting.insert(waiting.end(), failed.begin(), failed.end());  // told in the next round
      }
    }
    return waiting.empty() ? queue_.remove(entry.id) : reschedule(entry, std::move(waiting), now);
  }

  std::chrono::seconds lifetime(const QueueEntry& entry) const {
    return entry.reverse_path.empty() ? options_.bounce_lifetime : options_.lifetime;
  }

  Result<> reschedule(QueueEntry& entry, std::vector<RecipientState> waiting, TimePoint now) {
    const bool late = options_.delay_notice.count() > 0 && now - entry.created >= options_.delay_notice;
    if (late && !entry.delay_reported) {
      std::vector<RecipientState> delayed = waiting;
      std::erase_if(delayed,
                    [](const auto& r) { return r.status != RecipientState::Status::waiting || !r.dsn.delay(); });
      entry.delay_reported = delayed.empty() || notify(Notice::delayed, entry, delayed, now).has_value();
    }
    entry.recipients = std::move(waiting);
    std::chrono::seconds wait{0};
    if (!options_.retry_after.empty()) {
      wait = options_.retry_after[std::min<std::size_t>(entry.attempts, options_.retry_after.size() - 1)];
    }
    // While stopping an attempt may not have been made at all: it is due at once after the start.
    entry.due = stopping_ ? now : now + std::max(wait, std::chrono::seconds(1));
    if (!stopping_) ++entry.attempts;
    // The admin may have held it meanwhile: that stays.
    return queue_.change(entry.id, [&entry](QueueEntry& stored) {
      stored.recipients = std::move(entry.recipients);
      stored.due = entry.due;
      stored.attempts = entry.attempts;
      stored.delay_reported = entry.delay_reported;
    });
  }

  Result<> notify(Notice notice, const QueueEntry& entry, std::vector<RecipientState> recipients, TimePoint now) {
    if (notice == Notice::failed) {
      for (const auto& r : recipients) {
        bounced_.add();
        log_.write(
            event::kBounced,
            {{"id", to_string(entry.id)}, {"from", entry.reverse_path}, {"to", r.address}, {"reply", r.last_reply}});
      }
    }
    // RFC 5321 4.5.5: a message with the null path is never answered.
    if (entry.reverse_path.empty()) return {};
    // RFC 3461 4.1: some want to hear nothing.
    if (notice == Notice::failed) std::erase_if(recipients, [](const auto& r) { return !r.dsn.failure(); });
    if (recipients.empty()) return {};
    const std::optional<std::string> all = returns_whole(notice, entry) ? read_whole(entry) : std::nullopt;
    const std::string original = all ? *all : read_header(entry);
    // A success and a failure may be told in the same round.
    const std::string message_id = fmt::format("{}.{}{}@{}", to_string(entry.id), entry.attempts,
                                               notice == Notice::success ? ".ok" : "", options_.hostname);
    const std::string message =
        delivery_status_notice(notice, entry, recipients, original, all.has_value(), options_.hostname, message_id, now,
                               entry.created + lifetime(entry));
    const Result<> sent = reception_.inject("", entry.reverse_path, message);
    // Nobody to tell any more (the sender's account is gone or full): not a reason to keep the entry.
    if (!sent && (sent.error().code == Errc::not_found || sent.error().code == Errc::denied ||
                  sent.error().code == Errc::invalid || sent.error().code == Errc::over_quota)) {
      return {};
    }
    return sent;
  }

  std::string read_header(const QueueEntry& entry) {
    std::string text(std::min<std::uint64_t>(entry.body.size, kReadHeaderOctets), '\0');
    if (!accounts_.read_body(entry.body, 0, text)) return {};
    const std::size_t end = header_end(text);
    return without_return_path(end == std::string::npos ? text : text.substr(0, end));
  }

  std::optional<std::string> read_whole(const QueueEntry& entry) {
    std::string text(entry.body.size, '\0');
    if (!accounts_.read_body(entry.body, 0, text)) return std::nullopt;
    return without_return_path(std::move(text));
  }

  // What final delivery to an account here put before it is not the sender's.
  static std::string without_return_path(std::string text) {
    const std::size_t end = text.find("\r\n");
    if (ascii::istarts_with(text, "Return-Path:") && end != std::string::npos) text.erase(0, end + 2);
    return text;
  }

  const RunnerOptions options_;
  Queue& queue_;
  account::Accounts& accounts_;
  Reception& reception_;
  RemoteDelivery& remote_;
  runtime::Workers& workers_;
  const Clock& clock_;
  Log& log_;
  Slots slots_;  // only on the runner's I/O thread
  Counter &delivered_, &deferred_, &bounced_;

  std::atomic<bool> stopping_{false};
  std::mutex alarm_mutex_;                 // guards alarm_
  std::shared_ptr<runtime::Alarm> alarm_;  // shared with the queue, which rings it

  // Only on the runner's I/O thread:
  struct Unreachable {
    SteadyPoint until;
    std::string reply;
  };
  std::set<QueueId> in_flight_;
  std::map<std::string, Unreachable> unreachable_;
};

}  // namespace

std::unique_ptr<QueueRunner> QueueRunner::create(RunnerOptions options, Queue& queue, account::Accounts& accounts,
                                                 Reception& reception, RemoteDelivery& remote,
                                                 runtime::Workers& workers, const Clock& clock, Log& log,
                                                 Metrics& metrics) {
  return std::make_unique<Runner>(std::move(options), queue, accounts, reception, remote, workers, clock, log, metrics);
}

}  // namespace gatepost::mailflow
