#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "directory/directory.hpp"
#include "imap/protocol/command_list.hpp"
#include "imap/protocol/command_notify.hpp"
#include "imap/server/mailbox.hpp"
#include "imap/server/mailbox_filter.hpp"

namespace gatepost::imap::server {

class Session;

inline constexpr std::size_t kMaxAccountsHeard = 100;  // of others

// What a client wants to hear all the time, whatever it does (RFC 5465), as the last NOTIFY said. Keeps no news: they
// are in the accounts, and cost what happened.
class Notifications {
 public:
  // NOTIFY NONE.
  Notifications() = default;
  // NOTIFY SET; listen() is still to come.
  explicit Notifications(Notify wanted);

  // Of the selected mailbox, whichever it is (RFC 5465 6.1).
  struct OfSelected {
    bool messages = true, flags = true;
    bool delayed = false;                   // that messages vanished waits for a command
    const FetchItems* new_items = nullptr;  // null: none
  };
  const OfSelected& of_selected() const { return of_selected_; }
  bool wants_metadata() const;

  // Begins to hear of one's own account, and of those of others that the choice reaches into; those that share nothing
  // any more are let go. `tell`: what is there for the client to see since then is news. Errc::limit: they are more
  // than kMaxAccountsHeard. Blocks.
  Result<> listen(Session& session, bool tell);
  // Whether listen() would find others than last time.
  bool is_stale() const { return stale_ && stale_->load(std::memory_order_acquire); }

  // Mailboxes whose messages are heard of now, and those that were asked for but may only be looked up (RFC 5465 3.1).
  struct Standing {
    std::vector<std::pair<Mailbox, NotifyEvents>> heard;
    std::vector<Mailbox> refused;
  };
  Result<Standing> standing(const Session& session) const;

  // What this client did itself is no news for it (RFC 5465 5); until the next collect().
  void did(const account::Account& account, account::FolderEvent event);

  // All names as the client knows them.
  struct News {
    struct Name {
      std::string name;
      std::optional<std::string> old_name;
    };
    std::vector<Name> names;                                  // each once
    std::vector<std::pair<Mailbox, StatusItems>> mailboxes;   // each once, with the items that changed
    std::map<std::string, std::vector<std::string>> entries;  // annotations that changed, by mailbox
    bool overflow = false;                                    // more happened than is known: NOTIFICATIONOVERFLOW
  };
  // What happened since the last call. Does not block.
  Result<News> collect(const Session& session);

 private:
  // An account that is listened to.
  struct Source {
    Location place;  // its top
    std::unique_ptr<account::Watch> watch;
    account::Modseq since = 0, entries_since = 0;
    std::map<account::FolderId, std::string> seen;  // another's: paths the client may look up, as it has heard of them
    bool gone = false;                              // shares nothing any more
  };
  struct Own {
    account::AccountId account;
    account::FolderEvent event;
  };
  // How names are judged within one call.
  struct View {
    const Session& session;
    std::vector<std::string> subscriptions;
  };
  using Mailboxes = std::map<account::FolderId, std::pair<Mailbox, StatusItems>>;

  Result<View> view(const Session& session) const;
  NotifyEvents events_of(const Candidate& mailbox) const;
  NotifyEvents events_of(const View& view, const Source& source, const account::Folder& folder) const;
  NotifyEvents events_of_name(const View& view, const std::string& name, bool subscribed) const;
  bool wants_names() const;
  bool reaches(std::string_view root, const std::vector<std::string>& subscriptions) const;
  bool is_own(const Source& source, const account::FolderEvent& event) const;
  bool is_own_name(const Source& source, account::FolderEvent::What what, const std::string& path) const;
  void begin(Session& session, Location place);

  Result<> collect_from(Source& source, const View& view, News& news);
  void add_mailbox(const Source& source, const View& view, const account::FolderEvent& event, Mailboxes& out) const;
  void add_own_name(const Source& source, const View& view, const account::FolderEvent& event, News& news);
  void compare(Source& source, const View& view, News& news) const;
  void add_entries(Source& source, const View& view, News& news) const;

  std::vector<NotifyGroup> groups_;  // without those of the selected mailbox
  FetchItems new_items_;
  OfSelected of_selected_{.messages = false, .flags = false, .delayed = false, .new_items = nullptr};
  std::vector<Source> sources_;               // one's own is the first
  std::shared_ptr<std::atomic<bool>> stale_;  // shared with the directory's callback, which runs on any thread
  std::unique_ptr<directory::ShareWatch> shares_;
  bool compare_all_ = false;
  std::vector<Own> own_;
};

// What STATUS tells when these are wanted (RFC 5465 3.1).
StatusItems first_status(NotifyEvents events);

}  // namespace gatepost::imap::server
