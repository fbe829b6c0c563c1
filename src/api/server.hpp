#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "account/account.hpp"
#include "admin/api_tokens.hpp"
#include "admin/command.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "directory/directory.hpp"
#include "directory/door.hpp"
#include "directory/web_sessions.hpp"
#include "http/server/router.hpp"
#include "runtime/workers.hpp"

namespace gatepost::api {

// What the interface works on; all of it outlives the routes.
struct Services {
  directory::Directory& directory;
  directory::Door& door;
  directory::WebSessions& sessions;
  runtime::Workers& workers;          // for what blocks
  runtime::Workers& sign_in_workers;  // for password checks
  const Clock& clock;
  Log& log;
  std::function<admin::Reply(const admin::Request&)> administer;  // one of the administrators' verbs; may block long
  std::function<Result<admin::ApiToken>(std::string_view token)> check_token;  // of a script; blocks on the disk
  std::function<bool()> own_domain_only = {};                                  // [ldap] people_see = "own_domain"
  account::Accounts* accounts = nullptr;
  // What somebody has beside his mail, as files: names and contents. Blocks.
  using OwnFiles = std::vector<std::pair<std::string, std::string>>;
  std::function<Result<OwnFiles>(const directory::Principal&)> own_files = {};
};

// The JSON interface of the web application, for what JMAP has no words for: signing in and out, one's own password,
// devices and sessions, and the administrators' verbs. docs/api.md has every resource. The router keeps what it needs
// of `services`.
void add_routes(http::server::Router& router, const Services& services);

}  // namespace gatepost::api
