#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "account/account.hpp"
#include "account/object_ids.hpp"

namespace gatepost::imap::server {

// What can still be brought back of an account, as a mailbox: one folder for reading alone, whose messages are those
// that were removed, oldest first. Its UIDs are places in that list as it was when it was opened, so they mean nothing
// the next time (UIDNOTSTICKY); what is brought back meanwhile vanishes from it. Nothing else of an account's is here:
// Errc::unsupported. Belongs to one session. Calls block as those of the account.
class RemovedAccount final : public account::Account {
 public:
  // `name`: of the folder. `uid_validity`: never used before.
  RemovedAccount(std::shared_ptr<account::Account> owner, std::string name, std::uint32_t uid_validity);

  // Back into a folder of the account (a path), with flags and dates. They are gone here then.
  Result<account::BroughtBack> bring_back_uids(const NumberSet& uids, std::string_view folder);

  account::AccountId id() const override { return account::AccountId{}; }      // none of those there are
  account::ObjectIds ids() const { return account::ObjectIds(owner_->id()); }  // the messages are its owner's
  account::Modseq modseq() override { return version_; }
  Result<std::shared_ptr<const std::vector<account::Folder>>> folders() override;
  Result<account::Folder> folder(account::FolderId) override;
  Result<account::Folder> find_folder(std::string_view path) override;
  Result<std::shared_ptr<const account::Grants>> grants(account::FolderId) override { return grants_; }
  Result<std::shared_ptr<const std::vector<std::string>>> keywords() override { return owner_->keywords(); }
  Result<std::vector<account::KeywordId>> keyword_ids(const std::vector<std::string>& names, bool) override {
    return owner_->keyword_ids(names, false);
  }
  Result<account::Opened> open_folder(account::FolderId, bool) override;
  Result<> rows(account::FolderId, const NumberSet& uids,
                const std::function<bool(const account::Row&)>& visit) override;
  Result<account::Item> item(account::ItemId id) override { return owner_->item(id); }
  Result<std::vector<account::Item>> items(std::span<const account::ItemId> ids) override { return owner_->items(ids); }
  Result<> read_body(const account::Body& body, std::uint64_t offset, std::span<char> out) override {
    return owner_->read_body(body, offset, out);
  }
  Result<account::Delta> changes(account::FolderId, account::Modseq since) override;
  account::Modseq known_modseq(account::Modseq told) override { return told; }
  Result<std::vector<account::Pop3Id>> pop3_ids(account::FolderId) override { return none(); }
  Result<Quota> quota() override { return owner_->quota(); }
  std::unique_ptr<account::Watch> watch(std::function<void()> changed) override {
    return owner_->watch(std::move(changed));
  }

  Result<account::Folder> create_folder(std::string_view, account::Role) override { return none(); }
  Result<> delete_folder(account::FolderId) override { return none(); }
  Result<> rename_folder(account::FolderId, std::string_view) override { return none(); }
  Result<> set_subscribed(std::string_view, bool) override { return none(); }
  Result<std::vector<std::string>> subscriptions() override { return none(); }
  Result<> set_role(account::FolderId, account::Role) override { return none(); }
  Result<> adopt_uid_validity(account::FolderId, std::uint32_t) override { return none(); }
  Result<> change_grants(account::FolderId, const std::function<Result<>(account::Grants&)>&) override {
    return none();
  }
  Result<std::vector<account::Annotation>> annotations(account::FolderId, account::Reader) override { return none(); }
  Result<> set_annotations(account::FolderId, std::span<const account::AnnotationChange>, std::uint64_t) override {
    return none();
  }
  account::AnnotationsSince annotation_news(account::Modseq) override { return {}; }
  Result<account::FolderNews> folder_news(account::Modseq) override { return none(); }
  std::uint64_t copies() override { return 0; }
  Result<std::vector<std::vector<account::Placed>>> messages_of(std::span<const account::ItemId>) override {
    return none();
  }
  Result<std::vector<account::ItemId>> thread(account::ItemId) override { return none(); }
  Result<account::AccountChanges> account_changes(account::Modseq, std::size_t) override { return none(); }
  Result<std::unique_ptr<account::BodyWriter>> new_body(std::uint64_t) override { return none(); }
  Result<account::Appended> append(account::FolderId, std::span<const account::NewItem>) override { return none(); }
  Result<account::Appended> append_once(account::FolderId, const account::NewItem&, std::string_view) override {
    return none();
  }
  Result<account::Appended> replace(account::FolderId, account::Uid, account::FolderId,
                                    const account::NewItem&) override {
    return none();
  }
  Result<account::StoreOutcome> store_flags(account::FolderId, const NumberSet&, account::FlagChange,
                                            const account::Flags&, std::optional<account::Modseq>,
                                            const account::FlagScope&) override {
    return none();
  }
  Result<std::size_t> set_pop3_ids(account::FolderId, std::span<const account::Pop3Id>) override { return none(); }
  Result<NumberSet> expunge(account::FolderId, const NumberSet&) override { return none(); }
  Result<NumberSet> remove(account::FolderId, const NumberSet&) override { return none(); }
  Result<account::Copied> copy(account::FolderId, const NumberSet&, account::FolderId,
                               const account::FlagScope&) override {
    return none();
  }
  Result<account::Copied> move(account::FolderId, const NumberSet&, account::FolderId,
                               const account::FlagScope&) override {
    return none();
  }
  Result<> undo_copy(account::FolderId, const NumberSet&) override { return none(); }
  Result<> removed(TimePoint, const std::function<bool(const account::Removed&)>&) override { return none(); }
  Result<> removed_lately(const std::function<bool(const account::Removed&)>&) override { return none(); }
  Result<std::vector<account::Removed>> removed_among(std::span<const account::ItemId>) override { return none(); }
  Result<account::BroughtBack> bring_back(std::span<const account::ItemId>, std::string_view) override {
    return none();
  }
  Result<account::BroughtBack> bring_back_folder(std::string_view, TimePoint) override { return none(); }
  Result<std::uint64_t> purge_removed() override { return none(); }
  Result<std::uint64_t> forget_removed(std::span<const account::ItemId>) override { return none(); }
  Result<std::string> access_key(account::FolderId, std::string_view) override { return none(); }
  Result<std::optional<std::string>> kept_access_key(account::FolderId) override { return none(); }
  Result<> set_access_key(account::FolderId, std::string_view) override { return none(); }
  Result<> drop_access_keys() override { return none(); }
  Result<std::unique_ptr<account::Watch>> lock_maildrop() override { return none(); }

 private:
  static std::unexpected<Error> none() { return fail(Errc::unsupported, "what was removed can only be read"); }
  Result<> load();
  account::Folder folder_now() const;

  const std::shared_ptr<account::Account> owner_;  // shared with whoever else has it open
  const std::string name_;
  const std::uint32_t uid_validity_;
  std::shared_ptr<const account::Grants> grants_;
  bool loaded_ = false;
  std::vector<account::Row> rows_;  // UID n is rows_[n - 1]
  NumberSet uids_;                  // of those that are still there
  account::Modseq version_ = 1;
  std::vector<std::pair<account::Modseq, NumberSet>> gone_;
};

}  // namespace gatepost::imap::server
