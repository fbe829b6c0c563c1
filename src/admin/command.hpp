#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "base/result.hpp"
#include "directory/authenticate.hpp"
#include "directory/directory.hpp"
#include "mailflow/queue.hpp"

namespace gatepost::directory {
class Door;
class WebSessions;
}  // namespace gatepost::directory
namespace gatepost::store {
class Store;
}
namespace gatepost::search {
class Indexes;
}
namespace gatepost::gate {
class BanService;
}

namespace gatepost::admin {

// What an administrator asks for: "account add" with its options. Made by the command line, carried over the control
// socket to a running server, or run directly on the data directory when no server runs.
struct Request {
  std::string verb;                                         // "account add"
  std::map<std::string, std::vector<std::string>> options;  // {"address": ["anna@example.org"], "password": [...]}
  // Who asks, and from which address (empty: from this machine). Not in the JSON: whoever carries it knows.
  static constexpr std::string_view kCommandLine = "command line";
  std::string asked_by = std::string(kCommandLine);
  std::string asked_from = {};
  // The TCP connection it came by, as SSH_CONNECTION has it: "203.0.113.9 51000 192.0.2.1 443"; empty: none.
  std::string asked_over = {};
  int stream = -1;  // a descriptor that came beside it, borrowed: messages on their way; -1: none. Not in the JSON

  std::string option(std::string_view name, std::string_view otherwise = {}) const;  // first value
  bool has(std::string_view name) const;
};

// Exit codes of every verb: 0 done, 1 refused or failed (the text says why and what to do), 2 wrong usage, 3 no server
// / store.
struct Reply {
  int exit_code = 0;
  std::string text;  // for people, with line ends
  std::string json;  // the same for programs: one JSON value
};

// Requests and replies as one line of JSON (the control socket's form).
std::string to_json(const Request&);
Result<Request> request_from_json(std::string_view);
std::string to_json(const Reply&);
Result<Reply> reply_from_json(std::string_view);

// What verbs work on. `server` is what only a running daemon has; empty functions otherwise.
struct Services {
  directory::Directory& directory;
  account::Accounts& accounts;
  mailflow::Queue& queue;
  store::Store& store;
  Random& random;
  const Clock& clock;
  directory::Authenticator* authenticator = nullptr;  // refusals of sign-in
  gate::BanService* bans = nullptr;                   // of connections; only a running server has them
  std::string time_zone = {};                         // of the people served; empty: the machine's
  bool own_domain_only = false;                       // people see those of their own domain alone
  search::Indexes* search = nullptr;                  // only a running server has them, unless they are switched off
  directory::Door* door = nullptr;                    // only a running server has these two
  directory::WebSessions* web_sessions = nullptr;
  struct Server {
    std::function<Reply(const Request&)> status;
    std::function<Reply()> reload;
    std::function<void()> stop;
    std::function<Reply(const Request&, std::stop_token)> certificate;  // every verb of that noun
    std::function<Reply(const Request&, std::stop_token)> outside;      // of the noun "directory"
    std::function<Reply(const Request&)> gate;  // what it knows of connections and of mail on its way: gate_verbs()
    std::function<Reply(const Request&, std::stop_token)> check_domain;  // what DNS says of a domain of ours
    std::function<Reply(const Request&)> settings;                       // each key of the configuration
    std::function<Reply()> drain;                                        // how far a stop has come
    std::function<std::size_t(const std::string& text)> announce;        // to all sessions; how many there are
    // Maintenance windows: nobody but administrators is served.
    std::function<Reply(std::chrono::seconds length, const std::string& message)> begin_maintenance;
    std::function<Reply()> end_maintenance;
    std::function<void()> queue_changed;
    std::function<void(account::AccountId)>
        end_sessions;  // after disable or passwd: open sessions of the account are closed
  } server;
};

struct Verb {
  std::string_view name;  // "account add"
  std::string_view help;  // one sentence
  bool needs_server;      // only a running server can do it
  Reply (*run)(Services&, const Request&, std::stop_token);
};

// All verbs, in the order of the manual.
const std::vector<Verb>& verbs();
// Finds and runs one; what changes something is noted in the journal (journal.hpp). Blocks, possibly for long (store
// check, backup); run it on a thread of its own. Thread-safe.
Reply run(Services&, const Request&, std::stop_token = {});

// For verbs.
Reply failure(const Error&, std::string_view what);
Reply usage(std::string_view message);

}  // namespace gatepost::admin
