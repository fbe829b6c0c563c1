#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "directory/door.hpp"
#include "mailflow/reception.hpp"
#include "runtime/session.hpp"
#include "runtime/workers.hpp"
#include "smtp/protocol/line_ends.hpp"

namespace gatepost::smtp::server {

// What a listener is for: mail from other servers (port 25), or mail that users send (587, 465; RFC 6409), who must
// sign in first. Both take sign-ins.
enum class Service : std::uint8_t { smtp, submission };

struct Settings {
  std::string hostname;                         // fully qualified: greeting, EHLO
  std::string banner = "ESMTP Gatepost";        // after it, in the greeting
  std::uint64_t max_message_octets = 50 << 20;  // as in ReceptionOptions
  std::uint32_t max_recipients = 1000;          // of one message
  std::uint32_t max_bad_commands = 20;          // of one connection between two messages, before it is closed
  // Messages one connection may bring. 0 here and below: no limit.
  std::uint32_t max_messages_per_connection = 1000;
  std::uint32_t messages_per_minute_per_address = 300;  // from those who did not sign in
  std::uint32_t messages_per_minute_per_account = 120;
  std::uint32_t recipients_per_hour_per_account = 5000;
  std::vector<Network> unlimited;                      // addresses that the limit per address does not count
  BareLineEnds bare_line_ends = BareLineEnds::refuse;  // in message data
  bool require_tls = false;                            // service smtp: no MAIL before STARTTLS (RFC 3207 4)
};

struct Services {  // outlive the server
  mailflow::Reception& reception;
  directory::Door& door;
  runtime::Workers& workers;
  const Clock& clock;
  Log& log;
  Metrics& metrics;
  // For password checks, which take long and come in storms; null: `workers`.
  runtime::Workers* sign_in_workers = nullptr;

  runtime::Workers& workers_for_sign_in() const { return sign_in_workers != nullptr ? *sign_in_workers : workers; }
};

struct Shared;  // shared.hpp: what all sessions use together

// Makes the sessions of the SMTP listeners. Thread-safe; outlives its sessions.
class Server {
 public:
  Server(Services services, Settings settings);
  ~Server();
  // New sessions follow.
  void reload(Settings settings);

  // `starttls`: the listener can do Next::start_tls.
  std::unique_ptr<runtime::Session> session(Service service, bool starttls, runtime::Peer& peer,
                                            runtime::Output& output, std::shared_ptr<runtime::Waker> waker);

 private:
  std::unique_ptr<Shared> shared_;
  Mutex mutex_;
  // Shared with the sessions that began under them.
  std::shared_ptr<const Settings> settings_ GP_GUARDED_BY(mutex_);
};

}  // namespace gatepost::smtp::server
