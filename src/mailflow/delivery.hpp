#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mailflow/envelope.hpp"
#include "mailflow/queue.hpp"
#include "runtime/task.hpp"

namespace gatepost::mailflow {

// One attempt to hand a message to the servers of one destination.
struct Attempt {
  const QueueEntry* entry;              // borrowed for the attempt
  std::string domain;                   // destination of all `recipients`
  std::vector<std::size_t> recipients;  // indexes into entry->recipients
};

struct AttemptResult {
  enum class Outcome : std::uint8_t { delivered, try_later, failed };
  struct PerRecipient {
    std::size_t recipient;  // index into entry->recipients
    Outcome outcome;
    std::string reply;     // "250 2.0.0 ok", "451 4.4.1 connection timed out"
    std::string host;      // who said it; empty = we ourselves
    bool reports = false;  // delivered to a server that tells the sender what becomes of it (RFC 3461)
  };
  std::vector<PerRecipient> recipients;  // one for each of the attempt
};

// Sends to other servers; implemented by smtp/client.
class RemoteDelivery {
 public:
  virtual ~RemoteDelivery() = default;
  virtual runtime::Task<AttemptResult> attempt(Attempt) = 0;
};

}  // namespace gatepost::mailflow
