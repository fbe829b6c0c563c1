#include "account/transaction.hpp"

// Conversations, and emails that are in several places.
namespace gatepost::account {

Result<std::vector<Transaction::Mark>> Transaction::look_up(std::span<const std::uint64_t> hashes) {
  std::vector<Mark> marks;
  if (hashes.empty()) return marks;
  std::vector<std::string> keys;
  keys.reserve(hashes.size());
  for (const std::uint64_t hash : hashes) keys.push_back(records::thread_mark_key(hash));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  GP_TRY(store::Snapshot* const view, snapshot());
  GP_TRY(const auto values, view->get_many(views));
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    Mark mark{hashes[i], {}};
    // One that cannot be read is made again.
    if (values[i]) mark.stored = records::decode_thread_mark(*values[i]).value_or(records::ThreadMark{});
    marks.push_back(mark);
  }
  return marks;
}

ItemId Transaction::thread_of(std::span<const Mark> marks) const {
  for (const Mark& mark : marks) {
    if (const auto own = marks_.find(mark.hash); own != marks_.end()) return own->second;
    if (mark.stored.thread != ItemId{}) return mark.stored.thread;
  }
  return {};
}

void Transaction::leave(std::span<const Mark> marks, ItemId thread) {
  const std::uint64_t now = records::to_seconds(now_);
  for (const Mark& mark : marks) {
    const bool known = mark.stored.thread != ItemId{};
    if (known && mark.stored.seconds + records::kMarkAge > now) continue;
    // One that leads elsewhere goes on doing so: conversations that are found to be one stay two (RFC 8621 3).
    const ItemId to = known ? mark.stored.thread : thread;
    if (!marks_.emplace(mark.hash, to).second) continue;
    write(records::thread_mark_key(mark.hash), records::encode(records::ThreadMark{to, now}));
  }
}

void Transaction::join(ItemId item, ItemId thread, ItemId email) {
  if (thread != item) write(records::in_thread_key(thread, item), records::encode_in_thread(item, email));
  if (email == item) return;
  write(records::copy_key(email, item), records::encode_empty());
  ++state_.copies;
}

void Transaction::part(const Row& row) {
  if (row.thread != row.item) write(records::in_thread_key(row.thread, row.item), std::nullopt);
  if (row.email == row.item) return;
  write(records::copy_key(row.email, row.item), std::nullopt);
  if (state_.copies > 0) --state_.copies;
  state_.copies_until = modseq();
}

}  // namespace gatepost::account
