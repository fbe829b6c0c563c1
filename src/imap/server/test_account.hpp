#pragma once

#include <cstring>
#include <span>
#include <string_view>

#include "account/account.hpp"

// Tests and fuzzers only.
namespace gatepost::imap::server::test {

// An account of which nothing but one body can be read.
class BodyAccount : public account::Account {
 public:
  explicit BodyAccount(std::string_view message) : message_(message) {}
  account::Body body() const { return {{}, message_.size()}; }

  Result<> read_body(const account::Body&, std::uint64_t offset, std::span<char> out) override {
    if (offset > message_.size() || out.size() > message_.size() - offset) return fail(Errc::invalid, "past the end");
    std::memcpy(out.data(), message_.data() + offset, out.size());
    return {};
  }

  account::AccountId id() const override { return {}; }
  account::Modseq modseq() override { return 0; }
  Result<std::shared_ptr<const std::vector<account::Folder>>> folders() override { return none(); }
  Result<account::Folder> folder(account::FolderId) override { return none(); }
  Result<account::Folder> find_folder(std::string_view) override { return none(); }
  Result<account::Folder> create_folder(std::string_view, account::Role) override { return none(); }
  Result<> delete_folder(account::FolderId) override { return none(); }
  Result<> rename_folder(account::FolderId, std::string_view) override { return none(); }
  Result<> set_subscribed(std::string_view, bool) override { return none(); }
  Result<std::vector<std::string>> subscriptions() override { return none(); }
  Result<> set_role(account::FolderId, account::Role) override { return none(); }
  Result<> adopt_uid_validity(account::FolderId, std::uint32_t) override { return none(); }
  Result<std::shared_ptr<const account::Grants>> grants(account::FolderId) override { return none(); }
  Result<> change_grants(account::FolderId, const std::function<Result<>(account::Grants&)>&) override {
    return none();
  }
  Result<std::vector<account::Annotation>> annotations(account::FolderId, account::Reader) override { return none(); }
  Result<> set_annotations(account::FolderId, std::span<const account::AnnotationChange>, std::uint64_t) override {
    return none();
  }
  account::AnnotationsSince annotation_news(account::Modseq) override { return {}; }
  Result<std::shared_ptr<const std::vector<std::string>>> keywords() override { return none(); }
  Result<std::vector<account::KeywordId>> keyword_ids(const std::vector<std::string>&, bool) override { return none(); }
  Result<account::Opened> open_folder(account::FolderId, bool) override { return none(); }
  Result<> rows(account::FolderId, const NumberSet&, const std::function<bool(const account::Row&)>&) override {
    return none();
  }
  Result<account::Item> item(account::ItemId) override { return none(); }
  Result<std::vector<account::Item>> items(std::span<const account::ItemId>) override { return none(); }
  std::uint64_t copies() override { return 0; }
  Result<std::vector<std::vector<account::Placed>>> messages_of(std::span<const account::ItemId>) override {
    return none();
  }
  Result<std::vector<account::ItemId>> thread(account::ItemId) override { return none(); }
  Result<account::AccountChanges> account_changes(account::Modseq, std::size_t) override { return none(); }
  Result<account::Delta> changes(account::FolderId, account::Modseq) override { return none(); }
  account::Modseq known_modseq(account::Modseq told) override { return told; }
  Result<std::vector<account::Pop3Id>> pop3_ids(account::FolderId) override { return none(); }
  Result<account::FolderNews> folder_news(account::Modseq) override { return none(); }
  Result<std::unique_ptr<account::BodyWriter>> new_body(std::uint64_t) override { return none(); }
  Result<account::Appended> append(account::FolderId, std::span<const account::NewItem>) override { return none(); }
  Result<account::Appended> append_once(account::FolderId, const account::NewItem&, std::string_view) override {
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
  Result<account::Appended> replace(account::FolderId, account::Uid, account::FolderId,
                                    const account::NewItem&) override {
    return none();
  }
  Result<std::string> access_key(account::FolderId, std::string_view) override { return none(); }
  Result<std::optional<std::string>> kept_access_key(account::FolderId) override { return none(); }
  Result<> set_access_key(account::FolderId, std::string_view) override { return none(); }
  Result<> drop_access_keys() override { return none(); }
  Result<Quota> quota() override { return none(); }
  std::unique_ptr<account::Watch> watch(std::function<void()>) override { return nullptr; }
  Result<std::unique_ptr<account::Watch>> lock_maildrop() override { return none(); }

 private:
  static std::unexpected<Error> none() { return fail(Errc::unsupported, "an account of one body"); }

  std::string_view message_;
};

}  // namespace gatepost::imap::server::test
