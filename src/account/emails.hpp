#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "account/types.hpp"
#include "base/result.hpp"
#include "store/key_value.hpp"

// Emails as the account keeps them: a message and its copies, each an item with a place and flags of its own, are one
// email, named by the first of them also when that is gone (RFC 8474 5.1, RFC 8621 4). All over one snapshot; blocks.
namespace gatepost::account {

// Where emails are, in the order asked: each message that is in a folder, the first one first. `copies`: whether the
// account has any; without, each email is looked up once.
Result<std::vector<std::vector<Placed>>> messages_of(store::Snapshot& snapshot, std::span<const ItemId> emails,
                                                     bool copies);
// The emails of a conversation, by id.
Result<std::vector<ItemId>> emails_of_thread(store::Snapshot& snapshot, ItemId thread);

// What happened to one thing, as far as it matters to who saw it before the first and sees it after the last.
class Fate {
 public:
  using What = AccountChanges::What;
  void add(What what) {
    if (what == What::created && !seen_) was_there = false;
    seen_ = true;
    is_there = what != What::destroyed;
  }
  std::optional<What> sum() const {
    if (was_there) return is_there ? What::updated : What::destroyed;
    return is_there ? std::optional(What::created) : std::nullopt;
  }

  bool was_there = true, is_there = true;
  ItemId thread{}, email{};  // of an item

 private:
  bool seen_ = false;
};

// What that is for emails, by id. `items`: all that anything happened to, up to version `to`.
Result<std::vector<AccountChanges::OfEmail>> emails_changed(store::Snapshot& snapshot,
                                                            const std::map<std::uint64_t, Fate>& items, Modseq to,
                                                            bool copies);

}  // namespace gatepost::account
