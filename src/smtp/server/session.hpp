#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>

#include "directory/door.hpp"
#include "runtime/session.hpp"
#include "smtp/protocol/receiver.hpp"
#include "smtp/server/commands.hpp"
#include "smtp/server/reply_for.hpp"
#include "smtp/server/shared.hpp"
#include "smtp/server/transaction.hpp"

namespace gatepost::smtp::server {

// Commands between two messages that do no harm and lead nowhere (NOOP, RSET, EHLO, ...).
inline constexpr std::uint32_t kMaxIdleCommands = 200;
// Aliases may multiply what one message goes to.
inline constexpr std::size_t kMaxDestinations = 50'000;

// One conversation with an SMTP client (RFC 5321 3): its state, and nothing else. The handlers of the commands are in
// cmd_*.cpp; each writes its reply at once, or leaves Work that step() waits for.
class SmtpSession final : public runtime::Session {
 public:
  SmtpSession(Shared& shared, std::shared_ptr<const Settings> settings, Service service, bool starttls,
              runtime::Peer& peer, runtime::Output& output, std::shared_ptr<runtime::Waker> waker);
  ~SmtpSession() override;
  SmtpSession(const SmtpSession&) = delete;
  SmtpSession& operator=(const SmtpSession&) = delete;

  runtime::Task<runtime::Step> opened() override;
  runtime::Task<runtime::Step> step(std::string_view input) override;
  runtime::Task<runtime::Step> woken() override;
  void tls_started(const runtime::TlsFacts& facts) override;
  bool timed_out() override;
  void stopping() override;
  void turned_away(std::string_view why) override;
  bool finishing() const override;
  runtime::Waiting waiting() const override;
  std::size_t max_buffered() const override { return 64 << 10; }

  // Handlers, for the table in commands.cpp.
  Work on_hello(Hello& hello);
  Work on_mail(Mail& mail);
  Work on_rcpt(Rcpt& rcpt);
  runtime::Task<> look_up_recipient();
  Work take_recipient(Rcpt& rcpt, std::expected<mailflow::Recipient, mailflow::RecipientRefusal> recipient);
  Work on_data(Data&);
  Work on_bdat(Bdat& bdat);
  Work on_rset(Rset&);
  Work on_noop(Noop&);
  Work on_quit(Quit&);
  Work on_vrfy(Vrfy&);
  Work on_expn(Expn&);
  Work on_help(Help&);
  Work on_starttls(StartTls&);
  Work on_auth(Auth& auth);

 private:
  enum class Mode : std::uint8_t { commands, sasl, data, chunk };

  // session.cpp
  Work take(const Receiver::Item& item);
  Work on_line(std::string_view line);
  Work on_broken_line(Receiver::Kind kind);
  Work on_syntax_error(std::string_view line, const SyntaxError& error);
  Work out_of_sequence(Verb verb);
  // Writes a reply of one line; `text` is of our own making. A permanent failure counts as a bad command.
  Work say(int code, EnhancedCode enhanced, std::string_view text);
  Work say(const Words& words) { return say(words.code, words.enhanced, words.text); }
  // The last reply before the connection is closed. `why`: for the log.
  Work hang_up(const Words& words, std::string_view why);
  void watch_limits();
  void end_transaction();
  std::string_view user() const;
  bool tls() const { return peer_.tls.has_value(); }
  bool tls_is_due() const { return service_ == Service::smtp && settings_->require_tls && !tls(); }

  // cmd_auth.cpp
  directory::DoorContext door_context() const;
  Work on_sasl_line(std::string_view line);
  Work cancel_sign_in(int code, EnhancedCode enhanced, std::string_view text);
  runtime::Task<> go_on_signing_in();
  void signed_in(std::unique_ptr<directory::SignedIn> who);

  // cmd_mail.cpp
  Work refuse_sender(const Words& words, std::string_view reverse_path, std::string_view detail = {});
  std::optional<Words> check_mail(const Mail& mail) const;
  bool within_rate();
  // cmd_rcpt.cpp
  Work refuse_recipient(const Words& words, std::string_view address);

  // cmd_data.cpp
  std::optional<Words> begin_content();
  std::optional<Words> check_chunk(const Bdat& bdat);
  Work on_body(const Receiver::Item& item);
  Work on_data_end(const Receiver::Item& item);
  Work on_chunk_end(const Receiver::Item& item);
  Work end_refused_chunk();
  bool append(std::string_view text);
  Work refuse_bare_line_ends();
  runtime::Task<> deliver();

  Shared& shared_;
  const std::shared_ptr<const Settings> settings_;  // shared with the server, which may get others meanwhile
  const Service service_;
  const bool starttls_;   // the listener can do it
  const bool unlimited_;  // the peer's address is on the list
  runtime::Peer& peer_;
  runtime::Output& output_;
  std::shared_ptr<runtime::Waker> waker_;  // also held by the door, which wakes sessions from any thread
  Counters& counters_;

  Receiver receiver_;
  Mode mode_ = Mode::commands;
  Phase phase_ = Phase::connected;
  bool spoke_ = false;  // the client sent something
  runtime::Next next_ = runtime::Next::more;
  mailflow::Source source_;  // what is known of the client by now
  Transaction transaction_;

  // The chunk that is coming.
  bool last_chunk_ = false;
  std::uint64_t chunk_octets_ = 0;
  std::optional<Words> chunk_refusal_;  // its octets are dropped, then this is the reply

  std::unique_ptr<directory::SignIn> sign_in_;  // while it goes on
  bool sign_in_began_ = false;
  std::optional<Secret> response_;  // for it
  std::optional<Rcpt> sought_;      // while another directory is asked for it
  std::unique_ptr<directory::SignedIn> signed_in_;

  std::uint32_t bad_ = 0, idle_ = 0;  // commands since the last message
  std::uint32_t messages_ = 0;
};

}  // namespace gatepost::smtp::server
