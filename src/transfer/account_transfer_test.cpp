#include "transfer/account_transfer.hpp"

#include <gmock/gmock.h>

#include "account/account.hpp"
#include "mime/summary.hpp"
#include "store/memory_store.hpp"
#include "transfer/test_support.hpp"

namespace gatepost::transfer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class GivenMessages final : public Source {
 public:
  explicit GivenMessages(std::vector<Read> all) : all_(std::move(all)) {}
  Result<std::optional<Message>> next() override {
    if (at_ == stop_before) return fail(Errc::closed, "cut short");
    if (at_ >= all_.size()) return std::nullopt;
    left_ = all_[at_].octets;
    return all_[at_++].message;
  }
  Result<std::size_t> read(std::span<char> out) override {
    const std::size_t n = std::min(out.size(), left_.size());
    std::copy_n(left_.begin(), n, out.begin());
    left_.remove_prefix(n);
    return n;
  }
  std::size_t stop_before = SIZE_MAX;

 private:
  std::vector<Read> all_;
  std::size_t at_ = 0;
  std::string_view left_;
};

class TakenMessages final : public Sink {
 public:
  Result<> begin(const Message& message) override {
    all.push_back({message, {}});
    return {};
  }
  Result<> write(std::string_view octets) override {
    all.back().octets += octets;
    return {};
  }
  Result<> end() override { return {}; }
  Result<> finish() override { return {}; }
  std::vector<Read> all;
};

class Transfer : public testing::Test {
 protected:
  std::shared_ptr<account::Account> open(std::uint64_t id) { return *accounts_->open(account::AccountId{id}); }
  Imported take_in(account::Account& to, std::vector<Read> all, std::size_t stop_before = SIZE_MAX) {
    Imported outcome;
    GivenMessages given(std::move(all));
    given.stop_before = stop_before;
    const auto sink = import_into(to, clock_, outcome);
    EXPECT_EQ(pump(given, *sink).has_value(), stop_before == SIZE_MAX);
    return outcome;
  }
  std::vector<Read> all_of(account::Account& from, const std::string& only = {}) {
    const auto source = export_from(from, only, {});
    TakenMessages taken;
    const auto done = pump(*source, taken);
    EXPECT_TRUE(done) << done.error().detail;
    return taken.all;
  }
  static Read mail(std::string folder, std::string subject, int seconds, std::uint8_t flags = 0) {
    Read r;
    r.message.folder = std::move(folder);
    r.message.flags = flags;
    r.message.received = TimePoint(std::chrono::seconds(1'700'000'000 + seconds));
    r.octets = "Subject: " + subject + "\r\n\r\nbody\r\n";
    return r;
  }

  ManualClock clock_;
  SeededRandom random_{1};
  Metrics metrics_;
  std::unique_ptr<store::Store> store_ = store::open_memory({.engine = "memory"}, clock_);
  std::uint64_t quota_ = 0;
  std::unique_ptr<account::Accounts> accounts_ = account::Accounts::create(
      *store_, {}, [this](account::AccountId) { return quota_; }, clock_, random_, null_log(), metrics_);
};

TEST_F(Transfer, BringsEverythingFromOneAccountToAnother) {
  const auto one = open(2000), other = open(2001);
  std::vector<Read> all{mail("INBOX", "first", 1, account::flag::kSeen), mail("INBOX", "second", 2),
                        mail("Projects/2026", "third", 3, account::flag::kFlagged)};
  all[0].message.keywords = {"$Work", "Later"};
  for (int i = 0; i < 1'200; ++i) all.push_back(mail("Many", "one of many", i));
  all.push_back(mail("INBOX", std::string(200'000, 'x'), 4));
  EXPECT_EQ(take_in(*one, all).added, all.size());
  const auto found = all_of(*one);
  ASSERT_THAT(found, SizeIs(all.size()));
  EXPECT_EQ(take_in(*other, found).added, all.size());
  const auto again = all_of(*other);
  ASSERT_THAT(again, SizeIs(all.size()));
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(again[i].octets, found[i].octets);
    EXPECT_EQ(again[i].message.folder, found[i].message.folder);
    EXPECT_EQ(again[i].message.flags, found[i].message.flags);
    EXPECT_EQ(again[i].message.keywords, found[i].message.keywords);
    EXPECT_EQ(again[i].message.received, found[i].message.received);
  }
  EXPECT_THAT(all_of(*one, "Projects/2026"), SizeIs(1));
  EXPECT_THAT(all_of(*one, "Drafts"), IsEmpty());
  TakenMessages taken;
  EXPECT_EQ(pump(*export_from(*one, "Nowhere", {}), taken).error().code, Errc::not_found);
  // Summaries came along.
  const auto inbox = *other->find_folder("INBOX");
  ASSERT_TRUE(other->rows(inbox.id, NumberSet::of(1, 1), [&](const account::Row& row) {
    EXPECT_TRUE(mime::decode(other->item(row.item)->summary));
    return false;
  }));
}

TEST_F(Transfer, AddsNothingTwiceAndGoesOnWhereItWasCutShort) {
  const auto a = open(2000);
  // The same message three times is three messages.
  std::vector<Read> all{mail("INBOX", "same", 1), mail("INBOX", "same", 1), mail("INBOX", "same", 1)};
  for (int i = 0; i < 500; ++i) all.push_back(mail("Folder", "message " + std::to_string(i), i));
  const Imported first = take_in(*a, all, 300);
  EXPECT_LT(first.added, 300U);
  EXPECT_GT(first.added, 0U);
  const Imported second = take_in(*a, all);
  EXPECT_EQ(second.known, first.added);
  EXPECT_EQ(second.added, all.size() - first.added);
  const Imported third = take_in(*a, all);
  EXPECT_EQ(third.added, 0U);
  EXPECT_EQ(third.known, all.size());
  EXPECT_EQ(a->find_folder("INBOX")->total, 3U);
  // Flags that were changed since stay.
  const auto inbox = a->find_folder("INBOX")->id;
  ASSERT_TRUE(a->store_flags(inbox, NumberSet::of(1, 3), account::FlagChange::add,
                             account::Flags{account::flag::kSeen, {}}, std::nullopt));
  take_in(*a, all);
  EXPECT_EQ(a->find_folder("INBOX")->unseen, 0U);
}

TEST_F(Transfer, OfMailWithoutADateUsesTheClockAndStillAddsNothingTwice) {
  const auto a = open(2000);
  Read undated = mail("INBOX", "x", 0);
  undated.message.received.reset();
  take_in(*a, {undated});
  EXPECT_EQ(all_of(*a)[0].message.received, std::chrono::floor<std::chrono::seconds>(clock_.now()));
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(take_in(*a, {undated}).known, 1U);
}

TEST_F(Transfer, KeepsTheNamesThatPop3HadForTheInbox) {
  const auto a = open(2000);
  const std::uint32_t validity = a->find_folder("INBOX")->uid_validity;
  std::vector<Read> all{mail("INBOX", "one", 1), mail("INBOX", "two", 2), mail("INBOX", "three", 3),
                        mail("INBOX", "four", 4), mail("Archive", "five", 5)};
  all[0].message.pop3_id = "first";
  all[2].message.pop3_id = "first";  // one of them is the first's, nobody knows which
  all[3].message.pop3_id = std::to_string(validity) + ".99";
  all[4].message.pop3_id = "nobody asks";
  EXPECT_EQ(take_in(*a, all).added, 5U);
  const auto inbox = a->find_folder("INBOX")->id;
  EXPECT_THAT(*a->pop3_ids(inbox), ElementsAre(account::Pop3Id{1, "first"}));
  EXPECT_THAT(*a->pop3_ids(a->find_folder("Archive")->id), IsEmpty());
  // Also of a second import.
  std::vector<Read> more{mail("INBOX", "six", 6), mail("INBOX", "seven", 7)};
  more[0].message.pop3_id = "first";
  more[1].message.pop3_id = "second";
  EXPECT_EQ(take_in(*a, more).added, 2U);
  EXPECT_THAT(*a->pop3_ids(inbox), ElementsAre(account::Pop3Id{1, "first"}, account::Pop3Id{6, "second"}));
}

TEST_F(Transfer, EndsAtTheQuotaAndKeepsWhatIsThere) {
  const auto a = open(2000);
  quota_ = 10'000;
  std::vector<Read> all;
  for (int i = 0; i < 1'000; ++i) all.push_back(mail("INBOX", "message " + std::to_string(i), i));
  Imported outcome;
  GivenMessages given(all);
  EXPECT_EQ(pump(given, *import_into(*a, clock_, outcome)).error().code, Errc::over_quota);
  EXPECT_EQ(a->find_folder("INBOX")->total, outcome.added);
  quota_ = 0;
  EXPECT_EQ(take_in(*a, all).added, 1'000 - outcome.added);
}

}  // namespace
}  // namespace gatepost::transfer
