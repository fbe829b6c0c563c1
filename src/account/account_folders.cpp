#include <algorithm>

#include "account/stored_account.hpp"

// Creating, deleting and renaming folders.
namespace gatepost::account {
namespace {

using records::FolderRecord;
using records::LogEntry;

constexpr std::size_t kRowsPerDrop = 500;

struct Resolved {
  FolderId at = kRoot;    // the deepest folder of the path that exists
  std::size_t known = 0;  // names that exist
};

Resolved resolve(const Transaction& tx, const std::vector<std::string>& names) {
  Resolved r;
  for (const std::string& name : names) {
    auto next = tx.child(r.at, name);
    if (!next) next = tx.child(r.at, stored_name(name));
    if (!next) break;
    r.at = *next;
    ++r.known;
  }
  return r;
}

Result<> may_have_role(const Transaction& tx, Role role, FolderId except) {
  if (role == Role::none) return {};
  if (role == Role::inbox) return fail(Errc::denied, "there is one inbox");
  if (const auto holder = tx.with_role(role); holder && *holder != except) {
    return fail(Errc::already_exists, "another folder has this role");
  }
  return {};
}

// Levels of the subtree at `id`, itself included.
std::size_t height_of(const Transaction& tx, FolderId id) {
  std::vector<FolderId> level{id};
  std::size_t height = 0;
  while (!level.empty() && height <= kMaxFolderDepth) {
    ++height;
    std::vector<FolderId> next;
    for (const FolderId f : level) std::ranges::copy(tx.children(f), std::back_inserter(next));
    level = std::move(next);
  }
  return height;
}

}  // namespace

Result<> StoredAccount::create_path(Transaction& tx, const std::vector<std::string>& names, Role role,
                                    FolderId& made) const {
  const Resolved at = resolve(tx, names);
  GP_CHECK(may_have_role(tx, role, kRoot));
  if (at.known == names.size()) {
    if (tx.find(at.at)->selectable) return fail(Errc::already_exists, "the folder exists");
    // It only held others; now it holds messages again, as a new folder (RFC 9051 6.3.5).
    tx.renew(at.at);
    if (role != Role::none) tx.touch(at.at).role = role;
    made = at.at;
    return {};
  }
  if (tx.folder_count() + names.size() - at.known > kMaxFolders) return fail(Errc::limit, "too many folders");
  made = at.at;
  for (std::size_t i = at.known; i < names.size(); ++i) {
    made = tx.add_folder(made, stored_name(names[i]), i + 1 == names.size() ? role : Role::none);
  }
  return {};
}

Result<Folder> StoredAccount::create_folder(std::string_view path, Role role) {
  GP_TRY(const auto names, parse_path(path));
  FolderId made{};
  GP_CHECK(run([&](Transaction& tx) { return create_path(tx, names, role, made); }));
  return folder(made);
}

Result<> StoredAccount::delete_folder(FolderId id) {
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    const FolderRecord* found = tx.find(id);
    if (found == nullptr) return fail(Errc::not_found, "no such folder");
    if (found->role == Role::inbox) return fail(Errc::denied, "the inbox stays");
    const std::vector<FolderId> children = tx.children(id);
    if (!children.empty() && !found->selectable) return fail(Errc::denied, "the folder holds others");
    if (keeps_removed() && found->total > 0) {
      // Its path as it stands before this: a change before it in the same commit is a name nobody has seen.
      const records::Former former{records::to_seconds(tx.now()), path_of(tx.head(), *found)};
      tx.write(records::former_key(id), records::encode(former));
    }
    FolderRecord& f = tx.touch(id);
    f.dying = true;
    f.role = Role::none;
    tx.log(LogEntry::What::folder_destroyed, static_cast<std::uint64_t>(id));
    const auto grants = tx.grants(id);
    if (grants) tx.set_grants(id, nullptr);
    if (children.empty()) return {};
    // Another folder takes its place in the tree, so that the messages can go without haste.
    const FolderId place = tx.add_folder(f.parent, f.name, Role::none);
    if (tx.grants(place) != grants) tx.set_grants(place, grants);
    tx.touch(place).selectable = false;
    for (const FolderId child : children) tx.touch(child).parent = place;
    return {};
  }));
  GP_CHECK(drop_rows(id));
  {
    const std::scoped_lock writing(packs_mutex_);
    (void)environment_.row_packs.erase(id_, id);  // or prune() does it
  }
  trim_removed();
  return {};
}

// Removes what a dying folder holds, in bounded commits, at last its record. A crash in between is taken up by
// ensure_open().
Result<> StoredAccount::drop_rows(FolderId id) {
  Uid from = 1;
  Uid next = 1;
  for (bool more = true; more; from = next) {
    GP_CHECK(run([&](Transaction& tx) -> Result<> {
      more = false;
      const FolderRecord* f = tx.find_any(id);
      if (f == nullptr || !f->dying) return {};
      GP_TRY(const auto page, tx.rows(id, NumberSet::of(from, std::numeric_limits<Uid>::max()), kRowsPerDrop));
      Transaction::Annotations annotations;
      if (!page.more) {
        GP_TRY(annotations, tx.all_annotations(id));
      }
      more = page.more;
      next = page.next;
      GP_CHECK(take_out(tx, id, page.rows, false, Fate::keep));
      if (more) return {};
      tx.drop(annotations);
      tx.forget_folder(id);
      return {};
    }));
  }
  return {};
}

Result<> StoredAccount::finish_deletions() {
  std::vector<FolderId> dying;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, f] : head_.folders) {
      if (f.dying) dying.push_back(id);
    }
  }
  for (const FolderId id : dying) GP_CHECK(drop_rows(id));
  return {};
}

Result<> StoredAccount::rename_one(Transaction& tx, FolderId id, const std::vector<std::string>& names) const {
  if (tx.find(id) == nullptr) return fail(Errc::not_found, "no such folder");
  const Resolved at = resolve(tx, names);
  if (at.known == names.size()) return fail(Errc::already_exists, "the new name is taken");
  FolderId up = at.at;
  for (std::size_t depth = 0; up != kRoot && depth <= kMaxFolderDepth; ++depth) {
    if (up == id) return fail(Errc::denied, "a folder cannot move into itself");
    up = tx.find(up)->parent;
  }
  if (names.size() - 1 + height_of(tx, id) > kMaxFolderDepth) return fail(Errc::limit, "folder name is too deep");
  if (tx.folder_count() + names.size() - at.known - 1 > kMaxFolders) return fail(Errc::limit, "too many folders");
  FolderId parent = at.at;
  for (std::size_t i = at.known; i + 1 < names.size(); ++i)
    parent = tx.add_folder(parent, stored_name(names[i]), Role::none);
  FolderRecord& f = tx.touch(id);
  f.parent = parent;
  f.name = stored_name(names.back());
  // What is below has another path, and subscriptions are to paths.
  if (!tx.head().subscriptions.empty()) {
    std::vector<FolderId> below = tx.children(id);
    for (std::size_t i = 0; i < below.size(); ++i) {
      tx.log(LogEntry::What::folder_annotated, static_cast<std::uint64_t>(below[i]));
      std::ranges::copy(std::vector<FolderId>(tx.children(below[i])), std::back_inserter(below));
    }
  }
  return {};
}

Result<> StoredAccount::rename_folder(FolderId id, std::string_view new_path) {
  GP_TRY(const auto names, parse_path(new_path));
  FolderId inbox{};
  FolderId made{};
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    inbox = FolderId{};
    const FolderRecord* f = tx.find(id);
    if (f == nullptr || f->role != Role::inbox) return rename_one(tx, id, names);
    // RFC 9051 6.3.6: renaming INBOX moves its messages to a new mailbox and leaves INBOX empty.
    const Resolved at = resolve(tx, names);
    if (at.known == names.size()) return fail(Errc::already_exists, "the new name is taken");
    inbox = id;
    GP_TRY(const auto annotations, tx.all_annotations(id));
    GP_CHECK(create_path(tx, names, Role::none, made));
    tx.add(made, annotations);  // RFC 5464 4.1
    return {};
  }));
  if (inbox == FolderId{}) return {};
  GP_CHECK(move(inbox, NumberSet::of(1, std::numeric_limits<Uid>::max()), made, FlagScope()));
  return {};
}

Result<> StoredAccount::set_subscribed(std::string_view path, bool subscribed) {
  GP_TRY(const auto names, parse_path(path));
  std::string name = names.front();
  for (std::size_t i = 1; i < names.size(); ++i) name.append(1, '/').append(names[i]);
  const std::string as_written = name;
  name = stored_name(name);
  // It is a key, with one octet before it.
  if (name.size() >= store::kMaxKeyOctets) return fail(Errc::limit, "name is too long to subscribe to");
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    // One of a build that kept names as they were written.
    if (!subscribed && as_written != name && tx.head().subscriptions.contains(as_written)) {
      tx.subscribe(as_written, false);
    }
    if (tx.head().subscriptions.contains(name) == subscribed && !tx.subscription_changes().contains(name)) return {};
    if (subscribed && tx.head().subscriptions.size() + tx.subscription_changes().size() >= kMaxSubscriptions) {
      return fail(Errc::limit, "too many subscriptions");
    }
    tx.subscribe(name, subscribed);
    // Whoever follows the account's folders sees it as a property of one.
    const Resolved at = resolve(tx, names);
    if (at.known == names.size()) tx.log(LogEntry::What::folder_annotated, static_cast<std::uint64_t>(at.at));
    return {};
  }));
  return {};
}

Result<> StoredAccount::set_role(FolderId id, Role role) {
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    const FolderRecord* f = tx.find(id);
    if (f == nullptr) return fail(Errc::not_found, "no such folder");
    if (f->role == role) return {};
    if (f->role == Role::inbox) return fail(Errc::denied, "the inbox stays the inbox");
    GP_CHECK(may_have_role(tx, role, id));
    tx.touch(id).role = role;
    return {};
  }));
  return {};
}

// A folder in which nothing ever was has no UID that a client could mistake for another's.
Result<> StoredAccount::adopt_uid_validity(FolderId id, std::uint32_t uid_validity) {
  constexpr std::uint32_t kMost = 0xf000'0000;
  if (uid_validity == 0 || uid_validity > kMost) return fail(Errc::invalid, "not a good UIDVALIDITY");
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    const FolderRecord* f = tx.find(id);
    if (f == nullptr) return fail(Errc::not_found, "no such folder");
    if (f->uid_validity == uid_validity) return {};
    if (f->uid_next != 1) return fail(Errc::conflict, "UIDs were given out already");
    tx.touch(id).uid_validity = uid_validity;
    tx.state().next_uid_validity = std::max(tx.state().next_uid_validity, uid_validity + 1);
    return {};
  }));
  return {};
}

}  // namespace gatepost::account
