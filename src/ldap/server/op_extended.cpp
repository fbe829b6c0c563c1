// Abandon (RFC 4511 4.11) and the extended operations: StartTLS, who am I, cancel, password modify.

#include <utility>

#include <fmt/format.h>

#include "directory/password_age.hpp"
#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/oids.hpp"
#include "ldap/server/events.hpp"
#include "ldap/server/result_for.hpp"
#include "ldap/server/session.hpp"

namespace gatepost::ldap::server {
namespace {

// RFC 3062 2: SEQUENCE { userIdentity [0], oldPasswd [1], newPasswd [2] }, all optional.
struct PasswordModify {
  std::optional<std::string> user;
  std::optional<Secret> old_password, new_password;
};
std::optional<PasswordModify> read_password_modify(const std::optional<std::string>& value) {
  PasswordModify out;
  if (!value) return out;
  ber::Reader outer(*value);
  ber::Reader in = outer.inside(ber::kSequence);
  if (in.next_is(ber::context(0))) out.user = in.octets(ber::context(0));
  if (in.next_is(ber::context(1))) out.old_password = Secret(in.octets(ber::context(1)));
  if (in.next_is(ber::context(2))) out.new_password = Secret(in.octets(ber::context(2)));
  if (!outer.at_end() || !in.ok() || !in.at_end()) return std::nullopt;
  return out;
}

// The passwords of those who administer are changed by themselves and by administrators alone: or the help desk would
// have all rights within a minute.
bool may_set_password(const Viewer& viewer, const directory::Principal& whose) {
  if (viewer.id == whose.id) return true;
  if (viewer.role == directory::Role::admin) return true;
  return viewer.role == directory::Role::helpdesk && whose.role == directory::Role::none;
}

}  // namespace

// One request is answered before the next is read: only what goes on by itself is left to abandon.
Task<Next> Session::abandon(Operation operation) {
  end_watch(std::get<AbandonRequest>(operation.request).message);
  co_return Next::more;
}

Task<Next> Session::extended(Operation operation) {
  const ExtendedRequest request = std::get<ExtendedRequest>(operation.request);
  if (request.oid == oid::kStartTls) co_return start_tls(operation);
  if (request.oid == oid::kWhoAmI) co_return who_am_i(operation);
  if (request.oid == oid::kCancel) co_return cancel(operation, request.value);
  if (request.oid == oid::kPasswordModify) {
    Task<Next> handled = password_modify(std::move(operation));
    co_return co_await std::move(handled);
  }
  co_return bad(operation, ResultCode::protocol_error, "no such extended operation here");
}

// RFC 4511 4.14.2.
Next Session::start_tls(const Operation& operation) {
  if (tls()) return bad(operation, ResultCode::operations_error, "TLS is on already");
  if (!may_start_tls()) return bad(operation, ResultCode::protocol_error, "TLS is not offered here");
  if (!watches_.empty()) return bad(operation, ResultCode::operations_error, "a search still goes on");
  write(out(), Reply{.id = operation.id, .answer = Answer::extended, .oid = std::string(oid::kStartTls)});
  return Next::start_tls;
}

// RFC 4532 2: the authzId; empty for nobody.
Next Session::who_am_i(const Operation& operation) {
  std::string who;
  if (signed_in_) {
    shared_.tree.refresh();
    const EntryPtr entry = shared_.tree.find(operation.viewer.id);
    who = entry != nullptr ? "dn:" + std::string(entry->dn()) : "u:" + signed_in_->principal().address;
  }
  write(out(), Reply{.id = operation.id, .answer = Answer::extended, .value = who});
  return Next::more;
}

// RFC 3909 2.3.
Next Session::cancel(const Operation& operation, const std::optional<std::string>& value) {
  ber::Reader outer(value ? std::string_view(*value) : std::string_view());
  ber::Reader in = outer.inside(ber::kSequence);
  const std::int64_t id = in.integer();
  if (!outer.at_end() || !in.ok() || !in.at_end()) {
    return bad(operation, ResultCode::protocol_error, "the value of a cancel");
  }
  if (id <= 0 || id > INT32_MAX || !end_watch(static_cast<std::int32_t>(id))) {
    return answer(operation, ResultCode::no_such_operation, "that operation has ended");
  }
  write(out(), Reply{.id = static_cast<std::int32_t>(id),
                     .answer = Answer::search_done,
                     .outcome = {ResultCode::canceled, {}, {}}});
  return answer(operation, ResultCode::success);
}

// RFC 3062. Sessions that began with the old password end, this one with the answer if it is one of them.
Task<Next> Session::password_modify(Operation operation) {
  const ExtendedRequest request = std::move(std::get<ExtendedRequest>(operation.request));
  auto wanted = read_password_modify(request.value);
  if (!wanted) co_return bad(operation, ResultCode::protocol_error, "the value of a password modify");
  if (!tls()) co_return answer(operation, ResultCode::confidentiality_required, "passwords are taken only under TLS");
  // Whoever has not signed in, since his password has expired, shows it here (RFC 3062 2).
  const bool stranger = !signed_in_ && !has_to_change_;
  if (stranger && (!wanted->user || !wanted->old_password)) {
    co_return answer(operation, ResultCode::insufficient_access_rights, "sign in first");
  }
  using Problem = PasswordPolicyAnswer::Problem;
  directory::Door& door = shared_.services.door;
  const directory::PrincipalId viewer = has_to_change_.value_or(operation.viewer.id);
  std::string name;
  if (wanted->user) {
    std::string_view user = *wanted->user;
    if (user.starts_with("dn:")) user.remove_prefix(3);
    if (user.starts_with("u:")) user.remove_prefix(2);
    name = sign_in_name(user);
  }
  const auto whose = wanted->user ? door.directory().find(name) : door.directory().principal(viewer);
  // Whose name it is, a stranger is told by nothing but the right password.
  const bool own = stranger || (whose && whose->id == viewer);
  if (!own && (!whose || has_to_change_ || !may_set_password(operation.viewer, *whose))) {
    co_return answer(operation, outcome_for(Errc::denied));
  }
  if (!settings_->writable) co_return answer(operation, ResultCode::unwilling_to_perform, "nothing is changed here");
  // Whoever finds a signed-in program must not be able to lock its owner out.
  if (own && !wanted->old_password) {
    co_return answer(operation, {ResultCode::unwilling_to_perform, "the old password is asked for", {}},
                     policy_control(operation, {.problem = Problem::must_supply_old}));
  }
  const bool made = !wanted->new_password;
  constexpr std::size_t kCharacters = 16;
  if (made) wanted->new_password = Secret(shared_.services.random.token(kCharacters));
  directory::DoorContext context = door_context();
  context.renewing = true;
  bool proven = false;
  auto job = [&]() -> Result<directory::Principal> {
    Result<directory::Principal> owner = whose;
    if (own) {
      GP_TRY(const auto entered,
             door.with_password(whose ? whose->address : name, *wanted->old_password, context, [] {}));
      owner = entered->principal();
    }
    GP_CHECK(owner);
    proven = true;
    if (own && !directory::password_ages(door.directory()).standing(*owner).kept) {
      return fail(Errc::denied, "the password is kept elsewhere");
    }
    GP_CHECK(door.directory().set_password(owner->id, *wanted->new_password));
    return owner;
  };
  const Result<directory::Principal> done = co_await shared_.services.workers_for_sign_in().run(std::move(job));
  if (!done) {
    const Errc code = done.error().code;
    if (!proven && code == Errc::unauthenticated && ++failed_sign_ins_ >= settings_->failed_sign_ins) {
      answer(operation, outcome_for_sign_in(code));
      co_return disconnect(ResultCode::unwilling_to_perform, "too many wrong passwords", {});
    }
    PasswordPolicyAnswer said;
    if (proven && code == Errc::invalid) said.problem = Problem::insufficient_quality;
    co_return answer(operation, proven ? outcome_for(code) : outcome_for_sign_in(code),
                     policy_control(operation, said));
  }
  shared_.services.log.write(event::kPasswordChanged,
                             {{"conn", peer_.connection_id},
                              {"account", signed_in_ ? signed_in_->principal().address : done->address},
                              {"entry", done->address}});
  shared_.changes.add();
  has_to_change_.reset();
  Reply reply{.id = operation.id, .answer = Answer::extended, .controls = policy_control(operation, {})};
  if (made) {
    std::string value;
    ber::Writer writer(value);
    const std::size_t mark = writer.begin(ber::kSequence);
    writer.octets(wanted->new_password->reveal(), ber::context(0));
    writer.end(mark);
    reply.value = std::move(value);
  }
  write(out(), reply);
  door.revoke(done->id);
  co_return Next::more;
}

}  // namespace gatepost::ldap::server
