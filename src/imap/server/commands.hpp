#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "imap/protocol/command.hpp"
#include "imap/server/answer.hpp"
#include "runtime/task.hpp"

namespace gatepost::imap::server {

class Session;

// One bit each (RFC 9051 3). Logout is no state of ours: the connection is closed.
enum class State : std::uint8_t { not_authenticated = 1, authenticated = 2, selected = 4 };

// A handler writes its untagged responses to session.out(), and says how the command ends. `session` and `command`
// outlive it. In a handler that the table allows in the selected state only, session.selected() is there.
using Handler = runtime::Task<Answer> (*)(Session& session, Command& command);

struct Row {
  Verb verb;
  std::uint8_t states;            // in which it is allowed; otherwise BAD
  Handler run;                    // none: APPEND, REPLACE, whose message streams (cmd_append.cpp)
  std::string_view capabilities;  // announced where the command is allowed: names with spaces between, or ""
};
// All of them.
std::span<const Row> commands();
// nullptr: the command is not known here.
const Row* row_of(Verb verb);

// What CAPABILITY answers in the session's present state.
std::vector<std::string> capabilities(const Session& session);

// cmd_small.cpp
runtime::Task<Answer> run_capability(Session&, Command&);
runtime::Task<Answer> run_noop(Session&, Command&);  // CHECK too
runtime::Task<Answer> run_logout(Session&, Command&);
runtime::Task<Answer> run_id(Session&, Command&);
runtime::Task<Answer> run_namespace(Session&, Command&);
// cmd_language.cpp
runtime::Task<Answer> run_language(Session&, Command&);
// cmd_comparator.cpp
runtime::Task<Answer> run_comparator(Session&, Command&);
// cmd_quota.cpp
runtime::Task<Answer> run_getquota(Session&, Command&);
runtime::Task<Answer> run_getquotaroot(Session&, Command&);
runtime::Task<Answer> run_setquota(Session&, Command&);
// Whether the session's user may set limits: announced to administrators alone. From memory.
bool may_set_quotas(const Session&);
// cmd_acl.cpp
runtime::Task<Answer> run_getacl(Session&, Command&);
runtime::Task<Answer> run_setacl(Session&, Command&);
runtime::Task<Answer> run_deleteacl(Session&, Command&);
runtime::Task<Answer> run_listrights(Session&, Command&);
runtime::Task<Answer> run_myrights(Session&, Command&);
// cmd_metadata.cpp
runtime::Task<Answer> run_getmetadata(Session&, Command&);
runtime::Task<Answer> run_setmetadata(Session&, Command&);
// cmd_authenticate.cpp
runtime::Task<Answer> run_starttls(Session&, Command&);
runtime::Task<Answer> run_authenticate(Session&, Command&);
runtime::Task<Answer> run_login(Session&, Command&);
// cmd_connection.cpp
runtime::Task<Answer> run_compress(Session&, Command&);
runtime::Task<Answer> run_unauthenticate(Session&, Command&);
runtime::Task<Answer> run_getjmapaccess(Session&, Command&);
// cmd_uidbatches.cpp
runtime::Task<Answer> run_uidbatches(Session&, Command&);
// cmd_enable.cpp
runtime::Task<Answer> run_enable(Session&, Command&);
// cmd_select.cpp
runtime::Task<Answer> run_select(Session&, Command&);
runtime::Task<Answer> run_close(Session&, Command&);
runtime::Task<Answer> run_unselect(Session&, Command&);
// cmd_create_delete_rename.cpp
runtime::Task<Answer> run_create(Session&, Command&);
runtime::Task<Answer> run_delete(Session&, Command&);
runtime::Task<Answer> run_rename(Session&, Command&);
runtime::Task<Answer> run_subscribe(Session&, Command&);
runtime::Task<Answer> run_unsubscribe(Session&, Command&);
// cmd_list.cpp
runtime::Task<Answer> run_list(Session&, Command&);
runtime::Task<Answer> run_lsub(Session&, Command&);
// cmd_status.cpp
runtime::Task<Answer> run_status(Session&, Command&);
// cmd_notify.cpp
runtime::Task<Answer> run_notify(Session&, Command&);
// cmd_urlauth.cpp
runtime::Task<Answer> run_resetkey(Session&, Command&);
runtime::Task<Answer> run_genurlauth(Session&, Command&);
runtime::Task<Answer> run_urlfetch(Session&, Command&);
// cmd_idle.cpp
runtime::Task<Answer> run_idle(Session&, Command&);
// cmd_expunge.cpp
runtime::Task<Answer> run_expunge(Session&, Command&);
// cmd_search.cpp
runtime::Task<Answer> run_search(Session&, Command&);
runtime::Task<Answer> run_cancel_update(Session&, Command&);
// cmd_sort.cpp
runtime::Task<Answer> run_sort(Session&, Command&);
// cmd_esearch.cpp
runtime::Task<Answer> run_esearch(Session&, Command&);
// cmd_thread.cpp
runtime::Task<Answer> run_thread(Session&, Command&);
// cmd_fetch.cpp
runtime::Task<Answer> run_fetch(Session&, Command&);
// cmd_store.cpp
runtime::Task<Answer> run_store(Session&, Command&);
// cmd_copy_move.cpp
runtime::Task<Answer> run_copy(Session&, Command&);
runtime::Task<Answer> run_move(Session&, Command&);

}  // namespace gatepost::imap::server
