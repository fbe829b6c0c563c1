#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "account/account.hpp"
#include "directory/door.hpp"
#include "imap/protocol/command.hpp"
#include "imap/protocol/command_append.hpp"
#include "imap/protocol/fetch_response.hpp"
#include "imap/protocol/receiver.hpp"
#include "imap/server/answer.hpp"
#include "imap/server/clients.hpp"
#include "imap/server/collation.hpp"
#include "imap/server/commands.hpp"
#include "imap/server/head_keys.hpp"
#include "imap/server/mailbox.hpp"
#include "imap/server/notifications.hpp"
#include "imap/server/preview_cache.hpp"
#include "imap/server/selected.hpp"
#include "imap/server/server.hpp"
#include "runtime/session.hpp"
#include "runtime/workers.hpp"
#include "sharing/sharing.hpp"

namespace gatepost::imap::server {

using runtime::Next;
using runtime::Task;

// What all sessions of a server share.
struct Shared {
  explicit Shared(const Services& s);
  Services services;
  Counter &sessions, &commands, &bad_commands, &appended;
  Gauge& idling;
  Clients clients;
  PreviewCache previews;
  HeadKeys head_keys;
  std::atomic<std::uint32_t> last_validity{0};  // given to a mailbox whose UIDs are not kept; they grow
};

// What ENABLE and CONDSTORE-enabling commands turned on; stays until the end (RFC 9051 6.3.1).
struct Enabled {
  bool rev2 = false;  // RFC 9051's answers in place of RFC 3501's: ESEARCH, no RECENT, ...
  bool utf8_accept = false;
  bool condstore = false;  // qresync implies it
  bool qresync = false;
  bool metadata = false;  // RFC 5464 4.1: changes of annotations are told
  bool uid_only = false;  // RFC 9586: no sequence numbers any more, in neither direction
};

struct Appending;  // cmd_append.hpp

// Of those who did not sign in.
// The longest bearer token in base64 fits (sasl::kMaxTokenMessageOctets).
inline constexpr ReceiverLimits kLimitsOutside{.max_line_octets = 13 << 10, .max_literal_octets = 8 << 10};

// One conversation (RFC 9051). Belongs to one I/O thread. Each command is a function of cmd_*.cpp; the table that names
// them is in commands.cpp. What follows the runtime's part is for these functions.
class Session final : public runtime::Session {
 public:
  Session(Shared& shared, std::shared_ptr<const Settings> settings, runtime::Peer& peer, runtime::Output& output,
          std::shared_ptr<runtime::Waker> waker, bool offers_tls);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Task<runtime::Step> opened() override;
  Task<runtime::Step> step(std::string_view input) override;
  Task<runtime::Step> woken() override;
  void tls_started(const runtime::TlsFacts& facts) override;
  bool timed_out() override;
  void stopping() override;
  void turned_away(std::string_view why) override;
  void announced(std::string_view text) override;
  runtime::Waiting waiting() const override;
  std::size_t max_buffered() const override { return 64 << 10; }

  State state() const;
  const Settings& settings() const { return *settings_; }
  const Services& services() const { return shared_.services; }
  runtime::Workers& workers() const { return shared_.services.workers; }
  bool tls() const { return peer_.tls.has_value(); }
  bool offers_starttls() const { return offers_tls_ && !tls(); }
  directory::DoorContext door_context() const;
  PreviewCache& previews() const { return shared_.previews; }
  HeadKeys& head_keys() const { return shared_.head_keys; }
  const std::string& connection_id() const { return peer_.connection_id; }

  // Where responses go. When output().full(), `co_await output().drain()`; on failure end with peer_gone(). The buffer
  // is one string throughout, empty after a drain.
  std::string& out() { return output_.buffer(); }
  runtime::Output& output() { return output_; }
  // The two together: false when the peer is gone.
  Task<bool> drain_if_full();

  // Signed in. The accounts' calls block: on workers(), but for modseq(), folder(), find_folder(), folders(), quota(),
  // grants() and keywords(), which are answered from memory.
  // The account of the selected mailbox, or of whoever signed in when none is selected.
  account::Account& account() const { return selected_ ? selected_->account() : *own_account_; }
  account::Account& own_account() const { return *own_account_; }
  const directory::Principal& principal() const { return signed_in_->principal(); }
  // RFC 9698 3: there is JMAP, and what the client signed in with lets it in there.
  bool opens_jmap() const { return !settings_->jmap_session.empty() && signed_in_ && signed_in_->opens_http(); }
  const sharing::Sharing& sharing() const { return sharing_; }
  // Every mailbox's name goes through one of these. Errc::not_found: there is none to be seen by this name;
  // Errc::forbidden: `needed` is not there. Names of others' block: mailbox_of() and place_of() on a worker.
  Result<Location> place_of(std::string_view name) const;
  Result<Mailbox> mailbox_of(std::string_view name, sharing::Rights needed = {}) const;
  Task<Result<Mailbox>> find_mailbox(std::string name, sharing::Rights needed = {}) const;
  // Whether something may be made there: the right to create in the nearest folder on the way. From memory.
  Result<> may_create(const Location& place) const;
  // Whether there is a folder below this one that the client may know of.
  bool sees_children(const Location& place, const account::Folder& folder) const;
  // What the client may do where these are granted, and in the selected mailbox now. From memory.
  sharing::Rights rights_in(const account::Account& account, const account::Grants* grants) const;
  sharing::Rights selected_rights() const;
  // The flags that this client may change for good (RFC 4314 5.1.1).
  void write_permanent_flags(const std::vector<std::string>& keywords);
  // State::selected.
  Selected& selected() const { return *selected_; }
  bool has_selected() const { return selected_ != nullptr; }
  void select(std::unique_ptr<Selected> view);
  // Tells the client that the mailbox is closed now (RFC 9051 7.1, CLOSED).
  void close_selected();

  const Enabled& enabled() const { return enabled_; }
  bool rev2() const { return enabled_.rev2; }
  bool utf8() const { return enabled_.rev2 || enabled_.utf8_accept; }  // for names and quoted strings on the wire
  // Which number a FETCH response about this message of the selected mailbox begins with (RFC 9586 3.3: its UID).
  FetchName fetch_name(account::Uid uid) const {
    return enabled_.uid_only ? FetchName{uid, true} : FetchName{selected_->uids().rank(uid), false};
  }
  // ID: what the client says of itself.
  void identify(const Id& id);
  // LANGUAGE: what people are told in from now on, a number of languages.hpp.
  std::size_t language() const { return language_; }
  void speak(std::size_t language) { language_ = language; }
  // COMPARATOR: by what texts are compared from now on.
  const Collation& collation() const { return collation_; }
  void compare_by(const Collation& collation) { collation_ = collation; }
  const ClientSwitch* client_switch() const { return switch_; }  // none: nothing is different for it
  bool compressed() const { return compressed_; }
  void sign_out();
  // FETCH responses nobody asked for name the UID (RFC 7162 3.2.4, RFC 5465 5.1; RFC 9051 7.5.2 advises it).
  bool news_with_uid() const {
    return (enabled_.rev2 || enabled_.qresync || notifications_ != nullptr) && !enabled_.uid_only;
  }
  void enable(const Enabled& all);
  // Of this session alone, while it lives.
  std::uint64_t token() const { return reinterpret_cast<std::uintptr_t>(this); }
  // By FETCH MODSEQ, CHANGEDSINCE, SEARCH MODSEQ, STATUS HIGHESTMODSEQ, ... (RFC 7162 3.1).
  void enable_condstore() { enabled_.condstore = true; }

  // The account's keywords, index = KeywordId; told to the client by FLAGS when it has not heard of some of them, so
  // to be called before rows with flags are written, and again with each page. In another's folder only those are told
  // that its messages have: `about` names them, once it is known which message is written next. Does not block.
  std::shared_ptr<const std::vector<std::string>> keywords(const account::Flags& about = {});
  // What FLAGS may name in the selected mailbox. `all`: as keywords() gives them.
  imap::Flags known_flags(const std::vector<std::string>& all) const;
  // A failed call of the account, as this client hears it; what an administrator should know of is logged.
  Answer failed(const Error& error);
  // The same for a mailbox that APPEND, COPY or MOVE name as target: not_found is NO [TRYCREATE].
  Answer failed_target(const Error& error);

  // Between the steps of a command that may take long: how far it is, now and then (RFC 9585). False: the peer is gone.
  Task<bool> tell_progress(std::uint64_t done, std::uint64_t goal);

  // What the client does not know yet of the selected mailbox, unless it wants to hear nothing; finish() of every
  // command does so. `vanished_allowed`: not within FETCH, STORE and SEARCH by sequence numbers (RFC 9051 7.5.1).
  // `whole`: all of it, because the command's own outcome is among it. False: the connection is to end.
  Task<bool> tell_news(bool vanished_allowed, bool whole = false);

  // cmd_notify.cpp
  // What NOTIFY wants from now on; null: as if it had never been used.
  void notify(std::unique_ptr<Notifications> wanted);
  std::unique_ptr<account::Watch> watch(account::Account& account);  // wakes this session
  // The same when others begin or cease to share something; sets `changed`.
  std::unique_ptr<directory::ShareWatch> watch_shares(std::shared_ptr<std::atomic<bool>> changed);
  // This client did that itself: it is no news for it.
  void did(const account::Account& account, account::FolderEvent event) {
    if (notifications_) notifications_->did(account, std::move(event));
  }

 private:
  friend Task<Answer> run_authenticate(Session&, Command&);
  friend Task<Answer> run_login(Session&, Command&);
  friend Task<Answer> run_idle(Session&, Command&);

  // Between two items of the input.
  enum class Mode : std::uint8_t { commands, sasl, idle };
  // What signing in came to: more to ask, in, not, or right but not possible now.
  struct Entered {
    std::unique_ptr<directory::SignedIn> who;
    std::shared_ptr<account::Account> account;
  };
  struct NotOpened {
    Error error;
  };
  using Entry = std::variant<sasl::Challenge, Entered, NotOpened, Error>;

  // session.cpp
  Task<Next> take(Receiver::Item item);
  Task<Next> on_command(std::string_view text);
  Task<Next> on_line(std::string_view text);
  Task<Next> on_literal(Receiver::Item item);
  Next on_syntax_error(std::string_view text, const SyntaxError& error);
  Next refuse_literal(const Receiver::Item& item);
  Next on_refused(const Receiver::Item& item);
  // The end of the command `tag`.
  Task<Next> finish(std::string tag, Verb verb, bool vanished_allowed, Answer answer);
  Next count_bad(bool bad);
  bool tells_news_after(Verb verb) const;
  Next bye(std::string_view code, std::string_view text);
  Next hang_up(std::string_view text, std::string_view why);
  bool revoked() const { return signed_in_ && signed_in_->revoked(); }
  Next farewell_revoked();
  Next farewell_lost();
  bool lost_selected() const;  // the right to read it

  // access.cpp
  std::optional<Mailbox> removed_mailbox(std::string_view name) const;
  imap::Flags permanent_flags(const std::vector<std::string>& keywords) const;
  void tell_rights();

  // cmd_notify.cpp
  Notifications::OfSelected wanted_of_selected() const;
  Task<bool> tell_other_news();
  void watch_selected();
  Task<bool> write_new_messages(NumberSet uids, FetchItems items);

  // news.cpp
  Task<bool> write_news(News news);
  Task<bool> write_vanished_news(const NumberSet& vanished);
  Task<bool> write_changed_news(News news);
  Task<std::vector<ContextChange>> look_at_contexts(NumberSet messages);
  Task<bool> write_arrived(const NumberSet& arrived, const std::vector<ContextChange>& changes);
  void write_context_changes(const SearchContext& context, const ContextChange& change);

  // cmd_metadata.cpp
  void tell_metadata();
  void tell_metadata(const Location& place, account::Modseq& since);

  // cmd_authenticate.cpp
  Task<Next> sasl_line(std::string text);
  Entry enter(directory::SignInStep step);                // blocks
  Entry enter(std::unique_ptr<directory::SignedIn> who);  // blocks
  Answer settle(Entry entry);
  Answer sign_in_failed(Answer answer);

  // cmd_idle.cpp
  Task<Next> idle_line(std::string_view text);
  void end_idle();

  // cmd_append.cpp
  Task<Next> append_header(Receiver::Item item, Verb verb);
  Task<Next> append_message(LiteralHeader literal);
  Result<> append_find_target();               // blocks
  Result<> append_room(std::uint64_t octets);  // once there is a target
  std::optional<Answer> check_replace();
  std::optional<Answer> check_message();
  Task<std::optional<Answer>> append_steps();
  Result<> append_step(const CatenateStep& step);                                                       // blocks
  Result<> read_step_url(std::string_view url, const std::function<Result<>(std::string_view)>& take);  // blocks
  Result<> append_finish();                                                                             // blocks
  Result<> append_octets_of(std::string_view piece);                                                    // blocks
  Task<Next> append_part(LiteralHeader literal);
  Task<Next> append_whole(std::string_view text);
  Task<Next> append_commit_and_tell();
  Result<account::Appended> append_commit();  // blocks
  std::optional<Answer> check_append(const LiteralHeader& literal);
  Task<Next> append_octets(std::string_view octets, bool last);
  Task<Next> append_end(std::string_view text);
  Task<Next> append_complete(std::string_view text, const SyntaxError* fault);
  Task<Next> append_done(Answer answer);
  Result<> append_store(std::string_view octets, bool last);  // blocks

  Shared& shared_;
  std::shared_ptr<const Settings> settings_;  // shared by the sessions that began under them
  runtime::Peer& peer_;
  runtime::Output& output_;
  std::shared_ptr<runtime::Waker> waker_;  // shared with the door and the account, which wake from any thread
  Receiver receiver_;
  std::string tag_;                             // of the command that goes on: AUTHENTICATE, IDLE
  std::unique_ptr<directory::SignIn> sign_in_;  // AUTHENTICATE
  std::unique_ptr<directory::SignedIn> signed_in_;
  std::shared_ptr<account::Account> own_account_;  // shared with whoever else has it open
  sharing::Sharing sharing_;
  std::unique_ptr<Selected> selected_;
  std::unique_ptr<account::Watch> watch_;           // IDLE
  std::unique_ptr<account::Watch> metadata_watch_;  // IDLE, of one's own account
  account::Modseq metadata_since_ = 0;              // of its annotations all is told up to here
  std::unique_ptr<Notifications> notifications_;    // NOTIFY; null: it was not used
  std::unique_ptr<account::Watch> selected_watch_;  // with it, of another's account
  std::unique_ptr<Appending> appending_;            // APPEND
  std::string running_;                             // tag of the command that runs
  SteadyPoint progress_at_{};                       // when its client heard of it last
  std::string client_;                              // counted under this name; "": has not said
  const ClientSwitch* switch_ = nullptr;            // of settings_
  std::uint32_t commands_ = 0, bad_ = 0, failed_sign_ins_ = 0;
  Mode mode_ = Mode::commands;
  Enabled enabled_;
  std::size_t language_ = 0;
  Collation collation_;
  const bool offers_tls_;
  bool heard_ = false, compressed_ = false;
};

// How a command ends that worked on messages. `lowest`: the limit left those from this UID on (RFC 9738 3.1); 0: all.
Answer end_within_limit(Session& session, account::Uid lowest, bool missing);

// A row's flags as names. `keywords` as Session::keywords() gives them.
imap::Flags wire_flags(const account::Flags& flags, const std::vector<std::string>& keywords);
// All of them, for FLAGS and PERMANENTFLAGS.
imap::Flags all_flags(const std::vector<std::string>& keywords);

// CAPABILITY's words, for code::capability() and write_capability().
std::vector<std::string_view> views(const std::vector<std::string>& texts);

}  // namespace gatepost::imap::server
