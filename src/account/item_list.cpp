#include "account/item_list.hpp"

#include <utility>

#include "account/records.hpp"
#include "store/keys.hpp"
#include "store/store.hpp"

namespace gatepost::account {
namespace {

constexpr std::chrono::seconds kListSnapshotAge{60};
constexpr std::size_t kListedAtOnce = 256, kIdPage = 4'096;

ItemId after(ItemId id) { return ItemId{static_cast<std::uint64_t>(id) + 1}; }

Result<std::unique_ptr<store::Snapshot>> open_at(store::Store& store, AccountId account) {
  const store::Partition partition{static_cast<std::uint64_t>(account)};
  if (!store::is_account(partition)) return fail(Errc::not_found, "no such account");
  return store.keys().snapshot(partition, kListSnapshotAge);
}

Result<ItemTotals> totals_of(store::Snapshot& snapshot) {
  if (snapshot.version() == 0) return fail(Errc::not_found, "no such account");
  GP_TRY(const auto value, snapshot.get(records::state_key()));
  if (!value) return fail(Errc::not_found, "no such account");
  GP_TRY(const records::State state, records::decode_state(*value));
  return ItemTotals{ItemId{state.next_item}, state.messages, snapshot.version()};
}

}  // namespace

Result<ItemTotals> item_totals(store::Store& store, AccountId account) {
  GP_TRY(const auto snapshot, open_at(store, account));
  return totals_of(*snapshot);
}

Result<ItemId> list_items(store::Store& store, AccountId account, ItemId first, std::size_t at_most,
                          const std::function<bool(ListedItem&)>& visit) {
  GP_TRY(const auto snapshot, open_at(store, account));
  GP_TRY(const ItemTotals totals, totals_of(*snapshot));
  ItemId next = totals.next;
  std::size_t visited = 0;
  GP_CHECK(snapshot->scan(records::item_key(first), store::prefix_end(std::string(1, records::kind::kItem)), false,
                          kListedAtOnce, [&](store::Entry e) {
                            ListedItem listed;
                            if (!records::parse_item_key(e.key, listed.id)) return true;
                            auto record = records::decode_item(e.value);
                            if (!record) return true;
                            listed.item = {record->body, std::move(record->summary),
                                           record->thread == ItemId{} ? listed.id : record->thread};
                            listed.received = record->received;
                            const bool more = visit(listed);
                            if (more && ++visited < at_most) return true;
                            next = after(listed.id);
                            return false;
                          }));
  return next;
}

Result<> list_item_ids(store::Store& store, AccountId account, ItemId first, ItemId end,
                       const std::function<void(ItemId)>& visit) {
  GP_TRY(const auto snapshot, open_at(store, account));
  return snapshot->scan(records::item_key(first), records::item_key(end), false, kIdPage, [&](store::Entry e) {
    ItemId id{};
    if (records::parse_item_key(e.key, id)) visit(id);
    return true;
  });
}

}  // namespace gatepost::account
