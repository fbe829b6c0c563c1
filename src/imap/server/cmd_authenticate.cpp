// STARTTLS, AUTHENTICATE, LOGIN (RFC 9051 6.2).

#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/events.hpp"
#include "imap/server/response_for.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

Answer needs_tls(const Session& session) {
  return no(code::kPrivacyRequired, session.offers_starttls() ? "Use STARTTLS first" : "Signing in needs TLS");
}

}  // namespace

Task<Answer> run_starttls(Session& session, Command&) {
  if (!session.offers_starttls()) {
    co_return bad(session.tls() ? "TLS is there already" : "TLS is not offered here");
  }
  co_return Answer{.text = "Begin TLS now", .then = Answer::Then::start_tls};
}

Task<Answer> run_authenticate(Session& session, Command& command) {
  const auto& request = std::get<Authenticate>(command.body);
  directory::Door& door = session.services().door;
  auto started = door.start(request.mechanism, session.door_context(), [waker = session.waker_] { waker->wake(); });
  if (!started) {
    if (started.error().code == Errc::unsupported) {
      if (!session.tls() && sasl::mechanism_named(request.mechanism)) co_return needs_tls(session);
      co_return response_for_sign_in(Errc::unsupported);
    }
    co_return session.sign_in_failed(response_for_sign_in(started.error().code));
  }
  session.sign_in_ = *std::move(started);
  auto job = [&session, &request]() -> Session::Entry {
    std::optional<std::string_view> initial;
    if (request.initial) initial = request.initial->reveal();
    return session.enter(session.sign_in_->begin(initial));
  };
  Session::Entry entry = co_await session.services().workers_for_sign_in().run(job);
  co_return session.settle(std::move(entry));
}

Task<Answer> run_login(Session& session, Command& command) {
  const auto& request = std::get<Login>(command.body);
  directory::Door& door = session.services().door;
  const directory::DoorContext context = session.door_context();
  if (!door.takes_passwords(context)) {
    if (session.tls()) co_return no("", "LOGIN is not available here");
    co_return needs_tls(session);
  }
  auto job = [&]() -> Session::Entry {
    auto who = door.with_password(request.user, request.password, context, [waker = session.waker_] { waker->wake(); });
    if (!who) return std::move(who).error();
    return session.enter(*std::move(who));
  };
  Session::Entry entry = co_await session.services().workers_for_sign_in().run(job);
  co_return session.settle(std::move(entry));
}

// The answer to a challenge (RFC 9051 6.2.2).
Task<Next> Session::sasl_line(std::string text) {
  mode_ = Mode::commands;
  Answer answer = bad("The answer is not base64");
  auto response = parse_sasl_line(text);
  if (text == kSaslCancel) {
    sign_in_.reset();
    answer = bad("Cancelled");
  } else if (!response) {
    sign_in_.reset();
  } else {
    auto job = [this, &response]() -> Entry { return enter(sign_in_->answer(response->reveal())); };
    Entry entry = co_await services().workers_for_sign_in().run(job);
    answer = settle(std::move(entry));
  }
  co_return co_await finish(std::exchange(tag_, {}), Verb::authenticate, true, std::move(answer));
}

Session::Entry Session::enter(directory::SignInStep step) {
  if (auto* const challenge = std::get_if<sasl::Challenge>(&step)) return std::move(*challenge);
  if (auto* const error = std::get_if<Error>(&step)) return std::move(*error);
  return enter(std::move(std::get<std::unique_ptr<directory::SignedIn>>(step)));
}

// Who proved to be somebody gets the account, or learns why not.
Session::Entry Session::enter(std::unique_ptr<directory::SignedIn> who) {
  const directory::Principal& principal = who->principal();
  auto account = services().accounts.open(account::AccountId(static_cast<std::uint64_t>(principal.id)));
  if (account) return Entered{std::move(who), *std::move(account)};
  services().log.write(event::kNotOpened, {{"conn", peer_.connection_id},
                                           {"account", principal.address},
                                           {"code", gatepost::to_string(account.error().code)},
                                           {"detail", account.error().detail}});
  return NotOpened{std::move(account).error()};
}

Answer Session::settle(Entry entry) {
  if (const auto* const challenge = std::get_if<sasl::Challenge>(&entry)) {
    write_challenge(out(), challenge->octets);
    receiver_.expect(Receiver::Expect::sasl_line);
    mode_ = Mode::sasl;
    return {.then = Answer::Then::later};
  }
  sign_in_.reset();
  if (const auto* const error = std::get_if<Error>(&entry)) {
    return sign_in_failed(response_for_sign_in(error->code));
  }
  if (const auto* const not_opened = std::get_if<NotOpened>(&entry)) return response_for(not_opened->error.code);
  Entered& entered = std::get<Entered>(entry);
  signed_in_ = std::move(entered.who);
  if (!client_.empty()) signed_in_->set_program(client_);
  own_account_ = std::move(entered.account);
  sharing_.set_author({signed_in_->principal().id, services().clock});
  receiver_.set_limits({.max_line_octets = settings_->command_octets, .max_literal_octets = settings_->literal_octets});
  services().log.write(event::kSignedIn, {{"conn", peer_.connection_id},
                                          {"account", signed_in_->principal().address},
                                          {"remote", peer_.remote.to_string()},
                                          {"tls", tls() ? peer_.tls->version : "no"}});
  const auto capable = capabilities(*this);
  return ok(code::capability(views(capable)), "Signed in");
}

Answer Session::sign_in_failed(Answer answer) {
  if (++failed_sign_ins_ < settings_->failed_sign_ins || settings_->failed_sign_ins == 0) return answer;
  hang_up("Too many failed sign-ins", "too many failed sign-ins");
  answer.then = Answer::Then::close;
  return answer;
}

}  // namespace gatepost::imap::server
