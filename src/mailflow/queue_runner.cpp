#include "mailflow/queue_runner.hpp"

#include <map>
#include <set>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "mailflow/bounce.hpp"
#include "mailflow/events.hpp"
#include "mailflow/header_edit.hpp"
#include "mailflow/local_delivery.hpp"

namespace gatepost::mailflow {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kReadHeaderOctets = 128 << 10;
constexpr std::chrono::seconds kLongestSleep{60};  // the wall clock may be set while we sleep

// A signal for coroutines of one thread: wait() returns at notify() or at the time limit.
class Signal {
 public:
  explicit Signal(asio::any_io_executor executor) : timer_(std::move(executor)) {}
  runtime::Task<> wait(std::chrono::steady_clock::duration at_most) {
    timer_.expires_after(at_most);
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  void notify() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

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
        delivered_(metrics.counter("gatepost_queue_delivered_total", "", "Queued destinations that were reached.")),
        deferred_(metrics.counter("gatepost_queue_deferred_total", "", "Attempts that failed for the time being.")),
        bounced_(metrics.counter("gatepost_queue_bounced_total", "", "Destinations that were given up.")) {}

  ~Runner() override { queue_.on_change(nullptr); }

  runtime::Task<> run() override {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    signal_ = std::make_shared<Signal>(executor);
    set_wake(executor);
    queue_.on_change([this] { wake(); });
    while (!stopping_) {
      pending_wake_ = false;
      start_due(executor);
      const auto sleep = time_to_next();
      if (!pending_wake_ && !stopping_) co_await signal_->wait(sleep);
    }
    while (!in_flight_.empty()) co_await signal_->wait(std::chrono::seconds(1));
    queue_.on_change(nullptr);
    set_wake({});
  }

  void stop() override {
    stopping_ = true;
    wake();
  }

  void wake() override {
    const std::scoped_lock lock(wake_mutex_);
    if (!wake_executor_) return;
    asio::post(*wake_executor_, [this, signal = std::weak_ptr<Signal>(signal_)] {
      if (const auto alive = signal.lock()) {
        pending_wake_ = true;
        alive->notify();
      }
    });
  }

 private:
  void set_wake(std::optional<asio::any_io_executor> executor) {
    const std::scoped_lock lock(wake_mutex_);
    wake_executor_ = std::move(executor);
  }

  std::chrono::steady_clock::duration time_to_next() {
    if (in_flight_.size() >= options_.concurrent) return kLongestSleep;
    const auto now = clock_.now();
    for (const auto& due : queue_.due_until(now + kLongestSleep, in_flight_.size() + 1)) {
      if (!in_flight_.contains(due.id)) return std::max(due.due - now, TimePoint::duration::zero());
    }
    return kLongestSleep;
  }

  void start_due(const asio::any_io_executor& executor) {
    for (const auto& due : queue_.due_until(clock_.now(), in_flight_.size() + options_.concurrent)) {
      if (in_flight_.size() >= options_.concurrent) break;
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
    for (int second = 0; !settled && second < 30 && !stopping_; ++second) co_await sleep(std::chrono::seconds(1));
    in_flight_.erase(id);
    pending_wake_ = true;
    signal_->notify();
  }

  // False: the store failed; what was delivered may be delivered again (local ones are not: they are idempotent).
  runtime::Task<bool> work_entry(QueueId id) {
    auto read = [this, id] { return queue_.get(id); };
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

  static runtime::Task<> sleep(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }

  void deliver_locals(QueueEntry& entry) {
    for (auto& recipient : entry.recipients) {
      if (!recipient.account || recipient.status != RecipientState::Status::waiting) continue;
      const Result<> done = deliver_local(accounts_, entry, recipient, entry.created, true);
      if (done) {
        mark(entry, recipient, AttemptResult::Outcome::delivered, "250 2.1.5 delivered", "");
      } else {
        const bool full = done.error().code == Errc::over_quota;
        mark(entry, recipient, full ? AttemptResult::Outcome::failed : AttemptResult::Outcome::try_later,
             full ? "552 5.2.2 mailbox is full" : "451 4.3.0 " + std::string(gatepost::to_string(done.error().code)),
             "");
      }
    }
  }

  runtime::Task<> deliver_remotes(QueueEntry& entry) {
    std::map<std::string, std::vector<std::size_t>, std::less<>> by_domain;
    for (std::size_t i = 0; i < entry.recipients.size(); ++i) {
      const auto& r = entry.recipients[i];
      if (r.account || r.status != RecipientState::Status::waiting) continue;
      by_domain[ascii::to_lower(r.address.substr(r.address.rfind('@') + 1))].push_back(i);
    }
    for (const auto& [domain, recipients] : by_domain) {
      if (stopping_) co_return;
      co_await take_slot(domain);
      AttemptResult result;
      try {
        Attempt attempt{&entry, domain, recipients};
        result = co_await remote_.attempt(attempt);
      } catch (...) {
        free_slot(domain);
        throw;
      }
      free_slot(domain);
      for (const auto& one : result.recipients)
        mark(entry, entry.recipients.at(one.recipient), one.outcome, one.reply, one.host);
    }
  }

  runtime::Task<> take_slot(const std::string& domain) {
    while (busy_[domain] >= options_.concurrent_per_domain) co_await sleep(std::chrono::milliseconds(50));
    ++busy_[domain];
  }
  void free_slot(const std::string& domain) {
    if (--busy_[domain] == 0) busy_.erase(domain);
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

  std::chrono::seconds lifetime(const QueueEntry& entry) const {
    return entry.reverse_path.empty() ? options_.bounce_lifetime : options_.lifetime;
  }

  // On a worker: bounces what failed, schedules what waits, removes what is done.
  Result<> settle(QueueEntry& entry) {
    const TimePoint now = clock_.now();
    const bool expired = now - entry.created >= lifetime(entry);
    std::vector<RecipientState> failed, waiting;
    for (auto& recipient : entry.recipients) {
      if (recipient.status == RecipientState::Status::delivered) continue;
      if (recipient.status == RecipientState::Status::failed || expired)
        failed.push_back(recipient);
      else
        waiting.push_back(recipient);
    }
    if (!failed.empty()) GP_CHECK(notify(Notice::failed, entry, failed, now));
    return waiting.empty() ? queue_.remove(entry.id) : reschedule(entry, std::move(waiting), now);
  }

  Result<> reschedule(QueueEntry& entry, std::vector<RecipientState> waiting, TimePoint now) {
    if (options_.delay_notice.count() > 0 && !entry.delay_reported && now - entry.created >= options_.delay_notice) {
      GP_CHECK(notify(Notice::delayed, entry, waiting, now));
      entry.delay_reported = true;
    }
    entry.recipients = std::move(waiting);
    const std::size_t step = std::min<std::size_t>(entry.attempts, options_.retry_after.size() - 1);
    ++entry.attempts;
    // While stopping an attempt may not have been made at all: keep it due.
    entry.due = stopping_ ? now : now + options_.retry_after[step];
    return queue_.update(entry);
  }

  Result<> notify(Notice notice, const QueueEntry& entry, const std::vector<RecipientState>& recipients,
                  TimePoint now) {
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
    const std::string header = read_header(entry);
    const std::string message_id = fmt::format("{}.{}@{}", to_string(entry.id), entry.attempts, options_.hostname);
    const std::string message = delivery_status_notice(notice, entry, recipients, header, options_.hostname, message_id,
                                                       now, entry.created + lifetime(entry));
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
    return end == std::string::npos ? text : text.substr(0, end);
  }

  const RunnerOptions options_;
  Queue& queue_;
  account::Accounts& accounts_;
  Reception& reception_;
  RemoteDelivery& remote_;
  runtime::Workers& workers_;
  const Clock& clock_;
  Log& log_;
  Counter &delivered_, &deferred_, &bounced_;

  std::atomic<bool> stopping_{false};
  std::mutex wake_mutex_;
  std::optional<asio::any_io_executor> wake_executor_;
  std::shared_ptr<Signal> signal_;

  // Only on the runner's I/O thread:
  std::atomic<bool> pending_wake_{false};
  std::set<QueueId> in_flight_;
  std::map<std::string, std::size_t> busy_;
};

}  // namespace

std::unique_ptr<QueueRunner> QueueRunner::create(RunnerOptions options, Queue& queue, account::Accounts& accounts,
                                                 Reception& reception, RemoteDelivery& remote,
                                                 runtime::Workers& workers, const Clock& clock, Log& log,
                                                 Metrics& metrics) {
  return std::make_unique<Runner>(std::move(options), queue, accounts, reception, remote, workers, clock, log, metrics);
}

}  // namespace gatepost::mailflow
