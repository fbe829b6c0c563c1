#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "directory/door.hpp"
#include "pop3/protocol/command.hpp"
#include "pop3/protocol/receiver.hpp"
#include "pop3/server/maildrop.hpp"
#include "pop3/server/reply_for.hpp"
#include "pop3/server/server.hpp"
#include "pop3/server/sign_in_pace.hpp"
#include "runtime/session.hpp"
#include "runtime/workers.hpp"

namespace gatepost::pop3::server {

using runtime::Next;
using runtime::Task;

// What all sessions of a server share.
struct Shared {
  explicit Shared(const Services& s);
  Services services;
  SignInPace pace;
  Counter &sessions, &retrieved, &removed;
};

// One conversation (RFC 1939). The states are AUTHORIZATION and TRANSACTION; UPDATE is what QUIT does. Each command is
// a function of cmd_*.cpp; the table that names them is in
// commands.cpp.
class Session final : public runtime::Session {
 public:
  Session(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer, runtime::Output& output,
          std::shared_ptr<runtime::Waker> waker, bool offers_tls);
  ~Session() override;

  Task<runtime::Step> opened() override;
  Task<runtime::Step> step(std::string_view input) override;
  Task<runtime::Step> woken() override;
  void tls_started(const runtime::TlsFacts& facts) override;
  bool timed_out() override;
  void stopping() override;
  void turned_away(std::string_view why) override;
  bool finishing() const override;
  runtime::Waiting waiting() const override;
  std::size_t max_buffered() const override { return 16 << 10; }

  // cmd_capa.cpp
  Task<Next> capa(Command command);
  // cmd_sign_in.cpp
  Task<Next> user(Command command);
  Task<Next> pass(Command command);
  Task<Next> auth(Command command);
  // cmd_list.cpp
  Task<Next> stat(Command command);
  Task<Next> list(Command command);
  Task<Next> uidl(Command command);
  // cmd_retrieve.cpp
  Task<Next> retr(Command command);
  Task<Next> top(Command command);
  // cmd_quit.cpp
  Task<Next> quit(Command command);
  // cmd_small.cpp
  Task<Next> dele(Command command);
  Task<Next> noop(Command command);
  Task<Next> rset(Command command);
  Task<Next> stls(Command command);
  Task<Next> utf8(Command command);
  Task<Next> lang(Command command);

  bool in_transaction() const { return maildrop_ != nullptr; }

 private:
  // What signing in came to: more to ask, in, or not.
  struct Entered {
    std::unique_ptr<directory::SignedIn> who;
    std::unique_ptr<Maildrop> maildrop;
  };
  struct TooSoon {};
  using Entry = std::variant<sasl::Challenge, Entered, TooSoon, Error>;

  // session.cpp
  Task<Next> line(std::string_view text);
  Task<Next> command_line(std::string_view text);
  Next bad(std::string_view words);
  Next refuse(Errc code);
  bool known(std::uint32_t number);  // false: told that there is no such message
  bool tls() const { return peer_.tls.has_value(); }
  bool may_start_tls() const { return offers_tls_ && !tls(); }
  directory::DoorContext door_context() const;
  std::string& out() { return output_.buffer(); }
  void farewell();

  // cmd_sign_in.cpp
  Task<Next> sasl_line(std::string text);
  Entry enter(directory::SignInStep step);                // blocks
  Entry enter(std::unique_ptr<directory::SignedIn> who);  // blocks
  Next settle(Entry entry);
  Next sign_in_failed(const Error& error);

  // cmd_list.cpp
  Task<Next> listing(std::optional<std::uint32_t> only, bool unique_ids);
  // cmd_retrieve.cpp
  Task<Next> retrieve(std::uint32_t number, std::optional<std::uint32_t> lines);

  Shared& shared_;
  std::shared_ptr<const Settings> settings_;  // shared by the sessions that began under them
  runtime::Peer& peer_;
  runtime::Output& output_;
  std::shared_ptr<runtime::Waker> waker_;  // shared with what may outlive the session
  bool offers_tls_;

  Receiver receiver_;
  std::string user_;                            // of USER, until PASS
  std::unique_ptr<directory::SignIn> sign_in_;  // an exchange of AUTH is running
  std::unique_ptr<directory::SignedIn> signed_in_;
  std::unique_ptr<Maildrop> maildrop_;  // TRANSACTION state
  std::uint32_t bad_commands_ = 0, failed_sign_ins_ = 0, retrieved_ = 0, removed_ = 0;
  bool utf8_ = false, heard_ = false;
};

}  // namespace gatepost::pop3::server
