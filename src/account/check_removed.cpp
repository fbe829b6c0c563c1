#include <algorithm>

#include <fmt/format.h>

#include "account/check.hpp"
#include "account/store_access.hpp"
#include "store/keys.hpp"

// The part of a check that looks at removed messages.
namespace gatepost::account {
bool Checker::is_removed(ItemId id) const {
  const auto found = std::ranges::lower_bound(removed_, std::pair(item_number(id), std::uint64_t{0}));
  return found != removed_.end() && found->first == item_number(id);
}

Result<> Checker::check_removed() {
  std::vector<records::Removed> page;
  GP_CHECK(scan(records::kind::kRemoved, [&](store::Entry e) -> Result<> {
    ItemId id{};
    auto removed = records::parse_item_key(e.key, id) ? records::decode_removed(e.value)
                                                      : Result<records::Removed>(fail(Errc::corrupt, "damaged key"));
    if (removed && removed->row.item != id) removed = fail(Errc::corrupt, "of another item");
    if (!removed) {
      // Its item, found without any place later, comes back into the inbox.
      found(fmt::format("removed item {}", item_number(id)), "cannot be read: " + removed.error().detail, true);
      quarantine(e.key, e.value);
      return {};
    }
    page.push_back(std::move(*removed));
    if (page.size() < kScanPage) return {};
    auto done = check_removed_page(page);
    page.clear();
    return done;
  }));
  GP_CHECK(check_removed_page(page));
  std::ranges::sort(removed_);
  GP_CHECK(check_expiries());
  GP_TRY(const auto value, snapshot_.get(records::removed_totals_key()));
  const auto stored = value ? records::decode_removed_totals(*value) : Result<records::RemovedTotals>();
  if (stored && *stored == removed_totals_) return {};
  found("removed items", "totals are wrong", true);
  put(records::removed_totals_key(), records::encode(removed_totals_));
  return {};
}

Result<> Checker::check_removed_page(const std::vector<records::Removed>& page) {
  std::vector<std::string> items, expiries;
  for (const records::Removed& r : page) {
    items.push_back(records::item_key(r.row.item));
    expiries.push_back(records::expiry_key(r.seconds, r.row.item));
  }
  GP_TRY(const auto item_values, get(items));
  GP_TRY(const auto expiry_values, get(expiries));
  for (std::size_t i = 0; i < page.size(); ++i) {
    const ItemId id = page[i].row.item;
    const std::string where = fmt::format("removed item {}", item_number(id));
    const auto item = item_values[i] ? records::decode_item(*item_values[i])
                                     : Result<records::ItemRecord>(fail(Errc::corrupt, "missing"));
    const bool in_folder = std::ranges::binary_search(items_, item_number(id));
    if (in_folder || !item) {
      found(where, in_folder ? "is in a folder at once" : "item cannot be read: " + item.error().detail, true);
      if (!in_folder && item_values[i]) quarantine(items[i], *item_values[i]);
      put(records::removed_key(id), std::nullopt);
      if (expiry_values[i]) put(expiries[i], std::nullopt);
      dropped_expiries_.insert(expiries[i]);
      continue;
    }
    GP_CHECK(check_body(where, id, *item));
    if (!expiry_values[i]) {
      found(where, "would never expire", true);
      put(expiries[i], records::encode_empty());
    }
    removed_.emplace_back(item_number(id), page[i].seconds);
    removed_totals_.octets += page[i].row.octets;
    ++removed_totals_.messages;
  }
  return {};
}

Result<> Checker::check_expiries() {
  return scan(records::kind::kExpiry, [&](store::Entry e) -> Result<> {
    std::uint64_t seconds = 0;
    ItemId id{};
    const bool is_key = records::parse_expiry_key(e.key, seconds, id);
    if (is_key && std::ranges::binary_search(removed_, std::pair(item_number(id), seconds))) return {};
    if (dropped_expiries_.contains(std::string(e.key))) return {};
    found("expiry", "of a message that is not there", true);
    put(std::string(e.key), std::nullopt);
    return {};
  });
}

}  // namespace gatepost::account
