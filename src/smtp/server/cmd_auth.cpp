#include "smtp/server/session.hpp"

namespace gatepost::smtp::server {

directory::DoorContext SmtpSession::door_context() const {
  return {.remote = peer_.remote.address,
          .service = std::string(to_string(service_)),
          .connection_id = peer_.connection_id,
          .tls = tls(),
          .channel_binding = peer_.tls ? peer_.tls->tls_exporter : std::string(),
          .certificate_names = peer_.tls ? peer_.tls->client_names : std::vector<std::string>(),
          .certificate_until = peer_.tls ? peer_.tls->client_until : TimePoint(),
          .proxied = peer_.proxied};
}

// AUTH (RFC 4954 4)
Work SmtpSession::on_auth(Auth& auth) {
  if (signed_in_) return say(503, {5, 5, 1}, "you signed in already");
  auto context = door_context();
  if (!tls() && shared_.services.door.mechanisms(context).empty()) {
    return say(538, {5, 7, 11}, "signing in needs TLS");
  }
  auto started = shared_.services.door.start(auth.mechanism, std::move(context), [waker = waker_] { waker->wake(); });
  if (!started) {
    // A known mechanism that wants TLS (RFC 4954 6)
    if (!tls() && started.error().code == Errc::unsupported && sasl::mechanism_named(auth.mechanism)) {
      return say(538, {5, 7, 11}, "this mechanism needs TLS");
    }
    return say(reply_for_sign_in(started.error().code));
  }
  sign_in_ = *std::move(started);
  sign_in_began_ = false;
  response_.reset();
  if (auth.initial) response_.emplace(*auth.initial);
  return Work::sign_in;
}

Work SmtpSession::on_sasl_line(std::string_view line) {
  mode_ = Mode::commands;
  if (line == kSaslCancel) return cancel_sign_in(501, {5, 7, 0}, "cancelled");
  const auto response = parse_sasl_line(line);
  if (!response) return cancel_sign_in(501, {5, 5, 2}, "the answer is not base64");
  response_.emplace(*response);
  return Work::sign_in;
}

Work SmtpSession::cancel_sign_in(int code, EnhancedCode enhanced, std::string_view text) {
  mode_ = Mode::commands;
  sign_in_.reset();
  return say(code, enhanced, text);
}

// Passwords are hashed on a worker.
runtime::Task<> SmtpSession::go_on_signing_in() {
  auto job = [this]() -> directory::SignInStep {
    if (std::exchange(sign_in_began_, true)) return sign_in_->answer(response_->reveal());
    return sign_in_->begin(response_ ? std::optional(response_->reveal()) : std::nullopt);
  };
  directory::SignInStep outcome = co_await shared_.services.workers_for_sign_in().run(job);
  response_.reset();
  if (const auto* challenge = std::get_if<sasl::Challenge>(&outcome)) {
    write_challenge(output_.buffer(), challenge->octets);
    receiver_.expect_sasl_line();
    mode_ = Mode::sasl;
    co_return;
  }
  sign_in_.reset();
  if (const auto* error = std::get_if<Error>(&outcome)) {
    say(reply_for_sign_in(error->code));
  } else {
    signed_in(std::move(std::get<std::unique_ptr<directory::SignedIn>>(outcome)));
  }
}

void SmtpSession::signed_in(std::unique_ptr<directory::SignedIn> who) {
  signed_in_ = std::move(who);
  source_.submitter = signed_in_->principal();
  source_.service = to_string(Service::submission);  // on port 25, too, it is now a user who sends
  bad_ = 0;
  say(235, {2, 7, 0}, "signed in");
}

}  // namespace gatepost::smtp::server
