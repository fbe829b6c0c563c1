#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "account/account.hpp"
#include "admin/command.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "config/config.hpp"
#include "directory/directory.hpp"
#include "mailflow/queue.hpp"
#include "store/store.hpp"

namespace gatepost::daemon {

// The data directory, opened: all that needs no network. What a server serves and what the command line works on when
// none runs.
struct Product {
  // Makes what is missing. Errc::unavailable: another process has it open. `clock` and `log` are borrowed for life.
  static Result<std::unique_ptr<Product>> open(const config::Config&, const Clock& clock, Log& log);

  // What administrators' verbs work on; only a server fills in `authenticator` and `server`.
  admin::Services admin_services() {
    return {.directory = *directory,
            .accounts = *accounts,
            .queue = *queue,
            .store = *store,
            .random = random,
            .clock = clock,
            .time_zone = time_zone};
  }

  const Clock& clock;
  SystemRandom random;
  Metrics metrics;
  // Of accounts that have none of their own.
  std::atomic<std::uint64_t> default_quota_octets{0}, default_quota_messages{0};
  std::string time_zone;  // [maintenance]; a server's own may be newer
  std::unique_ptr<store::Store> store;
  std::unique_ptr<directory::Directory> directory;
  std::unique_ptr<account::Accounts> accounts;
  std::unique_ptr<mailflow::Queue> queue;

 private:
  explicit Product(const Clock& c) : clock(c) {}
};

}  // namespace gatepost::daemon
