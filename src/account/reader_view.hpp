#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "account/stored_account.hpp"

namespace gatepost::account {

// An account as somebody sees it who is not its owner: with \Seen of his own, where the account is so. Everything else
// is the account's. Keeps it in memory.
class ReaderView final : public Account {
 public:
  ReaderView(std::shared_ptr<StoredAccount> account, Reader reader) : account_(std::move(account)), reader_(reader) {}

  AccountId id() const override { return account_->id(); }
  Modseq modseq() override { return account_->modseq(); }
  Reader reader() override { return account_->reader_of(reader_); }

  Result<std::shared_ptr<const std::vector<Folder>>> folders() override { return account_->folders(reader_); }
  Result<Folder> folder(FolderId id) override { return account_->folder(id, reader_); }
  Result<Folder> find_folder(std::string_view path) override { return account_->find_folder(path, reader_); }
  Result<Folder> create_folder(std::string_view path, Role role) override {
    GP_TRY(const Folder made, account_->create_folder(path, role));
    return account_->folder(made.id, reader_);
  }
  Result<> delete_folder(FolderId id) override { return account_->delete_folder(id); }
  Result<> rename_folder(FolderId id, std::string_view new_path) override {
    return account_->rename_folder(id, new_path);
  }
  Result<> set_subscribed(std::string_view path, bool subscribed) override {
    return account_->set_subscribed(path, subscribed);
  }
  Result<std::vector<std::string>> subscriptions() override { return account_->subscriptions(); }
  Result<> set_role(FolderId id, Role role) override { return account_->set_role(id, role); }
  Result<> adopt_uid_validity(FolderId id, std::uint32_t uid_validity) override {
    return account_->adopt_uid_validity(id, uid_validity);
  }

  Result<std::shared_ptr<const Grants>> grants(FolderId id) override { return account_->grants(id); }
  Result<> change_grants(FolderId id, const std::function<Result<>(Grants&)>& change) override {
    return account_->change_grants(id, change);
  }
  Result<bool> own_seen() override { return account_->own_seen(); }
  Result<> set_own_seen(bool on) override { return account_->set_own_seen(on); }
  Result<> forget_reader(Reader whose) override { return account_->forget_reader(whose); }
  Result<std::vector<Annotation>> annotations(FolderId id, Reader whose) override {
    return account_->annotations(id, whose);
  }
  Result<> set_annotations(FolderId id, std::span<const AnnotationChange> changes, std::uint64_t by) override {
    return account_->set_annotations(id, changes, by);
  }
  AnnotationsSince annotation_news(Modseq since) override { return account_->annotation_news(since); }

  Result<std::shared_ptr<const std::vector<std::string>>> keywords() override { return account_->keywords(); }
  Result<std::vector<KeywordId>> keyword_ids(const std::vector<std::string>& names, bool create) override {
    return account_->keyword_ids(names, create);
  }

  Result<Opened> open_folder(FolderId id, bool take_recent) override {
    return account_->open_folder(id, take_recent, reader_);
  }
  Result<> rows(FolderId id, const NumberSet& uids, const std::function<bool(const Row&)>& visit) override {
    return account_->rows(id, uids, visit, reader_);
  }
  Result<Item> item(ItemId id) override { return account_->item(id); }
  Result<std::vector<Item>> items(std::span<const ItemId> ids) override { return account_->items(ids); }
  std::optional<std::string> notes(std::uint8_t kind, std::uint64_t block) override {
    return account_->notes(kind, block);
  }
  void keep_notes(std::uint8_t kind, std::uint64_t block, std::string value) override {
    account_->keep_notes(kind, block, std::move(value));
  }
  Result<> read_body(const Body& body, std::uint64_t offset, std::span<char> out) override {
    return account_->read_body(body, offset, out);
  }
  std::uint64_t copies() override { return account_->copies(); }
  Result<std::vector<std::vector<Placed>>> messages_of(std::span<const ItemId> emails) override {
    return account_->messages_of(emails, reader_);
  }
  Result<std::vector<ItemId>> thread(ItemId thread) override { return account_->thread(thread); }
  Result<AccountChanges> account_changes(Modseq since, std::size_t at_most) override {
    return account_->account_changes(since, at_most, reader_);
  }
  Result<Delta> changes(FolderId id, Modseq since) override { return account_->changes(id, since, reader_); }
  Result<std::vector<Pop3Id>> pop3_ids(FolderId id) override { return account_->pop3_ids(id); }
  Modseq known_modseq(Modseq told) override { return account_->known_modseq(told); }
  Result<FolderNews> folder_news(Modseq since) override { return account_->folder_news(since, reader_); }

  Result<std::unique_ptr<BodyWriter>> new_body(std::uint64_t size_hint) override {
    return account_->new_body(size_hint);
  }
  Result<Appended> append(FolderId id, std::span<const NewItem> items) override {
    return account_->append(id, items, reader_);
  }
  Result<Appended> append_once(FolderId id, const NewItem& item, std::string_view delivery_id) override {
    return account_->append_once(id, item, delivery_id, reader_);
  }
  Result<Appended> replace(FolderId from, Uid replaced, FolderId to, const NewItem& item) override {
    return account_->replace(from, replaced, to, item, reader_);
  }
  Result<StoreOutcome> store_flags(FolderId id, const NumberSet& uids, FlagChange change, const Flags& flags,
                                   std::optional<Modseq> unchanged_since, const FlagScope& scope) override {
    return account_->store_flags(id, uids, change, flags, unchanged_since, scope, reader_);
  }
  Result<std::size_t> set_pop3_ids(FolderId id, std::span<const Pop3Id> ids) override {
    return account_->set_pop3_ids(id, ids);
  }
  Result<NumberSet> expunge(FolderId id, const NumberSet& uids) override { return account_->expunge(id, uids); }
  Result<NumberSet> remove(FolderId id, const NumberSet& uids) override { return account_->remove(id, uids); }
  Result<Copied> copy(FolderId from, const NumberSet& uids, FolderId to, const FlagScope& scope) override {
    return account_->copy(from, uids, to, scope);
  }
  Result<Copied> move(FolderId from, const NumberSet& uids, FolderId to, const FlagScope& scope) override {
    return account_->move(from, uids, to, scope);
  }
  Result<> undo_copy(FolderId to, const NumberSet& made) override { return account_->undo_copy(to, made); }

  Result<> removed(TimePoint since, const std::function<bool(const Removed&)>& visit) override {
    return account_->removed(since, visit);
  }
  Result<> removed_lately(const std::function<bool(const Removed&)>& visit) override {
    return account_->removed_lately(visit);
  }
  Result<std::vector<Removed>> removed_among(std::span<const ItemId> items) override {
    return account_->removed_among(items);
  }
  Result<BroughtBack> bring_back(std::span<const ItemId> items, std::string_view folder) override {
    return account_->bring_back(items, folder);
  }
  Result<BroughtBack> bring_back_folder(std::string_view path, TimePoint at) override {
    return account_->bring_back_folder(path, at);
  }
  Result<std::uint64_t> purge_removed() override { return account_->purge_removed(); }
  Result<std::uint64_t> forget_removed(std::span<const ItemId> items) override {
    return account_->forget_removed(items);
  }

  Result<std::string> access_key(FolderId id, std::string_view fresh) override {
    return account_->access_key(id, fresh);
  }
  Result<std::optional<std::string>> kept_access_key(FolderId id) override { return account_->kept_access_key(id); }
  Result<> set_access_key(FolderId id, std::string_view key) override { return account_->set_access_key(id, key); }
  Result<> drop_access_keys() override { return account_->drop_access_keys(); }

  Result<Quota> quota() override { return account_->quota(); }
  std::unique_ptr<Watch> watch(std::function<void()> changed) override { return account_->watch(std::move(changed)); }
  Result<std::unique_ptr<Watch>> lock_maildrop() override { return account_->lock_maildrop(); }

 private:
  const std::shared_ptr<StoredAccount> account_;
  const Reader reader_;
};

}  // namespace gatepost::account
