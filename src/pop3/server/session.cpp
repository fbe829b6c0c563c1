#include "pop3/server/session.hpp"

#include <utility>

#include "pop3/protocol/reply.hpp"
#include "pop3/server/commands.hpp"
#include "pop3/server/events.hpp"

namespace gatepost::pop3::server {
Shared::Shared(const Services& s)
    : services(s),
      sessions(s.metrics.counter("gatepost_pop3_sessions_total", "", "POP3 connections.")),
      retrieved(s.metrics.counter("gatepost_pop3_retrieved_total", "", "Messages sent to POP3 clients, whole.")),
      removed(s.metrics.counter("gatepost_pop3_removed_total", "", "Messages removed by POP3 clients.")) {}

Session::Session(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer, runtime::Output& output,
                 std::shared_ptr<runtime::Waker> waker, bool offers_tls)
    : shared_(shared),
      settings_(std::move(settings)),
      peer_(peer),
      output_(output),
      waker_(std::move(waker)),
      offers_tls_(offers_tls) {
  shared_.sessions.add();
}

Session::~Session() {
  if (!signed_in_) return;
  shared_.services.log.write(event::kClosed, {{"conn", peer_.connection_id},
                                              {"account", signed_in_->principal().address},
                                              {"retrieved", retrieved_},
                                              {"removed", removed_}});
}

// RFC 1939 4. No timestamp: APOP is not offered.
Task<runtime::Step> Session::opened() {
  write_ok(out(), settings_->hostname + " Gatepost POP3 ready");
  co_return runtime::Step{};
}

Task<runtime::Step> Session::step(std::string_view input) {
  const Receiver::Item item = receiver_.next(input);
  runtime::Step step{item.consumed, Next::more};
  switch (item.kind) {
    case Receiver::Kind::need_more:
      break;
    case Receiver::Kind::too_long:
      sign_in_.reset();
      step.next = bad("The line is too long");
      break;
    case Receiver::Kind::line:
      heard_ = true;
      step.next = co_await line(item.text);
      break;
  }
  co_return step;
}

Task<Next> Session::line(std::string_view text) {
  // The account was disabled or has another password: nothing more is done for who came in by the old one.
  if (signed_in_ && signed_in_->revoked()) {
    farewell();
    co_return Next::close;
  }
  if (sign_in_) co_return co_await sasl_line(std::string(text));
  co_return co_await command_line(text);
}

Task<Next> Session::command_line(std::string_view text) {
  auto command = parse_command(text);
  if (!command) co_return bad(command.error().detail);
  const CommandRow* const row = find_command(verb(*command));
  if (row == nullptr) co_return bad("unknown command");
  if (in_transaction() && !row->transaction) co_return bad("You are signed in already");
  if (!in_transaction() && !row->authorization) co_return bad("Sign in first");
  Task<Next> handled = (this->*row->run)(*std::move(command));
  co_return co_await std::move(handled);
}

Task<runtime::Step> Session::woken() {
  if (!signed_in_ || !signed_in_->revoked()) co_return runtime::Step{};
  farewell();
  co_return runtime::Step{0, Next::close};
}

void Session::farewell() { write_err(out(), "AUTH", "Your account was changed: sign in again; nothing was removed"); }

// RFC 2595 4: what was known before TLS is forgotten.
void Session::tls_started(const runtime::TlsFacts&) {
  receiver_.expect_line();
  user_.clear();
  sign_in_.reset();
  utf8_ = false;
  heard_ = false;
}

// RFC 1939 3: closed without a word, and without removing anything.
bool Session::timed_out() { return false; }

// RFC 3206 4: what fails for now, and will go by itself.
void Session::turned_away(std::string_view why) { write_err(out(), "SYS/TEMP", why); }

void Session::stopping() { write_err(out(), "SYS/TEMP", "The server is shutting down; nothing was removed"); }

// RFC 1939 6: what is marked is removed by QUIT alone; without it the client would get all of it again.
bool Session::finishing() const { return in_transaction() && maildrop_->any_marked(); }

runtime::Waiting Session::waiting() const {
  if (in_transaction()) return runtime::Waiting::idle;
  return heard_ ? runtime::Waiting::sign_in : runtime::Waiting::greeting;
}

Next Session::bad(std::string_view words) {
  if (++bad_commands_ >= settings_->bad_commands) {
    peer_.tell(runtime::Conduct::bad_commands);
    write_err(out(), "", "Too many bad commands");
    return Next::close;
  }
  write_err(out(), "", words);
  return Next::more;
}

Next Session::refuse(Errc code) {
  write_failure(out(), words_for(code));
  return Next::more;
}

bool Session::known(std::uint32_t number) {
  if (maildrop_->has(number)) return true;
  refuse(Errc::not_found);
  return false;
}

directory::DoorContext Session::door_context() const {
  return {.remote = peer_.remote.address,
          .service = "pop3",
          .connection_id = peer_.connection_id,
          .tls = tls(),
          .channel_binding = tls() ? peer_.tls->tls_exporter : std::string(),
          .certificate_names = tls() ? peer_.tls->client_names : std::vector<std::string>(),
          .certificate_until = tls() ? peer_.tls->client_until : TimePoint(),
          .proxied = peer_.proxied};
}

}  // namespace gatepost::pop3::server
