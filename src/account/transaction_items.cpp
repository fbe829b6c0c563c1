// Items: the messages themselves, and those that were removed.

#include <algorithm>

#include "account/store_access.hpp"
#include "account/transaction.hpp"

namespace gatepost::account {
namespace {

using records::LogEntry;

constexpr std::size_t kRefCost = 64;  // octets, as the store counts it

}  // namespace

Result<std::vector<records::ItemRecord>> Transaction::items(std::span<const Row> rows) {
  std::vector<records::ItemRecord> out(rows.size());
  std::vector<std::string> keys;
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string key = records::item_key(rows[i].item);
    if (item_number(rows[i].item) < head_.state.next_item) {
      keys.push_back(std::move(key));
      at.push_back(i);
      continue;
    }
    const std::string* value = written(key);
    if (value == nullptr) return fail(Errc::corrupt, "item of a row is missing");
    GP_TRY(out[i], records::decode_item(*value));
  }
  if (keys.empty()) return out;
  GP_TRY(store::Snapshot* const view, snapshot());
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  GP_TRY(const auto values, view->get_many(views));
  for (std::size_t i = 0; i < values.size(); ++i) {
    // A lost item must not keep its row from being expunged: it comes back without a body.
    if (!values[i]) {
      damaged_(kRoot, rows[at[i]].uid, Error{Errc::corrupt, "item of a row is missing"});
      continue;
    }
    auto item = records::decode_item(*values[i]);
    if (item)
      out[at[i]] = std::move(*item);
    else
      damaged_(kRoot, rows[at[i]].uid, item.error());
  }
  return out;
}

ItemId Transaction::add_item(const records::ItemRecord& item) {
  const ItemId id{state_.next_item++};
  state_.used_octets += item.body.size;
  ++state_.messages;
  write(records::item_key(id), records::encode(item));
  batch_.refs.push_back({store::BlobId{item.body.sha256, item.body.size}, item_number(id), true});
  octets_ += kRefCost;
  join(id, item.thread == ItemId{} ? id : item.thread, item.email == ItemId{} ? id : item.email);
  return id;
}

void Transaction::place_item(ItemId item, FolderId folder, Uid uid) {
  write(records::place_key(item), records::encode(records::Place{folder, uid}));
}

void Transaction::drop_item(const Row& row, const Body& body) {
  const ItemId item = row.item;
  part(row);
  state_.used_octets -= std::min(state_.used_octets, body.size);
  if (state_.messages > 0) --state_.messages;
  write(records::item_key(item), std::nullopt);
  write(records::place_key(item), std::nullopt);
  if (body == Body{}) return;  // what it used is not known any more
  batch_.refs.push_back({store::BlobId{body.sha256, body.size}, item_number(item), false});
  octets_ += kRefCost;
}

void Transaction::set_aside(FolderId folder, const Row& row) {
  state_.used_octets -= std::min(state_.used_octets, row.octets);
  if (state_.messages > 0) --state_.messages;
  removed_.octets += row.octets;
  ++removed_.messages;
  const std::uint64_t seconds = records::to_seconds(now_);
  part(row);
  write(records::place_key(row.item), std::nullopt);
  write(records::removed_key(row.item), records::encode(records::Removed{seconds, folder, row}));
  write(records::expiry_key(seconds, row.item), records::encode_empty());
}

Result<std::vector<records::Removed>> Transaction::set_aside_among(std::span<const ItemId> items) {
  std::vector<std::string> keys;
  std::set<ItemId> asked;  // one that is named twice is one
  for (const ItemId item : items) {
    if (!settled_.contains(item) && asked.insert(item).second) keys.push_back(records::removed_key(item));
  }
  std::vector<records::Removed> found;
  if (keys.empty()) return found;
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  GP_TRY(store::Snapshot* const view, snapshot());
  GP_TRY(const auto values, view->get_many(views));
  for (const auto& value : values) {
    auto removed = value ? records::decode_removed(*value) : Result<records::Removed>(fail(Errc::not_found));
    if (removed) found.push_back(std::move(*removed));
  }
  return found;
}

void Transaction::settle(const records::Removed& removed) {
  settled_.insert(removed.row.item);
  removed_.octets -= std::min(removed_.octets, removed.row.octets);
  if (removed_.messages > 0) --removed_.messages;
  write(records::removed_key(removed.row.item), std::nullopt);
  write(records::expiry_key(removed.seconds, removed.row.item), std::nullopt);
}

Uid Transaction::put_back(const records::Removed& removed, FolderId folder) {
  settle(removed);
  state_.used_octets += removed.row.octets;
  ++state_.messages;
  Row row = removed.row;
  row.flags.system &= static_cast<std::uint8_t>(~flag::kDeleted);
  join(row.item, row.thread, row.email);
  const Uid uid = add_row(folder, std::move(row));
  place_item(removed.row.item, folder, uid);
  log(LogEntry::What::item_created, removed.row, folder);
  return uid;
}

void Transaction::drop_removed(const records::Removed& removed, const Body& body) {
  settle(removed);
  write(records::item_key(removed.row.item), std::nullopt);
  if (body == Body{}) return;  // what it used is not known any more
  batch_.refs.push_back({store::BlobId{body.sha256, body.size}, item_number(removed.row.item), false});
  octets_ += kRefCost;
}

}  // namespace gatepost::account
