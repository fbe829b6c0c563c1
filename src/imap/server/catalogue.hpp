#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imap/server/mailbox.hpp"
#include "sharing/rights.hpp"

namespace gatepost::imap::server {

class Session;

// A name that LIST may tell.
struct Listed {
  std::string_view name;
  const account::Folder* folder = nullptr;  // null: it only holds others, and is no mailbox for this client
  const Location* place = nullptr;          // its account; null together with `folder`
  sharing::Rights rights;                   // of the client
  bool own() const { return place == nullptr || place->own(); }
  Mailbox mailbox() const { return {*place, *folder, rights}; }
};

// All mailboxes of one's own, and those of others that the client has the right to look up, each with the names above
// it. By name; views live as long as this.
class Catalogue {
 public:
  // `foreign`: with those of others. Blocks when there are any.
  static Result<std::unique_ptr<Catalogue>> make(const Session& session, bool foreign);

  const std::vector<Listed>& all() const { return all_; }
  const Listed* find(std::string_view name) const;  // null: no such name
  bool has_children(std::string_view name) const;

 private:
  void add_removed(const Session& session);
  void add(const Session& session, Location place);
  void add_parents();

  using Folders = std::shared_ptr<const std::vector<account::Folder>>;
  std::deque<Location> places_;
  std::vector<Folders> folders_;
  std::optional<account::Folder> removed_;
  std::deque<std::string> names_;  // of others' mailboxes, and of what only holds some
  std::vector<Listed> all_;
};

}  // namespace gatepost::imap::server
