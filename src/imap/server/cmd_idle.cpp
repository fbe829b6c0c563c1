// IDLE (RFC 9051 6.3.13, RFC 2177).

#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {

Task<Answer> run_idle(Session& session, Command&) {
  session.mode_ = Session::Mode::idle;
  session.shared_.idling.add(1);
  session.receiver_.expect(Receiver::Expect::done);
  write_continuation(session.out(), "idling");
  if (session.enabled().metadata) {
    session.metadata_watch_ = session.own_account().watch([waker = session.waker_] { waker->wake(); });
    session.tell_metadata();
  }
  if (session.has_selected()) {
    // First the watch, then the look at what there is: nothing falls between.
    session.watch_ = session.watch(session.account());
    const bool goes_on = co_await session.tell_news(true);
    if (!goes_on) co_return peer_gone();
  }
  const bool told = co_await session.tell_other_news();
  if (!told) co_return peer_gone();
  co_return Answer{.then = Answer::Then::later};
}

Task<Next> Session::idle_line(std::string_view text) {
  const bool done = is_done(text);
  end_idle();
  co_return co_await finish(std::exchange(tag_, {}), Verb::idle, true, done ? ok() : bad("DONE was expected"));
}

void Session::end_idle() {
  watch_.reset();
  metadata_watch_.reset();
  if (mode_ != Mode::idle) return;
  mode_ = Mode::commands;
  shared_.idling.add(-1);
}

}  // namespace gatepost::imap::server
