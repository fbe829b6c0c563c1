#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "account/account.hpp"

// Where the user wants a mailbox among others (RFC 8621 2, sortOrder).
namespace gatepost::jmap {

inline constexpr std::uint32_t kMaxSortOrder = 0x7fff'ffff;  // RFC 8621 2: below 2^31

// Kept with the folder; null: as its role has it. Blocks.
Result<> set_sort_order(account::Account& account, account::FolderId folder, std::optional<std::uint32_t> order);

// What was set, of accounts that were asked for lately; following an account costs what was set since. Thread-safe.
class SortOrders {
 public:
  using Orders = std::map<account::FolderId, std::uint32_t>;
  // Of `folders`. Blocks. Errors as Account::annotations().
  Result<std::shared_ptr<const Orders>> of(account::Account& account, const std::vector<account::Folder>& folders);

 private:
  struct Known {
    account::Modseq at = 0;
    std::shared_ptr<const Orders> orders;
  };
  std::mutex mutex_;  // guards what follows
  std::map<account::AccountId, Known> known_;
};

}  // namespace gatepost::jmap
