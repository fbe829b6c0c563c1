#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "account/account.hpp"
#include "base/clock.hpp"
#include "imap/server/section.hpp"
#include "imap/server/uid_pages.hpp"
#include "mime/structure.hpp"

namespace gatepost::imap::server {

// Looks at what is kept of messages beside their bodies, in the order of their UIDs and in jobs of bounded length: for
// putting them into order.
class HeadWalk {
 public:
  // `head`: parts[0] and its envelope, null when it is not needed; lives for the call. What could not be read is empty.
  using Visit = std::function<Result<>(const account::Row& row, const mime::Structure* head)>;
  using NeedsHead = std::function<bool(const account::Row& row)>;
  // All of these outlive it.
  HeadWalk(account::Account& account, account::FolderId folder, const NumberSet& uids, NeedsHead needs_head,
           const Clock& clock, Visit visit);

  // Goes on for a while. False: done. Blocks.
  Result<bool> next();
  std::uint64_t left() const { return pages_.left() + rows_.size() - at_; }  // messages not looked at yet
  // At the end.
  bool missing() const { return missing_; }                       // some messages were gone
  const std::optional<Error>& damage() const { return damage_; }  // the first that could not be read

 private:
  Result<> read_rows();
  Result<> read_some();
  Result<> look_at(const account::Row& row, const account::Item& item);

  account::Account& account_;
  const account::FolderId folder_;
  const NeedsHead needs_head_;
  const Clock& clock_;
  const Visit visit_;
  UidPages pages_;
  MessageReader reader_;
  mime::Structure head_, nothing_;
  std::vector<account::Row> rows_;  // of the page
  std::size_t at_ = 0;
  bool missing_ = false;
  std::optional<Error> damage_;
};

}  // namespace gatepost::imap::server
