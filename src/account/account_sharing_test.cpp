#include <gmock/gmock.h>

#include "account/account_fixture.hpp"
#include "account/transfer.hpp"
#include "store/memory_store.hpp"
#include "store/test_faults.hpp"

namespace gatepost::account {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SharedThings : public AccountFixture {
 protected:
  static constexpr AccountId kOther{2001};

  Result<> grant(Account& a, FolderId id, std::string who, std::uint16_t rights) {
    return a.change_grants(id, [&](Grants& grants) -> Result<> {
      grants.push_back({who, rights, false});
      return {};
    });
  }
  std::vector<std::string> granted(Account& a, FolderId id) {
    std::vector<std::string> out;
    const auto grants = a.grants(id);
    EXPECT_TRUE(grants);
    if (grants && *grants) {
      for (const Grant& g : **grants) out.push_back(g.who + " " + std::to_string(g.rights));
    }
    return out;
  }
  Result<> note(Account& a, FolderId id, Reader reader, std::string name, std::optional<std::string> value) {
    const AnnotationChange change{reader, std::move(name), std::move(value)};
    return a.set_annotations(id, std::span(&change, 1), 7);
  }
  std::vector<std::string> notes(Account& a, FolderId id, Reader reader) {
    std::vector<std::string> out;
    const auto all = a.annotations(id, reader);
    EXPECT_TRUE(all);
    for (const Annotation& one : *all) out.push_back(one.name + "=" + one.value);
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, SharedThings, testing::ValuesIn(kEngines),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(SharedThings, GrantsStayWithTheFolder) {
  const auto a = account();
  const FolderId x = a->create_folder("x")->id;
  ASSERT_TRUE(grant(*a, x, "#5", 3));
  ASSERT_TRUE(grant(*a, kRoot, "anyone", 1));
  const Modseq before = a->modseq();
  ASSERT_TRUE(a->change_grants(x, [](Grants&) -> Result<> { return {}; }));
  EXPECT_EQ(a->modseq(), before) << "nothing changed";
  ASSERT_TRUE(a->rename_folder(x, "y"));
  restart();
  const auto b = account();
  EXPECT_THAT(granted(*b, b->find_folder("y")->id), ElementsAre("#5 3"));
  EXPECT_EQ(b->find_folder("y")->grants->size(), 1U);
  EXPECT_THAT(granted(*b, kRoot), ElementsAre("anyone 1"));
  EXPECT_EQ(b->find_folder("INBOX")->grants, nullptr);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(SharedThings, GrantsGoToWhatIsMadeBelow) {
  const auto a = account();
  const FolderId x = a->create_folder("x")->id;
  ASSERT_TRUE(grant(*a, x, "#5", 3));
  EXPECT_THAT(granted(*a, a->create_folder("x/y/z")->id), ElementsAre("#5 3"));
  EXPECT_THAT(granted(*a, a->find_folder("x/y")->id), ElementsAre("#5 3"));
  EXPECT_THAT(granted(*a, a->create_folder("other")->id), IsEmpty());
  ASSERT_TRUE(grant(*a, kRoot, "#6", 1));
  EXPECT_THAT(granted(*a, a->create_folder("third")->id), ElementsAre("#6 1"));
  restart();
  const auto b = account();
  EXPECT_THAT(granted(*b, b->find_folder("x/y/z")->id), ElementsAre("#5 3"));
}

// RFC 4314 4, DELETE
TEST_P(SharedThings, GrantsGoWithTheFolder) {
  const auto a = account();
  ASSERT_TRUE(grant(*a, a->create_folder("x/y")->id, "#5", 3));
  ASSERT_TRUE(grant(*a, a->find_folder("x")->id, "#5", 1));
  ASSERT_TRUE(a->delete_folder(a->find_folder("x/y")->id));
  EXPECT_EQ(granted(*a, a->create_folder("x/y")->id), std::vector<std::string>{"#5 1"}) << "those of its parent";
  ASSERT_TRUE(a->delete_folder(a->find_folder("x")->id));
  EXPECT_FALSE(a->find_folder("x")->selectable);
  EXPECT_THAT(granted(*a, a->find_folder("x")->id), ElementsAre("#5 1"));
  ASSERT_TRUE(a->delete_folder(a->find_folder("x/y")->id));
  EXPECT_EQ(a->grants(FolderId{999}).error().code, Errc::not_found);
  EXPECT_EQ(grant(*a, FolderId{999}, "#5", 1).error().code, Errc::not_found);
  restart();
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(SharedThings, GrantsAreLimited) {
  const auto a = account();
  const auto flood = a->change_grants(kRoot, [](Grants& grants) -> Result<> {
    for (int i = 0; i < 1'000; ++i) grants.push_back({std::string(100, 'x') + std::to_string(i), 1, false});
    return {};
  });
  EXPECT_EQ(flood.error().code, Errc::limit);
  EXPECT_EQ(a->change_grants(kRoot, [](Grants&) -> Result<> { return fail(Errc::denied, ""); }).error().code,
            Errc::denied);
  EXPECT_THAT(granted(*a, kRoot), IsEmpty());
}

TEST_P(SharedThings, AnnotationsAreKeptForEachReader) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  ASSERT_TRUE(note(*a, inbox, kEverybody, "/comment", "for all"));
  ASSERT_TRUE(note(*a, inbox, 5, "/comment", "mine"));
  ASSERT_TRUE(note(*a, inbox, 5, "/vendor/x/color", std::string("a\0b", 3)));
  ASSERT_TRUE(note(*a, kRoot, 5, "/vendor/x", ""));
  restart();
  const auto b = account();
  EXPECT_THAT(notes(*b, inbox, kEverybody), ElementsAre("/comment=for all"));
  EXPECT_THAT(notes(*b, inbox, 5), ElementsAre("/comment=mine", std::string("/vendor/x/color=a\0b", 19)));
  EXPECT_THAT(notes(*b, inbox, 6), IsEmpty());
  EXPECT_THAT(notes(*b, kRoot, 5), ElementsAre("/vendor/x="));
  ASSERT_TRUE(note(*b, inbox, 5, "/comment", std::nullopt));
  ASSERT_TRUE(note(*b, inbox, 5, "/not/there", std::nullopt));
  EXPECT_THAT(notes(*b, inbox, 5), testing::SizeIs(1));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(SharedThings, AnnotationsThatComeAndGoAreSeen) {
  const auto a = account();
  for (int round = 0; round < 3; ++round) {
    EXPECT_THAT(notes(*a, kRoot, 5), IsEmpty());
    EXPECT_THAT(notes(*a, kRoot, 6), IsEmpty());
    ASSERT_TRUE(note(*a, kRoot, 5, "/vendor/x", "1"));
    EXPECT_THAT(notes(*a, kRoot, 5), ElementsAre("/vendor/x=1"));
    EXPECT_THAT(notes(*a, kRoot, 6), IsEmpty());
    ASSERT_TRUE(note(*a, kRoot, 5, "/vendor/x", std::nullopt));
  }
}

TEST(Annotations, OfTheAccountThatAreNotThereAreLookedUpOnce) {
  Metrics metrics;
  ManualClock clock;
  SeededRandom random{1};
  store::FaultyStore store(store::open_memory({.engine = "memory"}, clock));
  const auto accounts = Accounts::create(store, {}, [](AccountId) { return 0; }, clock, random, null_log(), metrics);
  const auto account = *accounts->open(AccountId{2'000});
  const Reader reader{UINT64_MAX - 2};
  ASSERT_TRUE(account->annotations(kRoot, reader));
  const std::uint64_t before = store.traffic.snapshots;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(account->annotations(kRoot, reader)->empty());
  EXPECT_EQ(store.traffic.snapshots, before);
  ASSERT_TRUE(account->annotations(account->find_folder("INBOX")->id, reader));
  EXPECT_EQ(store.traffic.snapshots, before + 1);
}

TEST_P(SharedThings, AnnotationsFollowTheFolderAndGoWithIt) {
  const auto a = account();
  const FolderId x = a->create_folder("x")->id;
  const FolderId inbox = folder(*a, "INBOX");
  ASSERT_TRUE(note(*a, x, kEverybody, "/comment", "x"));
  ASSERT_TRUE(a->rename_folder(x, "y"));
  EXPECT_THAT(notes(*a, folder(*a, "y"), kEverybody), ElementsAre("/comment=x"));
  ASSERT_TRUE(a->delete_folder(x));
  EXPECT_EQ(a->annotations(x, kEverybody).error().code, Errc::not_found);
  EXPECT_THAT(notes(*a, a->create_folder("y")->id, kEverybody), IsEmpty());
  // RFC 5464 4.1
  ASSERT_TRUE(note(*a, inbox, 5, "/comment", "in"));
  ASSERT_TRUE(a->rename_folder(inbox, "Old"));
  EXPECT_THAT(notes(*a, folder(*a, "Old"), 5), ElementsAre("/comment=in"));
  EXPECT_THAT(notes(*a, inbox, 5), ElementsAre("/comment=in"));
}

TEST_P(SharedThings, AnnotationsAreLimited) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  EXPECT_EQ(note(*a, inbox, 5, "/big", std::string(kMaxAnnotationValue + 1, 'x')).error().code, Errc::too_large);
  for (const char* name : {"", "/", "x", "/a/", "/a//b", "/a*", "/a%", "/A", "/\xc3\xa9", "/a\n"}) {
    EXPECT_EQ(note(*a, inbox, 5, name, "v").error().code, Errc::invalid) << name;
  }
  std::vector<AnnotationChange> many;
  for (std::size_t i = 0; i < kMaxAnnotations; ++i) many.push_back({5, "/n" + std::to_string(i), "v"});
  ASSERT_TRUE(a->set_annotations(inbox, many, 0));
  EXPECT_EQ(note(*a, inbox, 5, "/more", "v").error().code, Errc::limit);
  EXPECT_TRUE(note(*a, inbox, 6, "/more", "v"));
  EXPECT_TRUE(note(*a, inbox, 5, "/n0", "another"));
  // All or none.
  const AnnotationChange two[] = {{5, "/n1", std::nullopt}, {5, "/x", "v"}, {5, "/y", "v"}};
  EXPECT_EQ(a->set_annotations(inbox, two, 0).error().code, Errc::limit);
  EXPECT_THAT(notes(*a, inbox, 5), testing::Contains("/n1=v"));
}

TEST_P(SharedThings, ChangesOfAnnotationsAreNews) {
  const auto a = account();
  const Modseq since = a->modseq();
  ASSERT_TRUE(note(*a, folder(*a, "INBOX"), 5, "/comment", "v"));
  ASSERT_TRUE(note(*a, folder(*a, "INBOX"), 5, "/comment", "v"));
  const auto [news, complete] = a->annotation_news(since);
  EXPECT_TRUE(complete);
  ASSERT_EQ(news.size(), 1U) << "the same value is no change";
  EXPECT_EQ(news[0].name, "/comment");
  EXPECT_EQ(news[0].reader, 5U);
  EXPECT_EQ(news[0].by, 7U);
  EXPECT_THAT(a->annotation_news(a->modseq()).news, IsEmpty());
  for (int i = 0; i < 2'000; ++i) ASSERT_TRUE(note(*a, folder(*a, "INBOX"), 5, "/comment", std::to_string(i)));
  EXPECT_FALSE(a->annotation_news(since).complete);
}

TEST_P(SharedThings, FlagsOutOfScopeStayAsTheyAre) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  add(*a, inbox, "x", flag::kDeleted | flag::kFlagged);
  const auto ids = *a->keyword_ids({"Word"}, true);
  const FlagScope seen{.system = flag::kSeen, .keywords = false};
  ASSERT_TRUE(a->store_flags(inbox, set({1}), FlagChange::replace, Flags{flag::kSeen | flag::kAnswered, ids},
                             std::nullopt, seen));
  EXPECT_EQ(rows(*a, inbox)[0].flags, (Flags{flag::kSeen | flag::kDeleted | flag::kFlagged, {}}));
  ASSERT_TRUE(a->store_flags(inbox, set({1}), FlagChange::remove, Flags{0xff, {}}, std::nullopt, seen));
  EXPECT_EQ(rows(*a, inbox)[0].flags.system, flag::kDeleted | flag::kFlagged);
}

TEST_P(SharedThings, MessagesAreCopiedAndMovedToAnotherAccount) {
  const auto a = account();
  const auto b = account(kOther);
  const FolderId from = folder(*a, "INBOX");
  const FolderId to = folder(*b, "Archive");
  for (const char* text : {"one", "two", "three"}) add(*a, from, text, flag::kSeen | flag::kFlagged);
  ASSERT_TRUE(a->store_flags(from, set({2}), FlagChange::add, Flags{0, *a->keyword_ids({"Word"}, true)}, std::nullopt));
  const auto copied = copy_to(*a, from, set({1, 2, 9}), *b, to, FlagScope{.system = flag::kSeen, .keywords = true});
  ASSERT_TRUE(copied);
  EXPECT_THAT(copied->from, ElementsAre(1, 2));
  EXPECT_THAT(copied->to, ElementsAre(1, 2));
  EXPECT_EQ(copied->uid_validity, b->folder(to)->uid_validity);
  EXPECT_EQ(rows(*b, to)[0].flags.system, flag::kSeen);
  EXPECT_EQ((*b->keywords())->at(rows(*b, to)[1].flags.keywords.at(0)), "Word");
  const auto moved = move_to(*a, from, set({3}), *b, to, FlagScope());
  ASSERT_TRUE(moved);
  EXPECT_EQ(a->folder(from)->total, 2U);
  EXPECT_EQ(b->folder(to)->total, 3U);
  std::string text(5, ' ');
  ASSERT_TRUE(b->read_body(b->item(rows(*b, to)[2].item)->body, 0, text));
  EXPECT_EQ(text, "three");
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_THAT(findings(kOther), IsEmpty());
}

TEST_P(SharedThings, ACopyThatDoesNotFitLeavesNothing) {
  const auto a = account();
  const auto b = account(kOther);
  const FolderId from = folder(*a, "INBOX");
  const FolderId to = folder(*b, "Archive");
  std::vector<NewItem> many(600, message("0123456789"));
  ASSERT_TRUE(a->append(from, many));
  quota_ = 5'500;  // the first commit of 500 fits
  EXPECT_EQ(copy_to(*a, from, NumberSet::of(1, 600), *b, to, FlagScope()).error().code, Errc::over_quota);
  EXPECT_EQ(b->folder(to)->total, 0U);
  EXPECT_EQ(move_to(*a, from, NumberSet::of(1, 600), *b, to, FlagScope()).error().code, Errc::over_quota);
  EXPECT_EQ(a->folder(from)->total, 600U);
  quota_ = 0;
  EXPECT_EQ(move_to(*a, from, NumberSet::of(1, 600), *b, to, FlagScope())->to.size(), 600U);
  EXPECT_EQ(copy_to(*b, to, NumberSet::of(1, 600), *a, FolderId{999}, FlagScope()).error().code, Errc::not_found);
}

}  // namespace
}  // namespace gatepost::account
