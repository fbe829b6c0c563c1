#include "mailflow/local_delivery.hpp"

#include <condition_variable>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "account/deliver.hpp"

namespace gatepost::mailflow {
namespace {

// A message to many local mailboxes: their commits share syncs only when they run side by side.
constexpr std::size_t kParallelDeliveries = 16;

// Runs work(0..count-1) on this thread and on as many pool threads as are free. Never waits for a job that has not
// started, so a full pool makes it slower, not stuck.
class SharedLoop : public std::enable_shared_from_this<SharedLoop> {
 public:
  SharedLoop(std::size_t count, std::function<void(std::size_t)> work) : count_(count), work_(std::move(work)) {}

  void run(runtime::Workers& workers) {
    const std::size_t helpers = std::min(count_, kParallelDeliveries) - 1;
    for (std::size_t i = 0; i < helpers; ++i) workers.post([self = shared_from_this()] { self->take_all(); });
    take_all();
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [this] { return done_ == count_; });
  }

 private:
  void take_all() {
    for (;;) {
      const std::size_t i = next_.fetch_add(1);
      if (i >= count_) return;
      work_(i);
      const std::scoped_lock lock(mutex_);
      if (++done_ == count_) finished_.notify_all();
    }
  }

  const std::size_t count_;
  const std::function<void(std::size_t)> work_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable finished_;
  std::size_t done_ = 0;
};

bool is_permanent(Errc code) {
  return code == Errc::over_quota || code == Errc::not_found || code == Errc::denied || code == Errc::too_large;
}

std::string words(const Error& error) {
  if (error.code == Errc::over_quota) return "552 5.2.2 mailbox is full";
  return fmt::format("{} {}", is_permanent(error.code) ? "550 5.2.0" : "451 4.3.0", to_string(error.code));
}

}  // namespace

std::vector<RecipientState> destinations_of(const Envelope& envelope) {
  std::vector<RecipientState> out;
  std::set<std::string> seen;
  for (const Recipient& recipient : envelope.recipients) {
    DsnRequest dsn = recipient.dsn;
    // RFC 3461 5.2.7.3: that an alias led to several addresses is what is told of it; no success of theirs is.
    if (recipient.destinations.size() > 1 && dsn.success()) {
      RecipientState told{.address = recipient.address,
                          .original = recipient.address,
                          .account = {},
                          .status = RecipientState::Status::expanded,
                          .last_reply = {},
                          .last_host = {},
                          .dsn = dsn};
      out.push_back(std::move(told));
      dsn.notify->success = false;
    }
    for (const directory::Destination& destination : recipient.destinations) {
      if (!seen.insert(destination.address).second) continue;
      RecipientState state;
      state.address = destination.address;
      state.original = recipient.address;
      state.dsn = dsn;
      if (destination.kind == directory::Destination::Kind::account) state.account = destination.account;
      out.push_back(std::move(state));
    }
  }
  return out;
}

Result<> deliver_local(account::Accounts& accounts, const QueueEntry& entry, const RecipientState& recipient,
                       TimePoint received, bool retry) {
  const auto id = static_cast<account::AccountId>(*recipient.account);
  GP_TRY(const auto account, accounts.open(id));
  account::Delivery delivery;
  delivery.item.body = entry.body;
  delivery.item.summary = entry.summary;
  delivery.item.received = received;
  if (retry) delivery.delivery_id = to_string(entry.id);
  return account::deliver(*account, delivery);
}

Result<Accepted> deliver_or_queue(Queue& queue, runtime::Workers& workers, QueueEntry entry, TimePoint now,
                                  bool may_refuse, const DeliverHere& deliver_here) {
  std::vector<std::size_t> local;
  for (std::size_t i = 0; i < entry.recipients.size(); ++i) {
    // Who wants to hear of the delivery is told by the queue's runner, which then makes it, too.
    if (entry.recipients[i].account && !entry.recipients[i].dsn.success() && entry.due <= now) local.push_back(i);
  }
  std::vector<Result<Delivered>> results(local.size());
  const auto deliver_one = [&](std::size_t n) {
    results[n] = deliver_here(entry, entry.recipients[local[n]], entry.created, false);
  };
  if (local.size() == 1) {
    deliver_one(0);
  } else if (!local.empty()) {
    std::make_shared<SharedLoop>(local.size(), deliver_one)->run(workers);
  }

  Accepted accepted;
  accepted.queue_id = to_string(entry.id);
  accepted.octets = entry.body.size;
  std::optional<Error> first_failure;
  bool alike = true;
  for (std::size_t n = 0; n < local.size(); ++n) {
    RecipientState& recipient = entry.recipients[local[n]];
    if (results[n] && !results[n]->refusal.empty()) {
      if (may_refuse && entry.recipients.size() == 1) {
        accepted.refusal = results[n]->refusal;
        return accepted;
      }
      recipient.status = RecipientState::Status::failed;
      recipient.last_reply = results[n]->refusal;
      alike = false;
      continue;
    }
    if (results[n]) {
      recipient.status = RecipientState::Status::delivered;
      ++accepted.local;
      continue;
    }
    const Error& error = results[n].error();
    alike = alike && (!first_failure || first_failure->code == error.code);
    if (!first_failure) first_failure = error;
    recipient.last_reply = words(error);
    if (is_permanent(error.code)) recipient.status = RecipientState::Status::failed;
  }
  const std::size_t open = entry.recipients.size() - accepted.local;
  if (open == 0) return accepted;
  if (first_failure && alike && open == entry.recipients.size() && local.size() == entry.recipients.size()) {
    return std::unexpected(*first_failure);
  }
  accepted.queued = static_cast<std::uint32_t>(open);
  GP_CHECK(queue.add(std::move(entry)));
  return accepted;
}

}  // namespace gatepost::mailflow
