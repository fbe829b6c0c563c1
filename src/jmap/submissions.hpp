#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "jmap/json.hpp"

namespace gatepost::mailflow {
class Queue;
}

namespace gatepost::jmap {

// What was submitted, durably: kept with the account, as annotations that no client of IMAP sees. An object here has
// the properties of RFC 8621 7 but for "deliveryStatus", and further ones of our own (below). Thread-safe; every call
// blocks on the disk.
class Submissions {
 public:
  // Of an account, about: when that many are there the oldest that are done go.
  static constexpr std::size_t kKept = 100;
  // Properties of our own.
  static constexpr std::string_view kQueueId = "_queue";        // of the entry that waits; "": none was needed
  static constexpr std::string_view kDelivered = "_delivered";  // recipients that had it at once
  static constexpr std::string_view kCreated = "_created";      // the states that made it and changed it last
  static constexpr std::string_view kChanged = "_changed";

  Submissions(mailflow::Queue& queue, const Clock& clock) : queue_(queue), clock_(clock) {}

  struct Gone {
    std::uint64_t number = 0, state = 0;
  };
  struct Kept {
    std::vector<json::object> all;  // in the order they were made
    std::vector<Gone> gone;
    std::uint64_t state = 0;
    std::uint64_t gone_since = 0;  // what went before is not known any more
    std::uint64_t next = 1;
  };
  // As of now: what was to wait and had its time is "final".
  Result<Kept> read(account::Account& account);
  // Value: its id. Errc::limit: too many are waiting.
  Result<std::string> add(account::Account& account, json::object submission);
  // Errc::not_found. The mail goes its way all the same (RFC 8621 7.5).
  Result<> remove(account::Account& account, std::string_view id);
  // Nobody gets it. Errc::conflict: it is too late; Errc::not_found.
  Result<> cancel(account::Account& account, std::string_view id);

  // What became of each recipient, as far as the queue knows (RFC 8621 7).
  json::object delivery_status(const json::object& submission);

 private:
  Result<Kept> load(account::Account& account);
  Result<> settle(account::Account& account, Kept& kept);
  std::mutex& mutex_of(const account::Account& account);

  mailflow::Queue& queue_;
  const Clock& clock_;
  std::array<std::mutex, 16> mutexes_;  // from reading to writing, of the accounts with that number modulo 16
};

}  // namespace gatepost::jmap
