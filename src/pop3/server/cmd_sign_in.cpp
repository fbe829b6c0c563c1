// USER and PASS (RFC 1939 7), AUTH (RFC 5034).

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "pop3/protocol/reply.hpp"
#include "pop3/server/events.hpp"
#include "pop3/server/session.hpp"

namespace gatepost::pop3::server {

// Says nothing about whether there is such a user.
Task<Next> Session::user(Command command) {
  if (!shared_.services.door.takes_passwords(door_context())) {
    co_return bad(may_start_tls() ? "Passwords are taken only under TLS: use STLS first"
                                  : "Passwords are not taken here");
  }
  user_ = std::move(std::get<User>(command).name);
  write_ok(out(), "Now the password");
  co_return Next::more;
}

Task<Next> Session::pass(Command command) {
  if (user_.empty()) co_return bad("USER comes first");
  const std::string name = std::exchange(user_, {});
  const Secret password = std::move(std::get<Pass>(command).password);
  auto job = [this, &name, &password]() -> Entry {
    auto signed_in =
        shared_.services.door.with_password(name, password, door_context(), [waker = waker_] { waker->wake(); });
    if (!signed_in) return std::move(signed_in).error();
    return enter(*std::move(signed_in));
  };
  Entry entry = co_await shared_.services.workers_for_sign_in().run(std::move(job));
  co_return settle(std::move(entry));
}

Task<Next> Session::auth(Command command) {
  const Auth request = std::move(std::get<Auth>(command));
  directory::Door& door = shared_.services.door;
  if (request.mechanism.empty()) {
    write_ok(out(), "Mechanisms");
    for (const sasl::Mechanism mechanism : door.mechanisms(door_context())) write_line(out(), to_string(mechanism));
    write_end(out());
    co_return Next::more;
  }
  auto started = door.start(request.mechanism, door_context(), [waker = waker_] { waker->wake(); });
  if (!started) {
    if (started.error().code == Errc::unsupported) {
      co_return bad(may_start_tls() ? "This mechanism is not offered here before STLS"
                                    : words_for_sign_in(Errc::unsupported).text);
    }
    co_return sign_in_failed(started.error());
  }
  sign_in_ = *std::move(started);
  auto job = [this, &request]() -> Entry {
    std::optional<std::string_view> initial;
    if (request.initial) initial = *request.initial;
    return enter(sign_in_->begin(initial));
  };
  Entry entry = co_await shared_.services.workers_for_sign_in().run(std::move(job));
  co_return settle(std::move(entry));
}

// The answer to a challenge.
Task<Next> Session::sasl_line(std::string text) {
  if (text == kSaslCancel) {
    sign_in_.reset();
    write_err(out(), "", "Cancelled");
    co_return Next::more;
  }
  const std::optional<std::string> response = parse_sasl_line(text);
  if (!response) {
    sign_in_.reset();
    co_return bad("The answer is not base64");
  }
  auto job = [this, &response]() -> Entry { return enter(sign_in_->answer(*response)); };
  Entry entry = co_await shared_.services.workers_for_sign_in().run(std::move(job));
  co_return settle(std::move(entry));
}

Session::Entry Session::enter(directory::SignInStep step) {
  if (auto* const challenge = std::get_if<sasl::Challenge>(&step)) return std::move(*challenge);
  if (auto* const error = std::get_if<Error>(&step)) return std::move(*error);
  return enter(std::move(std::get<std::unique_ptr<directory::SignedIn>>(step)));
}

// The one who proved to be somebody gets the maildrop, or learns why not.
Session::Entry Session::enter(std::unique_ptr<directory::SignedIn> who) {
  const Services& services = shared_.services;
  const directory::Principal& principal = who->principal();
  auto not_opened = [&](std::string_view code, std::string_view detail) {
    services.log.write(
        event::kNotOpened,
        {{"conn", peer_.connection_id}, {"account", principal.address}, {"code", code}, {"detail", detail}});
  };
  // RFC 2449 8.1.1: only who proved to be the user learns of the delay.
  const SteadyPoint now = services.clock.steady();
  if (!shared_.pace.may_enter(principal.id, settings_->login_delay, now)) {
    not_opened("login_delay", "");
    return TooSoon{};
  }
  auto maildrop = Maildrop::open(services.accounts, account::AccountId(static_cast<std::uint64_t>(principal.id)));
  if (!maildrop) {
    not_opened(to_string(maildrop.error().code), maildrop.error().detail);
    return std::move(maildrop).error();
  }
  shared_.pace.entered(principal.id, settings_->login_delay, now);
  services.log.write(event::kOpened, {{"conn", peer_.connection_id},
                                      {"account", principal.address},
                                      {"messages", (*maildrop)->size()},
                                      {"octets", (*maildrop)->total_octets()}});
  return Entered{std::move(who), *std::move(maildrop)};
}

Next Session::settle(Entry entry) {
  if (const auto* const challenge = std::get_if<sasl::Challenge>(&entry)) {
    receiver_.expect_sasl_line();
    write_challenge(out(), challenge->octets);
    return Next::more;
  }
  sign_in_.reset();
  if (const auto* const error = std::get_if<Error>(&entry)) return sign_in_failed(*error);
  if (std::holds_alternative<TooSoon>(entry)) {
    write_err(out(), "LOGIN-DELAY", "You signed in a moment ago; try again later");
    return Next::more;
  }
  Entered& entered = std::get<Entered>(entry);
  signed_in_ = std::move(entered.who);
  maildrop_ = std::move(entered.maildrop);
  write_ok(out(), fmt::format("{} messages ({} octets)", maildrop_->count(), maildrop_->total_octets()));
  return Next::more;
}

Next Session::sign_in_failed(const Error& error) {
  write_failure(out(), words_for_sign_in(error.code));
  return ++failed_sign_ins_ >= settings_->failed_sign_ins ? Next::close : Next::more;
}

}  // namespace gatepost::pop3::server
