#include "smtp/server/session.hpp"

namespace gatepost::smtp::server {

// RSET (RFC 5321 4.1.1.5)
Work SmtpSession::on_rset(Rset&) {
  ++idle_;
  end_transaction();
  return say(250, {2, 0, 0}, "forgotten");
}

// NOOP (RFC 5321 4.1.1.9)
Work SmtpSession::on_noop(Noop&) {
  ++idle_;
  return say(250, {2, 0, 0}, "ok");
}

// QUIT (RFC 5321 4.1.1.10)
Work SmtpSession::on_quit(Quit&) {
  next_ = runtime::Next::close;
  return say(221, {2, 0, 0}, "bye");
}

// VRFY (RFC 5321 3.5.3, 7.3): names are not given away.
Work SmtpSession::on_vrfy(Vrfy&) {
  ++idle_;
  return say(252, {2, 5, 0}, "not verified; send the message and see");
}

// EXPN (RFC 5321 7.3)
Work SmtpSession::on_expn(Expn&) { return say(502, {5, 5, 1}, "lists are not shown"); }

// HELP (RFC 5321 4.1.1.8)
Work SmtpSession::on_help(Help&) {
  ++idle_;
  write(output_.buffer(), Reply{.code = 214, .enhanced = EnhancedCode{2, 0, 0}, .lines = {"commands:", verbs()}});
  return Work::none;
}

}  // namespace gatepost::smtp::server
