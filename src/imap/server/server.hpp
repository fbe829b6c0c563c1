#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "runtime/session.hpp"

namespace gatepost::account {
class Accounts;
}
namespace gatepost::directory {
class Door;
}
namespace gatepost::runtime {
class Workers;
}
namespace gatepost::search {
class Indexes;
}

namespace gatepost::imap::server {

// For programs that cannot bear something: what is different for those whose ID (RFC 2971) matches.
struct ClientSwitch {
  std::string name;                 // within the field "name", in any case
  std::string version;              // what the field "version" begins with; "": any
  std::vector<std::string> hidden;  // capabilities that are not announced to it, upper case
  // New mail is told in answer to NOOP, CHECK and IDLE alone: a client that counts on nothing else in the answer to
  // FETCH or STORE.
  bool delay_new_mail = false;
};

// What the configuration says; never changes within a session.
struct Settings {
  std::string hostname;                         // in the greeting
  std::string version;                          // in the answer to ID; "" is not told
  std::string admin;                            // URI of whoever runs it (RFC 5464 3.2.1.1); "" is not told
  std::uint64_t max_message_octets = 50 << 20;  // of APPEND; announced by APPENDLIMIT (RFC 7889)
  std::uint64_t command_octets = 64 << 10;      // of one command, message data and literals not included
  std::uint64_t literal_octets = 64 << 10;      // of all its literals together, message data not
  std::uint32_t bad_commands = 20;              // in a row, before the connection is closed
  std::uint32_t failed_sign_ins = 5;            // of one connection, before it is closed
  bool small_literals = false;        // LITERAL- in place of LITERAL+: none above 4 KiB comes unasked (RFC 7888 5)
  std::uint32_t message_limit = 0;    // of one command (RFC 9738); 0: any number
  std::vector<ClientSwitch> clients;  // the first that matches counts
  // Name of the mailbox in which users find what they removed; "": there is none.
  std::string recoverable_folder;
  std::string jmap_session;  // URL of JMAP's session resource, which GETJMAPACCESS tells (RFC 9698); "": there is none
};

// What the server uses; all of it outlives the server and its sessions.
struct Services {
  account::Accounts& accounts;
  directory::Door& door;
  runtime::Workers& workers;
  const Clock& clock;
  Log& log;
  Metrics& metrics;
  // For password checks, which take long and come in storms; null: `workers`.
  runtime::Workers* sign_in_workers = nullptr;
  // What SEARCH asks before it looks into messages; null: it looks into all.
  search::Indexes* search = nullptr;

  runtime::Workers& workers_for_sign_in() const { return sign_in_workers != nullptr ? *sign_in_workers : workers; }
};

// Makes the sessions of ports 143 and 993. Thread-safe; outlives its sessions.
class Server {
 public:
  Server(Services services, Settings settings);
  ~Server();
  void reload(Settings settings);  // new sessions follow
  // `offers_tls`: whether STARTTLS can be answered on this listener (TLS mode starttls; without TLS yet).
  std::unique_ptr<runtime::Session> session(runtime::Peer& peer, runtime::Output& output,
                                            std::shared_ptr<runtime::Waker> waker, bool offers_tls = true);
  // The programs that sessions of now said to be by ID, and how many sessions of each.
  std::vector<std::pair<std::string, std::size_t>> clients() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::imap::server
