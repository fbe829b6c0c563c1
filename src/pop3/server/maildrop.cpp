#include "pop3/server/maildrop.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/number_set.hpp"

namespace gatepost::pop3::server {

using account::Row;

Result<std::unique_ptr<Maildrop>> Maildrop::open(account::Accounts& accounts, account::AccountId id) {
  std::unique_ptr<Maildrop> drop(new Maildrop());
  GP_TRY(drop->account_, accounts.open(id));
  GP_TRY(drop->lock_, drop->account_->lock_maildrop());
  GP_TRY(const account::Folder inbox, drop->account_->find_folder("INBOX"));
  GP_TRY(account::Opened opened, drop->account_->open_folder(inbox.id, false));
  GP_TRY(drop->brought_, drop->account_->pop3_ids(inbox.id));
  drop->inbox_ = inbox.id;
  drop->uid_validity_ = opened.folder.uid_validity;
  drop->total_octets_ = opened.folder.octets;
  drop->uids_ = std::move(opened.uids);
  return drop;
}

bool Maildrop::has(std::uint32_t number) const { return number != 0 && number <= size() && !marked_.contains(number); }

std::string Maildrop::unique_id(std::uint32_t number) const {
  const account::Uid wanted = uid(number);
  const auto brought = std::ranges::lower_bound(brought_, wanted, {}, &account::Pop3Id::uid);
  if (brought != brought_.end() && brought->uid == wanted) return brought->id;
  return fmt::format("{}.{}", uid_validity_, wanted);
}

Result<std::optional<Row>> Maildrop::row(std::uint32_t number) {
  std::optional<Row> found;
  GP_CHECK(account_->rows(inbox_, NumberSet::of(uid(number), uid(number)), [&found](const Row& row) {
    found = row;
    return false;
  }));
  return found;
}

Result<std::uint64_t> Maildrop::octets(std::uint32_t number) {
  if (!sizes_.empty()) return sizes_[number - 1];
  GP_TRY(const auto found, row(number));
  return found ? found->octets : 0;
}

Result<> Maildrop::read_sizes() {
  if (!sizes_.empty() || size() == 0) return {};
  std::vector<std::uint64_t> sizes(size());
  GP_CHECK(account_->rows(inbox_, *uids_, [&](const Row& row) {
    sizes[uids_->rank(row.uid) - 1] = row.octets;
    return true;
  }));
  sizes_ = std::move(sizes);
  return {};
}

Result<> Maildrop::mark_deleted(std::uint32_t number) {
  GP_ASSERT(has(number));
  GP_TRY(const std::uint64_t size, octets(number));
  marked_.add(number);
  marked_octets_ += size;
  return {};
}

void Maildrop::unmark_all() {
  marked_.clear();
  marked_octets_ = 0;
}

Result<account::Body> Maildrop::body(std::uint32_t number) {
  GP_TRY(const auto found, row(number));
  if (!found) return fail(Errc::not_found, "the message was removed meanwhile");
  GP_TRY(account::Item item, account_->item(found->item));
  return item.body;
}

Result<> Maildrop::read(const account::Body& body, std::uint64_t offset, std::span<char> out) {
  return account_->read_body(body, offset, out);
}

Result<std::uint32_t> Maildrop::remove_marked() {
  NumberSet uids;
  marked_.for_each([&](std::uint32_t number) { uids.add(uid(number)); });
  if (uids.empty()) return 0U;
  GP_TRY(const NumberSet removed, account_->remove(inbox_, uids));
  return static_cast<std::uint32_t>(removed.size());
}

}  // namespace gatepost::pop3::server
