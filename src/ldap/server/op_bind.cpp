// Bind (RFC 4511 4.2, RFC 4513) and unbind.

#include <utility>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "directory/password_age.hpp"
#include "ldap/protocol/dn.hpp"
#include "ldap/server/events.hpp"
#include "ldap/server/result_for.hpp"
#include "ldap/server/session.hpp"

namespace gatepost::ldap::server {

Task<Next> Session::unbind(Operation) { co_return Next::close; }

Task<Next> Session::bind(Operation operation) {
  BindRequest request = std::move(std::get<BindRequest>(operation.request));
  // RFC 4511 4.2.1: whoever binds is nobody until he is somebody.
  end_watches();
  signed_in_.reset();
  has_to_change_.reset();
  operation.viewer = {};
  if (request.version != 3) {
    sign_in_.reset();
    co_return bad(operation, ResultCode::protocol_error, "only version 3 is spoken here");
  }
  if (auto* const with = std::get_if<BindRequest::Sasl>(&request.authentication)) {
    Task<Next> handled = sasl(std::move(operation), std::move(*with));
    co_return co_await std::move(handled);
  }
  sign_in_.reset();
  auto* const with = std::get_if<BindRequest::Simple>(&request.authentication);
  if (with == nullptr) co_return answer(operation, ResultCode::auth_method_not_supported, "an unknown method");
  Task<Next> handled = simple(std::move(operation), std::move(request.name), std::move(with->password));
  co_return co_await std::move(handled);
}

Task<Next> Session::simple(Operation operation, std::string name, Secret password) {
  // RFC 4513 5.1.1: anonymous.
  if (name.empty() && password.empty()) co_return answer(operation, ResultCode::success);
  // RFC 4513 5.1.2: a program that forgot the password must not believe that it is signed in.
  if (password.empty()) co_return answer(operation, ResultCode::unwilling_to_perform, "the password is empty");
  directory::Door& door = shared_.services.door;
  const directory::DoorContext context = door_context();
  if (!door.takes_passwords(context)) {
    co_return tls() ? answer(operation, ResultCode::auth_method_not_supported, "passwords are not taken here")
                    : answer(operation, ResultCode::confidentiality_required, "passwords are taken only under TLS");
  }
  const std::string address = sign_in_name(name);
  auto job = [this, &door, &context, &address, &password]() -> directory::SignInStep {
    auto entered = door.with_password(address, password, context, [waker = waker_] { waker->wake(); });
    if (!entered) return std::move(entered).error();
    return *std::move(entered);
  };
  directory::SignInStep step = co_await shared_.services.workers_for_sign_in().run(std::move(job));
  co_return settle(operation, std::move(step), address);
}

Task<Next> Session::sasl(Operation operation, BindRequest::Sasl request) {
  directory::Door& door = shared_.services.door;
  const bool goes_on = sign_in_ != nullptr && ascii::iequals(mechanism_, request.mechanism);
  if (!goes_on) {
    sign_in_.reset();
    // LOGIN is no mechanism that LDAP clients know; an empty name ends an exchange (RFC 4513 5.2.1.2).
    const bool known = !request.mechanism.empty() && !ascii::iequals(request.mechanism, "LOGIN");
    auto started = known ? door.start(request.mechanism, door_context(), [waker = waker_] { waker->wake(); })
                         : Result<std::unique_ptr<directory::SignIn>>(fail(Errc::unsupported));
    if (!started) {
      if (started.error().code == Errc::unsupported && may_start_tls()) {
        co_return answer(operation, ResultCode::confidentiality_required, "start TLS first");
      }
      co_return settle(operation, std::move(started).error());
    }
    sign_in_ = *std::move(started);
    mechanism_ = request.mechanism;
  }
  // RFC 4513 5.2.3: without credentials the client is whoever it is by its certificate.
  if (ascii::iequals(request.mechanism, "EXTERNAL")) request.credentials = authorization_name(request.credentials);
  auto job = [this, goes_on, &request]() -> directory::SignInStep {
    if (goes_on) return sign_in_->answer(request.credentials.value_or(""));
    std::optional<std::string_view> initial;
    if (request.credentials) initial = *request.credentials;
    return sign_in_->begin(initial);
  };
  directory::SignInStep step = co_await shared_.services.workers_for_sign_in().run(std::move(job));
  co_return settle(operation, std::move(step));
}

// authzId = dnAuthzId / uAuthzId (RFC 4513 5.2.1.8)
std::string Session::authorization_name(const std::optional<std::string>& given) {
  const std::string text = given.value_or("");
  if (text.starts_with("u:")) return sign_in_name(std::string_view(text).substr(2));
  if (text.starts_with("dn:")) return sign_in_name(std::string_view(text).substr(3));
  return text;
}

Next Session::settle(const Operation& operation, directory::SignInStep step, std::string_view name) {
  Reply reply{.id = operation.id, .answer = Answer::bind};
  if (const auto* const challenge = std::get_if<sasl::Challenge>(&step)) {
    reply.outcome.code = ResultCode::sasl_bind_in_progress;
    reply.sasl = challenge->octets;
    write(out(), reply);
    return Next::more;
  }
  sign_in_.reset();
  if (auto* const error = std::get_if<Error>(&step)) {
    if (error->code == Errc::expired) return expired(operation, name);
    reply.controls = policy_control(operation, {});
    reply.outcome = outcome_for_sign_in(error->code);
    write(out(), reply);
    if (++failed_sign_ins_ < settings_->failed_sign_ins) return Next::more;
    return disconnect(ResultCode::unwilling_to_perform, "too many wrong passwords", {});
  }
  signed_in_ = std::move(std::get<std::unique_ptr<directory::SignedIn>>(step));
  if (operation.controls.password_policy) {
    PasswordPolicyAnswer said;
    const auto standing = directory::password_ages(shared_.services.door.directory()).standing(signed_in_->principal());
    if (standing.ends_soon) {
      said.ends_in = std::chrono::duration_cast<std::chrono::seconds>(*standing.expires - shared_.services.clock.now());
    }
    reply.controls = policy_control(operation, said);
  }
  write(out(), reply);
  return Next::more;
}

// draft-behera-ldap-password-policy-11 8.1.1, 8.1.2: what has expired is refused. What somebody else has set lets its
// owner in to replace it, where the program says that it knows what that means; one that only wants to know whether the
// password is right must not take the answer for a yes.
Next Session::expired(const Operation& operation, std::string_view name) {
  using Problem = PasswordPolicyAnswer::Problem;
  directory::Directory& directory = shared_.services.door.directory();
  const auto who = name.empty() ? Result<directory::Principal>(fail(Errc::not_found)) : directory.find(name);
  const bool by_other = who && directory::password_ages(directory).standing(*who).must_change;
  auto with = policy_control(operation, {.problem = by_other ? Problem::change_after_reset : Problem::expired});
  if (by_other && operation.controls.password_policy) {
    has_to_change_ = who->id;
    return answer(operation, Outcome{}, std::move(with));
  }
  // Programs look for Active Directory's numbers: ERROR_PASSWORD_EXPIRED, ERROR_PASSWORD_MUST_CHANGE ([MS-ERREF] 2.2).
  Outcome outcome = outcome_for_sign_in(Errc::expired);
  outcome.text += by_other ? " (data 773)" : " (data 532)";
  return answer(operation, std::move(outcome), std::move(with));
}

// The mail address that a name stands for: a DN, an address or user principal name, DOMAIN\user with the domain's name
// or its first label, or a bare name where there is one domain. What is none of these stays, and nobody has it.
std::string Session::sign_in_name(std::string_view name) {
  directory::Directory& directory = shared_.services.door.directory();
  const auto in_domain = [&](std::string_view label, std::string_view user) -> std::string {
    const auto domains = directory.domains();
    if (!domains) return std::string(name);
    const directory::Domain* found = nullptr;
    for (const directory::Domain& domain : *domains) {
      const std::string_view first = std::string_view(domain.name).substr(0, domain.name.find('.'));
      if (!label.empty() && !ascii::iequals(domain.name, label) && !ascii::iequals(first, label)) continue;
      if (found != nullptr) return std::string(name);  // two of them: nobody can tell
      found = &domain;
    }
    return found == nullptr ? std::string(name) : fmt::format("{}@{}", user, found->name);
  };
  if (const std::size_t slash = name.find('\\'); slash != std::string_view::npos && !name.contains('=')) {
    return in_domain(name.substr(0, slash), name.substr(slash + 1));
  }
  if (name.contains('=')) {
    if (const auto dn = parse_dn(name)) {
      shared_.tree.refresh();
      const EntryPtr entry = shared_.tree.find(normal_form(*dn));
      if (entry != nullptr && entry->is_principal()) {
        if (const auto principal = directory.principal(entry->id)) return principal->address;
      }
    }
    return std::string(name);
  }
  return name.contains('@') ? std::string(name) : in_domain({}, name);
}

}  // namespace gatepost::ldap::server
