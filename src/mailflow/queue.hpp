#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/types.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "mailflow/envelope.hpp"

namespace gatepost::store {
class Store;
}

namespace gatepost::mailflow {

enum class QueueId : std::uint64_t {};
std::string to_string(QueueId);  // 12 hex digits, as in logs and `gatepost queue list`
std::optional<QueueId> parse_queue_id(std::string_view);

// What became of one recipient.
struct RecipientState {
  // expanded: the address led to several others, which have lines of their own; only the sender is to hear of it.
  enum class Status : std::uint8_t { waiting, delivered, failed, expanded };
  std::string address;                            // final destination
  std::string original;                           // what the client wrote in RCPT
  std::optional<directory::PrincipalId> account;  // local destination
  Status status = Status::waiting;
  std::string last_reply;  // "550 5.1.1 no such user" or our own words
  std::string last_host;   // remote MTA that said so, may be empty
  DsnRequest dsn = {};
  bool passed_on = false;  // delivered to a server that reports itself (RFC 3461 5.2.1)
};

struct QueueEntry {
  QueueId id{};
  account::Body body;
  std::string summary;  // for local destinations
  std::string reverse_path;
  BodyType body_type = BodyType::eight_bit;
  bool smtputf8 = false;
  TimePoint created{}, due{};  // both of one that is to wait: when it may go
  std::uint32_t attempts = 0;
  bool delay_reported = false;
  bool held = false;  // by the admin
  std::optional<smtp::Ret> ret = {};
  std::optional<std::string> envid = {};
  std::vector<RecipientState> recipients;
};

// The durable queue: entries survive kill -9 from the moment add() returns. Thread-safe; changes block on the disk.
class Queue {
 public:
  static Result<std::unique_ptr<Queue>> open(store::Store&, Random&, Log&, Metrics&);
  virtual ~Queue() = default;
  // Gives the entry its id (unless it has one) and stores it, referencing its body. Wakes the runner.
  virtual Result<QueueId> add(QueueEntry) = 0;
  virtual Result<QueueEntry> get(QueueId) = 0;
  virtual Result<> update(const QueueEntry&) = 0;  // not_found when it was removed meanwhile
  // Changes the stored entry, whatever others have made of it meanwhile. not_found when it is gone.
  virtual Result<> change(QueueId, const std::function<void(QueueEntry&)>&) = 0;
  virtual Result<> remove(QueueId) = 0;
  // As get(), for who begins to deliver the entry: from here on withdraw() refuses.
  virtual Result<QueueEntry> start(QueueId) = 0;
  // Takes an entry out before anybody got it. Errc::conflict: its delivery has begun; not_found: it is gone.
  virtual Result<> withdraw(QueueId) = 0;
  // Ids in order of due time, from memory.
  struct Due {
    QueueId id;
    TimePoint due;
  };
  virtual std::vector<Due> due_until(TimePoint, std::size_t at_most) = 0;  // held ones left out
  virtual std::optional<TimePoint> next_due() = 0;
  virtual Result<std::vector<QueueEntry>> list(std::size_t at_most) = 0;
  virtual std::size_t size() = 0;
  // `wake` runs on any thread after an add or an update that may be due earlier than anything before; must not block.
  virtual void on_change(std::function<void()> wake) = 0;
  virtual QueueId new_id() = 0;
};

}  // namespace gatepost::mailflow
