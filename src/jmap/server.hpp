#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "directory/directory.hpp"
#include "jmap/capabilities.hpp"
#include "jmap/slots.hpp"

namespace gatepost::mailflow {
class Reception;
class Queue;
}  // namespace gatepost::mailflow
namespace gatepost::search {
class Indexes;
}

namespace gatepost::jmap {

class Pusher;
class Snoozer;

// What the server uses; all of it outlives it.
struct Services {
  account::Accounts& accounts;
  directory::Directory& directory;
  mailflow::Reception& reception;
  mailflow::Queue& queue;
  search::Indexes* search;  // null: every text search reads messages
  const Clock& clock;
  Random& random;
  Log& log;
  Metrics& metrics;
};

// What people may do with what they removed.
struct RemovedPolicy {
  std::chrono::seconds kept{0};  // 0: nothing is kept
  bool may_destroy = false;      // for good, before its time
};

struct Reply {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};

// Octets for a client: a message, a part of one with its encoding undone, or something it uploaded.
struct Download {
  account::Body body;
  std::uint64_t begin = 0, end = 0;  // of the body
  std::string encoding;              // Content-Transfer-Encoding to undo; "": none
  std::shared_ptr<account::Account> account;
};

// JMAP (RFC 8620, RFC 8621) without its transport: octets of a request in, octets of a response out. Thread-safe; every
// call may block on the disk: run it on workers.
class Server {
 public:
  Server(Services services, Limits limits);
  ~Server();

  // The session resource (RFC 8620 2) of a user who reaches us at `origin`: "https://mail.example.org".
  std::string session(const directory::Principal& user, std::string_view origin);
  // Whoever asks for the session asks for the messages of his inbox next: reads them into memory, so that the answer
  // need not wait for that. Costs nothing worth mentioning when they are there.
  void prepare(const directory::Principal& user);
  // The value of the session's "state": it changes when anything of session() does.
  std::string session_state(const directory::Principal& user);
  // What a request has from its head to its answer; nullopt: the user has maxConcurrentRequests of them (RFC 8620 2).
  // Never blocks.
  std::optional<Slots::Held> request_slot(const directory::Principal& user);
  // A POST to the API.
  Reply call(const directory::Principal& user, std::string_view request);

  // As request_slot(), of uploads and maxConcurrentUpload.
  std::optional<Slots::Held> upload_slot(const directory::Principal& user);
  // RFC 8620 6.1. `account`: as in the URL. Errc::not_found: the user has no such account; Errc::forbidden.
  Result<std::unique_ptr<account::BodyWriter>> begin_upload(const directory::Principal& user, std::string_view account);
  // What is answered: JSON.
  Result<std::string> end_upload(const directory::Principal& user, std::string_view account, const account::Body& body,
                                 std::string_view type);
  // RFC 8620 6.2. Errc::not_found: the blob, or the account.
  Result<Download> download(const directory::Principal& user, std::string_view account, std::string_view blob);

  // RFC 8620 7.1: "states" of a StateChange: of each account, each type, as of now. JSON.
  std::string states(const directory::Principal& user, const std::vector<std::string>& types);
  // Another value says that states() of `types` may be others though nothing was told to a watch: the directory has
  // changed. Costs nothing, on any thread. Who listens looks now and then: were everybody woken, each change would be
  // work for as many as listen.
  std::uint64_t directory_change(const std::vector<std::string>& types) const;
  // Runs `changed` soon after something changed in an account of the user's; from any thread, must not block.
  std::vector<std::unique_ptr<account::Watch>> watch(const directory::Principal& user, std::function<void()> changed);

  const Limits& limits() const { return limits_; }
  const Services& services() const { return services_; }
  // Who sends news to push services, as long as it is set; null: nobody. Before and after all else.
  void set_pusher(Pusher* pusher);
  // Who puts mail off, as long as it is set; null: nobody. Before and after all else.
  void set_snoozer(Snoozer* snoozer);
  // Whether who has no role finds those of his own domain alone. At any time.
  void set_own_domain_only(bool only);
  void set_removed(RemovedPolicy policy);  // at any time

 private:
  struct State;
  const Services services_;
  const Limits limits_;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::jmap
