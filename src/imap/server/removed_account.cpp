#include "imap/server/removed_account.hpp"

#include <algorithm>
#include <deque>

#include "sharing/rights.hpp"

namespace gatepost::imap::server {
namespace {

constexpr account::FolderId kFolder{0xffffffff};  // the number of none that there is
// The newest of them: 20 MiB of memory for a session that looks.
constexpr std::size_t kMostListed = 100'000;

}  // namespace

RemovedAccount::RemovedAccount(std::shared_ptr<account::Account> owner, std::string name, std::uint32_t uid_validity)
    : owner_(std::move(owner)), name_(std::move(name)), uid_validity_(uid_validity) {
  // To whoever has got this far.
  const sharing::Rights reading = sharing::Right::lookup | sharing::Right::read;
  grants_ = std::make_shared<const account::Grants>(account::Grants{{"anyone", reading.bits()}});
}

// Until it is opened, what the account's counters say.
account::Folder RemovedAccount::folder_now() const {
  account::Folder folder{.id = kFolder, .name = name_, .path = name_, .uid_validity = uid_validity_};
  folder.grants = grants_;
  folder.highest_modseq = version_;
  if (loaded_) {
    folder.uid_next = static_cast<account::Uid>(rows_.size() + 1);
    folder.total = static_cast<std::uint32_t>(uids_.size());
    uids_.for_each([&](account::Uid uid) {
      const account::Row& row = rows_[uid - 1];
      folder.octets += row.octets;
      if ((row.flags.system & account::flag::kSeen) == 0) ++folder.unseen;
    });
    return folder;
  }
  if (const auto quota = owner_->quota()) {
    folder.total = static_cast<std::uint32_t>(std::min<std::uint64_t>(quota->removed_messages, kMostListed));
    folder.octets = quota->removed_octets;
    folder.uid_next = folder.total + 1;
  }
  return folder;
}

Result<std::shared_ptr<const std::vector<account::Folder>>> RemovedAccount::folders() {
  return std::make_shared<const std::vector<account::Folder>>(std::vector{folder_now()});
}

Result<account::Folder> RemovedAccount::folder(account::FolderId id) {
  if (id != kFolder) return fail(Errc::not_found, "no such folder");
  return folder_now();
}

Result<account::Folder> RemovedAccount::find_folder(std::string_view path) {
  if (path != name_) return fail(Errc::not_found, "no such folder");
  return folder_now();
}

Result<> RemovedAccount::load() {
  if (loaded_) return {};
  std::deque<account::Row> rows;
  GP_CHECK(owner_->removed(TimePoint(), [&](const account::Removed& one) {
    account::Row row = one.row;
    row.flags.system &= static_cast<std::uint8_t>(~account::flag::kDeleted);
    row.saved = one.removed;
    row.modseq = version_;
    rows.push_back(std::move(row));
    if (rows.size() > kMostListed) rows.pop_front();
    return true;
  }));
  rows_.assign(std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].uid = static_cast<account::Uid>(i + 1);
  if (!rows_.empty()) uids_.add(1, static_cast<account::Uid>(rows_.size()));
  loaded_ = true;
  return {};
}

Result<account::Opened> RemovedAccount::open_folder(account::FolderId id, bool) {
  if (id != kFolder) return fail(Errc::not_found, "no such folder");
  GP_CHECK(load());
  account::Opened opened{.folder = folder_now(), .uids = std::make_shared<const NumberSet>(uids_)};
  opened.first_recent = opened.folder.uid_next;
  for (const account::Row& row : rows_) {
    if (!uids_.contains(row.uid) || (row.flags.system & account::flag::kSeen) != 0) continue;
    opened.first_unseen = row.uid;
    break;
  }
  opened.at = version_;
  return opened;
}

Result<> RemovedAccount::rows(account::FolderId id, const NumberSet& uids,
                              const std::function<bool(const account::Row&)>& visit) {
  if (id != kFolder) return fail(Errc::not_found, "no such folder");
  GP_CHECK(load());
  const NumberSet wanted = uids.intersect(uids_);
  for (const NumberSet::Range& range : wanted.ranges()) {
    for (account::Uid uid = range.first; uid <= range.last; ++uid) {
      if (!visit(rows_[uid - 1])) return {};
    }
  }
  return {};
}

Result<account::Delta> RemovedAccount::changes(account::FolderId id, account::Modseq since) {
  if (id != kFolder) return fail(Errc::not_found, "no such folder");
  account::Delta delta;
  for (const auto& [version, uids] : gone_) {
    if (version > since) delta.vanished.add(uids);
  }
  delta.to = version_;
  return delta;
}

Result<account::BroughtBack> RemovedAccount::bring_back_uids(const NumberSet& uids, std::string_view folder) {
  GP_CHECK(load());
  const NumberSet wanted = uids.intersect(uids_);
  std::vector<account::ItemId> items;
  wanted.for_each([&](account::Uid uid) { items.push_back(rows_[uid - 1].item); });
  if (items.empty()) return account::BroughtBack{};
  GP_TRY(account::BroughtBack done, owner_->bring_back(items, folder));
  uids_.remove(wanted);
  gone_.emplace_back(++version_, wanted);
  return done;
}

}  // namespace gatepost::imap::server
