// DELE, NOOP, RSET (RFC 1939 5), STLS (RFC 2595 4), UTF8 and LANG (RFC 6856).

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "pop3/protocol/reply.hpp"
#include "pop3/server/session.hpp"

namespace gatepost::pop3::server {

Task<Next> Session::dele(Command command) {
  const std::uint32_t number = std::get<Dele>(command).message;
  if (known(number)) {
    auto mark = [this, number] { return maildrop_->mark_deleted(number); };
    const Result<> marked = co_await shared_.services.workers.run(mark);
    if (!marked) co_return refuse(marked.error().code);
    write_ok(out(), fmt::format("Message {} will be removed by QUIT", number));
  }
  co_return Next::more;
}

Task<Next> Session::noop(Command) {
  write_ok(out());
  co_return Next::more;
}

Task<Next> Session::rset(Command) {
  maildrop_->unmark_all();
  write_ok(out(), fmt::format("{} messages ({} octets)", maildrop_->count(), maildrop_->total_octets()));
  co_return Next::more;
}

Task<Next> Session::stls(Command) {
  if (tls()) co_return bad("TLS is on already");
  if (!may_start_tls()) co_return bad("TLS is not offered here");
  // RFC 6856 2.1: not after UTF8.
  if (utf8_) co_return bad("STLS comes before UTF8");
  write_ok(out(), "Begin TLS");
  co_return Next::start_tls;
}

// Our lines are ASCII, and messages are sent as they are stored in any case: what the client says is that it can read
// them.
Task<Next> Session::utf8(Command) {
  utf8_ = true;
  write_ok(out(), "UTF8 is on");
  co_return Next::more;
}

// RFC 6856 3: all our texts are English.
Task<Next> Session::lang(Command command) {
  const std::string& tag = std::get<Lang>(command).tag;
  if (tag.empty()) {
    write_ok(out(), "Languages");
    write_line(out(), "en English");
    write_line(out(), "i-default Default language");
    write_end(out());
  } else if (ascii::iequals(tag, "en") || ascii::istarts_with(tag, "en-")) {
    write_ok(out(), "en English it is");
  } else if (tag == "*" || ascii::iequals(tag, "i-default")) {
    write_ok(out(), "i-default The default language it is");
  } else {
    write_err(out(), "", "No such language here");
  }
  co_return Next::more;
}

}  // namespace gatepost::pop3::server
