#include "pop3/server/maildrop.hpp"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/number_set.hpp"

namespace gatepost::pop3::server {
namespace {

using account::Row;
using account::Uid;

}  // namespace

Result<std::unique_ptr<Maildrop>> Maildrop::open(account::Accounts& accounts, account::AccountId id) {
  std::unique_ptr<Maildrop> drop(new Maildrop());
  GP_TRY(drop->account_, accounts.open(id));
  GP_TRY(drop->lock_, drop->account_->lock_maildrop());
  GP_TRY(const account::Folder inbox, drop->account_->find_folder("INBOX"));
  drop->inbox_ = inbox.id;
  drop->uid_validity_ = inbox.uid_validity;
  drop->messages_.reserve(inbox.total);
  const NumberSet all = NumberSet::of(1, std::numeric_limits<Uid>::max());
  GP_CHECK(drop->account_->rows(inbox.id, all, [&drop](const Row& row) {
    drop->messages_.push_back({.uid = row.uid,
                               .octets_low = static_cast<std::uint32_t>(row.octets),
                               .octets_high = static_cast<std::uint32_t>(row.octets >> 32) & 0x7fffffffU,
                               .deleted = 0});
    drop->total_octets_ += row.octets;
    return true;
  }));
  drop->count_ = drop->size();
  return drop;
}

bool Maildrop::has(std::uint32_t number) const {
  return number != 0 && number <= messages_.size() && at(number).deleted == 0;
}

std::uint64_t Maildrop::octets(std::uint32_t number) const {
  return (static_cast<std::uint64_t>(at(number).octets_high) << 32) | at(number).octets_low;
}

std::string Maildrop::unique_id(std::uint32_t number) const {
  return fmt::format("{}.{}", uid_validity_, at(number).uid);
}

void Maildrop::mark_deleted(std::uint32_t number) {
  GP_ASSERT(has(number));
  messages_[number - 1].deleted = 1;
  --count_;
  total_octets_ -= octets(number);
}

void Maildrop::unmark_all() {
  count_ = size();
  total_octets_ = 0;
  for (std::uint32_t number = 1; number <= size(); ++number) {
    messages_[number - 1].deleted = 0;
    total_octets_ += octets(number);
  }
}

Result<account::Body> Maildrop::body(std::uint32_t number) {
  std::optional<account::ItemId> id;
  const Uid uid = at(number).uid;
  GP_CHECK(account_->rows(inbox_, NumberSet::of(uid, uid), [&id](const Row& row) {
    id = row.item;
    return true;
  }));
  if (!id) return fail(Errc::not_found, "the message was removed meanwhile");
  GP_TRY(account::Item item, account_->item(*id));
  return item.body;
}

Result<> Maildrop::read(const account::Body& body, std::uint64_t offset, std::span<char> out) {
  return account_->read_body(body, offset, out);
}

Result<std::uint32_t> Maildrop::remove_marked() {
  NumberSet uids;
  for (const Message& message : messages_) {
    if (message.deleted != 0) uids.add(message.uid);
  }
  if (uids.empty()) return 0U;
  GP_TRY(const NumberSet removed, account_->remove(inbox_, uids));
  return static_cast<std::uint32_t>(removed.size());
}

}  // namespace gatepost::pop3::server
