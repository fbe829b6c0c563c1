#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "account/account.hpp"
#include "account/deliver.hpp"
#include "store/store.hpp"

namespace gatepost::account {

// A fresh directory, removed with everything in it at the end.
class FreshDirectory {
 public:
  FreshDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "gatepost-account-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~FreshDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  FreshDirectory(const FreshDirectory&) = delete;
  FreshDirectory& operator=(const FreshDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A store of the engine under test with the accounts on top.
class AccountFixture : public testing::TestWithParam<const char*> {
 protected:
  static constexpr AccountId kOwner{2000};

  AccountFixture() {
    options_.keep_vanished_at_least = 50;
    options_.keep_log_at_least = 40;
    open_store();
  }

  void open_store() {
    store::Options options;
    options.directory = directory_.path();
    options.reserve_octets = 0;
    options.reserve_percent = 0;
    options.engine = GetParam();
    auto opened = store::open(options, null_log(), metrics_, clock_);
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(*opened);
    start();
  }
  void start() {
    accounts_ = Accounts::create(
        *store_, options_, [this](AccountId) { return quota_; }, clock_, random_, null_log(), metrics_);
  }
  // What was in memory is forgotten; on an engine that keeps things, the store is opened again.
  void restart() {
    accounts_.reset();
    if (std::string_view(GetParam()) == "memory") {
      start();
    } else {
      store_.reset();
      open_store();
    }
  }

  std::shared_ptr<Account> account(AccountId id = kOwner) {
    auto opened = accounts_->open(id);
    EXPECT_TRUE(opened) << opened.error().detail;
    return *opened;
  }
  Body body(std::string_view text) {
    auto writer = accounts_->new_body(text.size());
    EXPECT_TRUE(writer) << writer.error().detail;
    EXPECT_TRUE((*writer)->append(text));
    auto done = (*writer)->finish();
    EXPECT_TRUE(done) << done.error().detail;
    return *done;
  }
  NewItem message(std::string_view text, std::uint8_t flags = 0) {
    NewItem item;
    item.body = body(text);
    item.summary = "summary of " + std::string(text);
    item.system_flags = flags;
    item.received = clock_.now();
    return item;
  }
  FolderId folder(Account& a, std::string_view path) {
    auto found = a.find_folder(path);
    EXPECT_TRUE(found) << path;
    return found ? found->id : FolderId{};
  }
  Uid add(Account& a, FolderId f, std::string_view text, std::uint8_t flags = 0) {
    const NewItem item = message(text, flags);
    auto done = a.append(f, std::span(&item, 1));
    EXPECT_TRUE(done) << done.error().detail;
    return done ? done->uids.at(0) : 0;
  }
  std::vector<Row> rows(Account& a, FolderId f, const NumberSet& uids = NumberSet::of(1, 0xffffffff)) {
    std::vector<Row> out;
    EXPECT_TRUE(a.rows(f, uids, [&](const Row& row) {
      out.push_back(row);
      return true;
    }));
    return out;
  }
  static NumberSet set(std::initializer_list<Uid> uids) {
    NumberSet s;
    for (const Uid u : uids) s.add(u);
    return s;
  }
  // Everything fits together.
  std::vector<std::string> findings(AccountId id = kOwner, bool repair = false) {
    std::vector<std::string> out;
    EXPECT_TRUE(accounts_->check(id, repair, [&](const Accounts::Finding& f) {
      out.push_back(f.where + ": " + f.what + (f.repaired ? " (repaired)" : ""));
    }));
    return out;
  }

  FreshDirectory directory_;
  ManualClock clock_;
  SeededRandom random_{7};
  Metrics metrics_;
  AccountsOptions options_;
  std::uint64_t quota_ = 0;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Accounts> accounts_;
};

inline constexpr const char* kEngines[] = {"memory", "rocksdb"};

}  // namespace gatepost::account
