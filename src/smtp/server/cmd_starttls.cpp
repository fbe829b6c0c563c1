#include "smtp/server/session.hpp"

namespace gatepost::smtp::server {

// STARTTLS (RFC 3207 4). The connection drops what the client sent behind it.
Work SmtpSession::on_starttls(StartTls&) {
  if (tls()) return say(503, {5, 5, 1}, "TLS is active already");
  if (!starttls_) return say(502, {5, 5, 1}, "TLS is not available here");
  say(220, {2, 0, 0}, "start TLS now");
  next_ = runtime::Next::start_tls;
  return Work::none;
}

// RFC 3207 4.2: all that was learned before TLS is forgotten.
void SmtpSession::tls_started(const runtime::TlsFacts& facts) {
  receiver_.expect_line();
  mode_ = Mode::commands;
  phase_ = Phase::connected;
  end_transaction();
  sign_in_.reset();
  signed_in_.reset();
  source_.hello.clear();
  source_.esmtp = false;
  source_.submitter.reset();
  source_.service = to_string(service_);
  source_.tls_version = facts.version;
  source_.tls_cipher = facts.cipher;
}

}  // namespace gatepost::smtp::server
