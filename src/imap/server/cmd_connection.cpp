// COMPRESS, UNAUTHENTICATE, GETJMAPACCESS (RFC 4978, RFC 8437, RFC 9698).

#include "imap/protocol/response.hpp"
#include "imap/server/events.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {

// RFC 4978 3
Task<Answer> run_compress(Session& session, Command& command) {
  if (std::get<Compress>(command.body).mechanism != "DEFLATE") co_return no("", "Only DEFLATE is known here");
  if (session.compressed()) co_return no(code::kCompressionActive, "Compression is active already");
  co_return Answer{.text = "Compression begins now", .then = Answer::Then::deflate};
}

// RFC 8437 3. Under COMPRESS it is not offered: where the client's compression ends cannot be told from the octets.
Task<Answer> run_unauthenticate(Session& session, Command&) {
  if (session.compressed()) co_return no(code::kCannot, "Not while compression is active");
  session.sign_out();
  co_return ok("Nobody is signed in now");
}

Task<Answer> run_getjmapaccess(Session& session, Command&) {
  if (!session.opens_jmap()) co_return no(code::kCannot, "What signed in here does not open JMAP");
  write_jmap_access(session.out(), session.settings().jmap_session);
  co_return ok();
}

// All that signing in and what followed it brought; TLS, and what counts against this connection, stay.
void Session::sign_out() {
  end_idle();
  shared_.services.log.write(
      event::kClosed,
      {{"conn", peer_.connection_id}, {"account", signed_in_->principal().address}, {"commands", commands_}});
  select(nullptr);
  notifications_.reset();
  own_account_.reset();
  signed_in_.reset();
  enabled_ = {};
  language_ = 0;
  collation_ = {};
  receiver_.set_limits(kLimitsOutside);
}

}  // namespace gatepost::imap::server
