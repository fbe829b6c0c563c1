#pragma once

#include <cstddef>
#include <functional>

#include "account/types.hpp"
#include "base/result.hpp"

namespace gatepost::store {
class Store;
}

// The items of an account beside its folders: what they hold never changes, and they are numbered in the order in which
// they came, so that whoever derives something from them remembers how far it got. Thread-safe; blocks on the disk.
namespace gatepost::account {

struct ItemTotals {
  ItemId next{};  // what the next item will be called; all before have been given out
  std::uint64_t messages = 0;
  Modseq modseq = 0;
};
// Errc::not_found: no such account. It is not opened.
Result<ItemTotals> item_totals(store::Store& store, AccountId account);

struct ListedItem {
  ItemId id{};
  Item item;
  TimePoint received{};  // whole seconds, as in its row
};
// Visits at most `at_most` items from `first` on, ascending, as far as they can be read; visit returns false to stop.
// Value: the item to go on with, or, at the end, ItemTotals::next.
Result<ItemId> list_items(store::Store& store, AccountId account, ItemId first, std::size_t at_most,
                          const std::function<bool(ListedItem&)>& visit);
// The ids alone of those in [first, end).
Result<> list_item_ids(store::Store& store, AccountId account, ItemId first, ItemId end,
                       const std::function<void(ItemId)>& visit);

}  // namespace gatepost::account
