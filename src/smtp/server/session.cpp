#include "smtp/server/session.hpp"

#include <fmt/format.h>

#include <iterator>

#include "base/ascii.hpp"
#include "smtp/server/events.hpp"

namespace gatepost::smtp::server {
namespace {

// What a web browser that was tricked into talking to us begins with: it must not come as far as commands in its form
// data.
bool is_http(std::string_view line) {
  for (const std::string_view word : {"GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "CONNECT ", "HOST:"}) {
    if (ascii::istarts_with(line, word)) return true;
  }
  return false;
}

}  // namespace

SmtpSession::SmtpSession(Shared& shared, std::shared_ptr<const Settings> settings, Service service, bool starttls,
                         runtime::Peer& peer, runtime::Output& output, std::shared_ptr<runtime::Waker> waker)
    : shared_(shared),
      settings_(std::move(settings)),
      service_(service),
      starttls_(starttls),
      unlimited_(contains(settings_->unlimited, peer.remote.address)),
      peer_(peer),
      output_(output),
      waker_(std::move(waker)),
      counters_(shared.counters(service)) {
  source_.connection_id = peer.connection_id;
  source_.service = to_string(service);
  source_.remote = peer.remote;
  if (peer.tls) {
    source_.tls_version = peer.tls->version;
    source_.tls_cipher = peer.tls->cipher;
  }
  counters_.connections.add();
  counters_.sessions.add(1);
}

SmtpSession::~SmtpSession() { counters_.sessions.add(-1); }

runtime::Task<runtime::Step> SmtpSession::opened() {
  output_.write(fmt::format("220 {} {}\r\n", settings_->hostname, settings_->banner));
  co_return runtime::Step{};
}

runtime::Task<runtime::Step> SmtpSession::step(std::string_view input) {
  const Receiver::Item item = receiver_.next(input);
  const Work work = take(item);
  switch (work) {
    case Work::none:
      break;
    case Work::flush:
      co_await transaction_.intake->flush();
      break;
    case Work::deliver:
      co_await deliver();
      break;
    case Work::sign_in:
      co_await go_on_signing_in();
      break;
    case Work::look_up:
      co_await look_up_recipient();
      break;
  }
  watch_limits();
  co_return runtime::Step{item.consumed, std::exchange(next_, runtime::Next::more)};
}

Work SmtpSession::take(const Receiver::Item& item) {
  switch (item.kind) {
    case Receiver::Kind::need_more:
      return Work::none;
    case Receiver::Kind::line:
      spoke_ = true;
      return mode_ == Mode::sasl ? on_sasl_line(item.text) : on_line(item.text);
    case Receiver::Kind::too_long:
    case Receiver::Kind::bad_line_end:
      spoke_ = true;
      return on_broken_line(item.kind);
    case Receiver::Kind::body:
      return on_body(item);
    case Receiver::Kind::body_end:
      return mode_ == Mode::data ? on_data_end(item) : on_chunk_end(item);
  }
  return Work::none;
}

Work SmtpSession::on_line(std::string_view line) {
  counters_.commands.add();
  auto command = parse_command(line, {.future_release = service_ == Service::submission});
  if (!command) return on_syntax_error(line, command.error());
  const Row& row = row_of(verb(*command));
  if ((row.phases & static_cast<std::uint8_t>(phase_)) == 0) return out_of_sequence(row.verb);
  // RFC 3207 4: everything but a few commands is refused where TLS is required.
  if (tls_is_due() && !row.before_tls) return say(530, {5, 7, 0}, "STARTTLS is needed first");
  return row.run(*this, *command);
}

Work SmtpSession::on_syntax_error(std::string_view line, const SyntaxError& error) {
  if (error.fault == Fault::unknown_command && is_http(line)) {
    return hang_up({421, {4, 7, 0}, "this is a mail server"}, "another protocol");
  }
  // What follows may be a chunk, nobody knows how long.
  if (verb_of(line) == Verb::bdat) return hang_up({421, {4, 5, 2}, error.detail}, "a chunk of unknown size");
  ++bad_;
  counters_.bad_commands.add();
  write(output_.buffer(), reply_for(error));
  return Work::none;
}

Work SmtpSession::on_broken_line(Receiver::Kind kind) {
  counters_.commands.add();
  const bool too_long = kind == Receiver::Kind::too_long;
  if (mode_ == Mode::sasl) {
    // RFC 4954 4
    if (too_long) return cancel_sign_in(500, {5, 5, 6}, "the line is too long");
    return cancel_sign_in(501, {5, 5, 2}, "the line has a CR or LF alone");
  }
  return say(500, {5, 5, 2}, too_long ? "the line is too long" : "the line has a CR or LF alone");
}

// RFC 5321 4.1.4. These do not count as bad commands: with PIPELINING a whole group of them follows one refusal.
Work SmtpSession::out_of_sequence(Verb verb) {
  ++idle_;
  std::string_view text = "end this transaction first";
  if (phase_ == Phase::connected) {
    text = "say EHLO first";
  } else if (phase_ == Phase::chunks) {
    text = "BDAT LAST or RSET must come first";
  } else if (verb == Verb::rcpt || verb == Verb::data) {
    text = "MAIL must come first";
  }
  fmt::format_to(std::back_inserter(output_.buffer()), "503 5.5.1 {}\r\n", text);
  return Work::none;
}

Work SmtpSession::say(int code, EnhancedCode enhanced, std::string_view text) {
  fmt::format_to(std::back_inserter(output_.buffer()), "{} {}.{}.{} {}\r\n", code, enhanced.klass, enhanced.subject,
                 enhanced.detail, text);
  if (code >= 500) {
    ++bad_;
    counters_.bad_commands.add();
  }
  return Work::none;
}

Work SmtpSession::hang_up(const Words& words, std::string_view why) {
  say(words);
  next_ = runtime::Next::close;
  shared_.services.log.write(
      event::kHungUp,
      {{"conn", peer_.connection_id}, {"remote", peer_.remote.to_string()}, {"user", user()}, {"why", why}});
  return Work::none;
}

void SmtpSession::watch_limits() {
  if (next_ != runtime::Next::more) return;
  if (settings_->max_bad_commands != 0 && bad_ >= settings_->max_bad_commands) {
    hang_up({421, {4, 7, 0}, "too many bad commands"}, "too many bad commands");
    peer_.tell(runtime::Conduct::bad_commands);
  } else if (idle_ >= kMaxIdleCommands) {
    hang_up({421, {4, 7, 0}, "too many commands that lead nowhere"}, "too many commands without a message");
  }
}

void SmtpSession::end_transaction() {
  transaction_ = Transaction();
  if (phase_ != Phase::connected) phase_ = Phase::ready;
}

std::string_view SmtpSession::user() const {
  return signed_in_ ? std::string_view(signed_in_->principal().address) : std::string_view();
}

runtime::Task<runtime::Step> SmtpSession::woken() {
  if (signed_in_ && signed_in_->revoked()) {
    shared_.services.log.write(event::kRevoked, {{"conn", peer_.connection_id}, {"user", user()}});
    say(421, {4, 7, 0}, "the account was changed, sign in again");
    co_return runtime::Step{0, runtime::Next::close};
  }
  co_return runtime::Step{};
}

bool SmtpSession::timed_out() {
  shared_.services.log.write(event::kTimedOut,
                             {{"conn", peer_.connection_id}, {"remote", peer_.remote.to_string()}, {"user", user()}});
  say(421, {4, 4, 2}, "waited too long");
  return false;
}

// RFC 5321 4.2.3: 421 as the first reply, too; RFC 2034 4: there without an enhanced status code.
void SmtpSession::turned_away(std::string_view why) {
  output_.write(fmt::format("421 {} Service not available: {}\r\n", settings_->hostname, why));
}

void SmtpSession::stopping() { say(421, {4, 3, 2}, "the server is stopping, try again later"); }

// RFC 5321 3.8: a server that has to close says 421. A client in the middle of a transaction would have to begin it
// again, so it may end it first.
bool SmtpSession::finishing() const {
  return mode_ == Mode::data || mode_ == Mode::chunk || (phase_ != Phase::connected && phase_ != Phase::ready);
}

runtime::Waiting SmtpSession::waiting() const {
  if (mode_ == Mode::data || mode_ == Mode::chunk) return runtime::Waiting::data;
  return spoke_ ? runtime::Waiting::command : runtime::Waiting::greeting;
}

}  // namespace gatepost::smtp::server
