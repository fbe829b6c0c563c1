#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "directory/door.hpp"
#include "imap/protocol/command.hpp"
#include "imap/protocol/receiver.hpp"
#include "imap/server/answer.hpp"
#include "imap/server/commands.hpp"
#include "imap/server/selected.hpp"
#include "imap/server/server.hpp"
#include "runtime/session.hpp"
#include "runtime/workers.hpp"

namespace gatepost::imap::server {

using runtime::Next;
using runtime::Task;

// What all sessions of a server share.
struct Shared {
  explicit Shared(const Services& s);
  Services services;
  Counter &sessions, &commands, &bad_commands, &appended;
};

// What ENABLE and CONDSTORE-enabling commands turned on; stays until the end (RFC 9051 6.3.1).
struct Enabled {
  bool rev2 = false;  // RFC 9051's answers in place of RFC 3501's: ESEARCH, no RECENT, ...
  bool utf8_accept = false;
  bool condstore = false;  // qresync implies it
  bool qresync = false;
};

struct Appending;  // cmd_append.hpp
struct Keywords;

// One conversation (RFC 9051). Belongs to one I/O thread. Each command is a function of cmd_*.cpp; the table that names
// them is in commands.cpp. What follows the runtime's part is for these functions.
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
  runtime::Waiting waiting() const override;

  State state() const;
  const Settings& settings() const { return *settings_; }
  const Services& services() const { return shared_.services; }
  runtime::Workers& workers() const { return shared_.services.workers; }
  Shared& shared() const { return shared_; }
  bool tls() const { return peer_.tls.has_value(); }
  bool offers_starttls() const { return offers_tls_ && !tls(); }
  directory::DoorContext door_context() const;
  const std::string& connection_id() const { return peer_.connection_id; }

  // Where responses go. When output().full(), `co_await output().drain()`; on failure end with peer_gone(). The buffer
  // is one string throughout, empty after a drain.
  std::string& out() { return output_.buffer(); }
  runtime::Output& output() { return output_; }

  // Signed in. The account's calls block: on workers(), but for modseq(), folder(), find_folder(), folders() and
  // keywords(), which are answered from memory.
  account::Account& account() const { return *account_; }
  // State::selected.
  Selected& selected() const { return *selected_; }
  bool has_selected() const { return selected_ != nullptr; }
  void select(std::unique_ptr<Selected> view) { selected_ = std::move(view); }
  // Tells the client that a mailbox is closed now (RFC 9051 7.1, CLOSED).
  void close_selected();

  const Enabled& enabled() const { return enabled_; }
  bool rev2() const { return enabled_.rev2; }
  bool utf8() const { return enabled_.rev2 || enabled_.utf8_accept; }  // for names and quoted strings on the wire
  // FETCH responses nobody asked for name the UID (RFC 7162 3.2.4; RFC 9051 7.5.2 advises it).
  bool news_with_uid() const { return enabled_.rev2 || enabled_.qresync; }
  void enable(const Enabled& more);
  // By FETCH MODSEQ, CHANGEDSINCE, SEARCH MODSEQ, STATUS HIGHESTMODSEQ, ... (RFC 7162 3.1).
  void enable_condstore();

  // The account's keywords, index = KeywordId; told to the client by FLAGS when it has not heard of some of them, so
  // to be called before rows with flags are written, and again with each page. Never blocks.
  std::shared_ptr<const std::vector<std::string>> keywords();
  // A failed call of the account, as this client hears it; what an administrator should know is logged.
  Answer failed(const Error& error);
  // The same for a mailbox that is the target of APPEND, COPY or MOVE: not_found is NO [TRYCREATE].
  Answer failed_target(const Error& error);

  // cmd_authenticate.cpp
  void signed_in(std::unique_ptr<directory::SignedIn> who, std::shared_ptr<account::Account> account);

 private:
  friend struct Authentication;
  friend Task<Answer> run_authenticate(Session&, Command&);
  friend Task<Answer> run_login(Session&, Command&);
  friend Task<Answer> run_idle(Session&, Command&);

  enum class Mode : std::uint8_t { commands, sasl, idle, append };

  Shared& shared_;
  std::shared_ptr<const Settings> settings_;  // shared by the sessions that began under them
  runtime::Peer& peer_;
  runtime::Output& output_;
  std::shared_ptr<runtime::Waker> waker_;  // shared with the door and the account, which wake from any thread
  bool offers_tls_;

  Receiver receiver_;
  std::unique_ptr<directory::SignedIn> signed_in_;
  std::shared_ptr<account::Account> account_;  // shared with whoever else has it open
  std::unique_ptr<Selected> selected_;
  Enabled enabled_;
};

// A row's flags as names. `keywords` as Session::keywords() gives them.
imap::Flags wire_flags(const account::Flags& flags, const std::vector<std::string>& keywords);

}  // namespace gatepost::imap::server
