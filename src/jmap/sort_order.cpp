#include "jmap/sort_order.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

namespace gatepost::jmap {
namespace {

// No principal's, so that nobody is shown it as his own.
constexpr account::Reader kSortOrderReader = std::numeric_limits<account::Reader>::max() - 6;
constexpr std::string_view kName = "/order";
constexpr std::size_t kMaxKnownOrders = 10'000;

std::optional<std::uint32_t> read_order(std::string_view text) {
  std::uint32_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(n) : std::nullopt;
}

Result<std::optional<std::uint32_t>> order_of(account::Account& account, account::FolderId folder) {
  const auto kept = account.annotations(folder, kSortOrderReader);
  if (!kept && kept.error().code == Errc::not_found) return std::nullopt;  // it went meanwhile
  if (!kept) return std::unexpected(kept.error());
  const auto found = std::ranges::find(*kept, kName, &account::Annotation::name);
  return found == kept->end() ? std::nullopt : read_order(found->value);
}

}  // namespace

Result<> set_sort_order(account::Account& account, account::FolderId folder, std::optional<std::uint32_t> order) {
  account::AnnotationChange change;
  change.reader = kSortOrderReader;
  change.name = kName;
  if (order) change.value = std::to_string(*order);
  return account.set_annotations(folder, std::span(&change, 1), 0);
}

Result<std::shared_ptr<const SortOrders::Orders>> SortOrders::of(account::Account& account,
                                                                 const std::vector<account::Folder>& folders) {
  Known before;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto known = known_.find(account.id()); known != known_.end()) before = known->second;
  }
  Known now{.at = account.modseq(), .orders = before.orders};
  const account::AnnotationsSince since = account.annotation_news(before.at);
  std::set<account::FolderId> changed;
  const bool all = !before.orders || !since.complete;
  for (const account::AnnotationNews& one : since.news) {
    if (one.reader == kSortOrderReader) changed.insert(one.folder);
  }
  if (all || !changed.empty()) {
    auto orders = std::make_shared<Orders>(all ? Orders() : *before.orders);
    for (const account::Folder& folder : folders) {
      if (!all && !changed.contains(folder.id)) continue;
      GP_TRY(const auto order, order_of(account, folder.id));
      if (order)
        orders->insert_or_assign(folder.id, *order);
      else
        orders->erase(folder.id);
    }
    now.orders = std::move(orders);
  }
  const std::scoped_lock lock(mutex_);
  if (known_.size() >= kMaxKnownOrders && !known_.contains(account.id())) known_.erase(known_.begin());
  known_[account.id()] = now;
  return now.orders;
}

}  // namespace gatepost::jmap
