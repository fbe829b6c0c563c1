#include "search/indexes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "search/events.hpp"
#include "search/test_support.hpp"
#include "store/memory_store.hpp"
#include "store/test_faults.hpp"

namespace gatepost::search {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

constexpr account::AccountId kAnna{2'000};

// The octets of a message as its text.
class Raw final : public TextSource {
 public:
  Result<> read(account::Account& owner, const account::Item& item, SegmentBuilder& into) override {
    ++reads;
    if (fails != Errc{}) return fail(fails, "not now");
    std::string text(item.body.size, '\0');
    GP_CHECK(owner.read_body(item.body, 0, text));
    into.text(text.substr(0, text.find('+')), field::kBody);
    into.end_text();
    return {};
  }
  std::atomic<int> reads{0};
  std::atomic<Errc> fails{Errc{}};
};

// What comes later: the text behind "+" of messages that have one, as far as it is known.
class Later final : public TextSource {
 public:
  Result<std::uint64_t> version() override {
    if (away) return fail(Errc::closed, "away");
    return current.load();
  }
  Result<> read(account::Account& owner, const account::Item& item, SegmentBuilder& into) override {
    ++reads;
    std::string text(item.body.size, '\0');
    GP_CHECK(owner.read_body(item.body, 0, text));
    if (text.starts_with("wait") && away_at_wait) return fail(Errc::closed, "away");
    const auto plus = text.find('+');
    if (plus == std::string::npos) return {};
    into.text(text.substr(plus + 1), field::kBody);
    into.end_text();
    return {};
  }
  std::atomic<int> reads{0};
  std::atomic<std::uint64_t> current{1};
  std::atomic<bool> away{false}, away_at_wait{false};
};

class SearchIndexes : public testing::Test {
 protected:
  SearchIndexes() {
    std::string name = (fs::temp_directory_path() / "gatepost-search-XXXXXX").string();
    directory = ::mkdtemp(name.data());
    open();
  }
  ~SearchIndexes() override {
    indexes.reset();
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  }
  void open(const Clock* with = nullptr, std::size_t memory = 64 << 20) {
    indexes.reset();
    const Options options{
        .directory = directory / "search", .settle = std::chrono::milliseconds(1), .memory_octets = memory};
    indexes = std::make_unique<Indexes>(options, store, *accounts, source, random, with != nullptr ? *with : clock, log,
                                        metrics);
  }
  std::shared_ptr<account::Account> anna() { return *accounts->open(kAnna); }
  account::FolderId inbox() { return anna()->find_folder("INBOX")->id; }
  void deliver(std::string_view text) {
    auto writer = *accounts->new_body(text.size());
    ASSERT_TRUE(writer->append(text));
    account::NewItem item;
    item.body = *writer->finish();
    item.received = clock.now();
    ASSERT_TRUE(anna()->append(inbox(), std::span(&item, 1)));
  }
  void remove(account::Uid first, account::Uid last) {
    ASSERT_TRUE(anna()->remove(inbox(), NumberSet::of(first, last)));
  }
  // What is said of each message, as one character.
  std::string said(const std::string& needle) {
    const std::vector<Query> queries{{needle, field::kBody}};
    Answers answers = indexes->look(kAnna, queries);
    std::string out;
    (void)anna()->rows(inbox(), NumberSet::of(1, 1'000'000), [&](const account::Row& row) {
      out += "ny?"[static_cast<int>(answers.of(0, row))];
      return true;
    });
    return out;
  }
  fs::path file() {
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
      if (entry.path().extension() == ".index") return entry.path();
    }
    return {};
  }
  bool said_in_log(const Event& event) {
    for (const std::string& line : sink.lines()) {
      if (line.find(event.name) != std::string::npos) return true;
    }
    return false;
  }
  template <class Condition>
  static bool soon(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  ManualClock clock;
  SystemClock real;
  SeededRandom random{1};
  Metrics metrics;
  MemorySink sink;
  Log log{sink, clock};
  store::FaultyStore store{store::open_memory({.engine = "memory"}, clock)};
  std::unique_ptr<account::Accounts> accounts = account::Accounts::create(
      store, {.keep_removed = std::chrono::hours(0)}, [](account::AccountId) { return 0; }, clock, random, log,
      metrics);
  Raw source;
  fs::path directory;
  std::unique_ptr<Indexes> indexes;
};

TEST_F(SearchIndexes, KnowWhatIsInMessages) {
  deliver("one apple");
  deliver("two pears");
  EXPECT_EQ(said("apple"), "??");  // not yet
  ASSERT_TRUE(indexes->catch_up(kAnna));
  EXPECT_EQ(said("apple"), "yn");
  EXPECT_EQ(said("ear"), "ny");
  deliver("an apple more");
  EXPECT_EQ(said("apple"), "yn?");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  EXPECT_EQ(said("apple"), "yny");
  const auto status = indexes->status(kAnna);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->messages, 3U);
  EXPECT_EQ(status->indexed, 3U);
  EXPECT_EQ(status->behind, 0U);
}

TEST_F(SearchIndexes, FollowCopiesAndMovesAndForgetWhatIsGone) {
  deliver("one apple");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  const auto sent = anna()->find_folder("Sent")->id;
  ASSERT_TRUE(anna()->copy(inbox(), NumberSet::of(1, 1), inbox()));
  ASSERT_TRUE(anna()->move(inbox(), NumberSet::of(1, 1), sent));
  ASSERT_TRUE(anna()->move(sent, NumberSet::of(1, 1), inbox()));
  EXPECT_EQ(said("apple"), "?y");  // the copy came later
  ASSERT_TRUE(indexes->catch_up(kAnna));
  EXPECT_EQ(said("apple"), "yy");
  remove(2, 2);
  EXPECT_EQ(said("apple"), "y");
}

TEST_F(SearchIndexes, StayFewSegmentsAndDropWhatIsGone) {
  for (int i = 0; i < 700; ++i) {
    deliver("message number" + std::to_string(i));
    ASSERT_TRUE(indexes->catch_up(kAnna));
  }
  auto status = *indexes->status(kAnna);
  EXPECT_EQ(status.indexed, 700U);
  EXPECT_LT(status.segments, 40U);
  EXPECT_EQ(said("number699"), std::string(699, 'n') + "y");
  for (int i = 0; i < 1'000; ++i) deliver("more");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  remove(1, 1'600);
  deliver("last");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  status = *indexes->status(kAnna);
  EXPECT_EQ(status.messages, 101U);
  EXPECT_EQ(status.indexed, 101U);
  EXPECT_EQ(said("last"), std::string(100, 'n') + "y");
}

TEST_F(SearchIndexes, TakeManyMessagesInSteps) {
  open(nullptr, 1);  // a step is one message
  for (int i = 0; i < 30; ++i) deliver("message number" + std::to_string(i));
  ASSERT_TRUE(indexes->catch_up(kAnna));
  EXPECT_EQ(said("number2"), "nnynnnnnnnnnnnnnnnnnyyyyyyyyyy");
  EXPECT_EQ(source.reads, 30);
}

TEST_F(SearchIndexes, AreMadeAgainWhenTheyAreGone) {
  deliver("one apple");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  IndexFile::remove(file());
  EXPECT_EQ(said("apple"), "?");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  EXPECT_EQ(said("apple"), "y");
}

TEST_F(SearchIndexes, AreMadeAgainWhenTheyAreDamaged) {
  for (int i = 0; i < 50; ++i) deliver("one apple, and so on");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  for (const std::size_t keep : {100, 5'000}) {
    fs::resize_file(file(), keep);
    EXPECT_EQ(said("apple"), std::string(50, '?')) << keep;
    ASSERT_TRUE(indexes->catch_up(kAnna));
    EXPECT_EQ(said("apple"), std::string(50, 'y')) << keep;
  }
  EXPECT_TRUE(said_in_log(event::kDamaged));
}

TEST_F(SearchIndexes, AreMadeAgainWhenTheAccountWentBack) {
  deliver("one apple");
  deliver("two pears");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  ASSERT_TRUE(accounts->remove(kAnna));  // and begins anew, with other messages of the same numbers
  clock.advance(std::chrono::seconds(5));
  deliver("three plums");
  EXPECT_EQ(said("apple"), "?");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  EXPECT_EQ(said("plum"), "y");
  EXPECT_EQ(said("apple"), "n");
}

TEST_F(SearchIndexes, AreRemovedWithTheAccount) {
  deliver("one apple");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  ASSERT_TRUE(accounts->remove(kAnna));
  ASSERT_TRUE(indexes->catch_up(kAnna));
  EXPECT_EQ(file(), fs::path());
}

TEST_F(SearchIndexes, LeaveOutWhatCannotBeReadAndTryAgainWhatMayPass) {
  deliver("one apple");
  source.fails = Errc::unavailable;
  EXPECT_EQ(indexes->catch_up(kAnna).error().code, Errc::unavailable);
  EXPECT_EQ(said("apple"), "?");
  ASSERT_TRUE(indexes->catch_up(kAnna));  // it did not pass
  EXPECT_EQ(said("apple"), "?");
  deliver("more apples");
  source.fails = Errc::corrupt;
  ASSERT_TRUE(indexes->catch_up(kAnna));
  EXPECT_EQ(said("apple"), "??");  // whoever looks, sees
  source.fails = Errc{};
  deliver("two apples");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  EXPECT_EQ(said("apple"), "??y");
}

TEST_F(SearchIndexes, FollowByThemselves) {
  deliver("one apple");
  open(&real);
  indexes->start();
  deliver("two apples");
  EXPECT_TRUE(soon([&] { return said("apple") == "yy"; }));
  deliver("three pears");
  EXPECT_TRUE(soon([&] { return said("apple") == "yyn"; }));
  EXPECT_TRUE(soon([&] { return indexes->lag().accounts == 0; }));
  const int reads = source.reads;
  ASSERT_TRUE(
      anna()->store_flags(inbox(), NumberSet::of(1, 2), account::FlagChange::add, {account::flag::kSeen, {}}, {}));
  EXPECT_TRUE(soon([&] { return indexes->lag().accounts == 0; }));
  EXPECT_EQ(source.reads, reads);  // flags are no text

  IndexFile::remove(file());
  (void)said("apple");
  EXPECT_TRUE(soon([&] { return said("apple") == "yyn"; }));
  fs::resize_file(file(), 2'000);
  (void)said("apple");
  EXPECT_TRUE(soon([&] { return said("apple") == "yyn"; }));
  indexes->rebuild(kAnna);
  EXPECT_TRUE(soon([&] { return source.reads >= reads + 9; }));
  EXPECT_TRUE(soon([&] { return said("apple") == "yyn"; }));

  ASSERT_TRUE(accounts->remove(kAnna));
  open(&real);
  indexes->start();
  EXPECT_TRUE(soon([&] { return file().empty(); }));  // of an account that is no more
}

TEST_F(SearchIndexes, FindWhatComesLaterToo) {
  Later later;
  AttachmentTexts texts(directory / "texts.sqlite");
  const Options options{.directory = directory / "search" / "attachments"};
  Indexes further(options, store, *accounts, later, random, clock, log, metrics);
  indexes->add_attachments(further, texts);
  deliver("one+pdf apple");
  deliver("two apple");
  deliver("wait+pear");
  deliver("three+pear apple");
  later.away = true;
  EXPECT_EQ(further.catch_up(kAnna).error().code, Errc::closed);
  ASSERT_TRUE(indexes->catch_up(kAnna));
  EXPECT_EQ(said("two"), "nynn");
  EXPECT_EQ(indexes->status(kAnna)->attachments_behind, 4U);

  // What was read before it went away is found, and nothing is asked twice.
  later.away = false;
  later.away_at_wait = true;
  EXPECT_EQ(further.catch_up(kAnna).error().code, Errc::closed);
  EXPECT_EQ(indexes->status(kAnna)->attachments_behind, 2U);
  later.away_at_wait = false;
  const int reads = later.reads;
  ASSERT_TRUE(further.catch_up(kAnna));
  EXPECT_EQ(later.reads, reads + 2);
  EXPECT_EQ(indexes->status(kAnna)->attachments_behind, 0U);

  // What it does not know yet is in no doubt.
  EXPECT_EQ(said("pear"), "nnyy");
  EXPECT_EQ(said("nowhere"), "nnnn");
  deliver("four");
  ASSERT_TRUE(indexes->catch_up(kAnna));
  EXPECT_EQ(said("pear"), "nnyyn");

  // It can do more: all is looked at again, without a word.
  const auto found = indexes->attachments_found();
  later.current = 2;
  const int before = later.reads;
  ASSERT_TRUE(further.catch_up(kAnna));
  EXPECT_EQ(later.reads, before + 5);
  EXPECT_NE(indexes->attachments_found(), found);
  Indexes again(options, store, *accounts, later, random, clock, log, metrics);
  ASSERT_TRUE(again.catch_up(kAnna));
  EXPECT_EQ(later.reads, before + 5);
}

}  // namespace
}  // namespace gatepost::search
