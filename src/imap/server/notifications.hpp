#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "imap/protocol/command_list.hpp"
#include "imap/protocol/command_notify.hpp"

namespace gatepost::imap::server {

// What a client wants to hear all the time, whatever it does (RFC 5465), as the last NOTIFY said. Keeps no news: they
// are in the account, and cost what happened.
class Notifications {
 public:
  // NOTIFY NONE.
  Notifications() = default;
  // NOTIFY SET. `since`: the account's version when `watch` had begun.
  Notifications(Notify wanted, std::unique_ptr<account::Watch> watch, account::Modseq since);

  // Of the selected mailbox, whichever it is (RFC 5465 6.1).
  struct OfSelected {
    bool messages = true, flags = true;
    bool delayed = false;                   // that messages vanished waits for a command
    const FetchItems* new_items = nullptr;  // null: none
  };
  const OfSelected& of_selected() const { return of_selected_; }
  // Events with messages that are wanted of a mailbox that is not selected.
  NotifyEvents of_messages(const account::Folder& folder) const;

  // What this client did itself is no news for it (RFC 5465 5); until the next collect().
  void did(account::FolderEvent event);

  struct News {
    struct Name {
      std::string path;
      std::optional<std::string> old_path;
    };
    std::vector<Name> names;  // each once
    // Each once, with the items that changed.
    std::vector<std::pair<account::Folder, StatusItems>> mailboxes;
    bool overflow = false;  // more happened than is known: NOTIFICATIONOVERFLOW
  };
  // What happened since the last call. `condstore`: modseqs are told. Does not block.
  Result<News> collect(account::Account& account, std::optional<account::FolderId> selected, bool condstore);

 private:
  bool wants_names() const;
  bool wants(NotifyEvent event, std::string_view path, bool subscribed) const;
  bool is_own(const account::FolderEvent& event) const;
  void add_name(account::Account& account, const account::FolderEvent& event, News& news) const;

  std::vector<NotifyGroup> groups_;  // without those of the selected mailbox
  FetchItems new_items_;
  OfSelected of_selected_{.messages = false, .flags = false, .delayed = false, .new_items = nullptr};
  std::unique_ptr<account::Watch> watch_;
  account::Modseq since_ = 0;
  std::vector<account::FolderEvent> own_;
};

// What STATUS tells when these are wanted (RFC 5465 3.1).
StatusItems first_status(NotifyEvents events);

}  // namespace gatepost::imap::server
