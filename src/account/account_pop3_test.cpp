#include <gmock/gmock.h>

#include "account/account_fixture.hpp"
#include "mime/structure.hpp"
#include "mime/summary.hpp"

namespace gatepost::account {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What a message brings along with its row: the names that POP3 had for it, and when it was sent.
class BroughtAlong : public AccountFixture {
 protected:
  std::vector<Pop3Id> names(FolderId folder) { return account()->pop3_ids(folder).value(); }
};

TEST_P(BroughtAlong, NamesGoWithTheirMessages) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX"), other = folder(*a, "Archive");
  std::vector<NewItem> items{message("one"), message("two"), message("three")};
  items[0].pop3_id = "uid-of-one";
  items[2].pop3_id = std::string(kMaxPop3Id, '~');
  ASSERT_TRUE(a->append(inbox, items));
  EXPECT_THAT(names(inbox), ElementsAre(Pop3Id{1, "uid-of-one"}, Pop3Id{3, items[2].pop3_id}));
  restart();
  EXPECT_THAT(names(inbox), ElementsAre(Pop3Id{1, "uid-of-one"}, Pop3Id{3, items[2].pop3_id}));
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_THAT(names(other), IsEmpty());
  // Another folder's copy is another message; what is moved has no name there.
  ASSERT_TRUE(account()->copy(inbox, set({1}), other));
  ASSERT_TRUE(account()->move(inbox, set({1}), other));
  EXPECT_THAT(names(other), IsEmpty());
  EXPECT_THAT(names(inbox), ElementsAre(Pop3Id{3, items[2].pop3_id}));
  ASSERT_TRUE(account()->remove(inbox, set({3})));
  EXPECT_THAT(names(inbox), IsEmpty());
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(BroughtAlong, NamesAreGivenToMessagesThatAreThere) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  for (const char* text : {"one", "two", "three"}) add(*a, inbox, text);
  ASSERT_TRUE(a->remove(inbox, set({2})));
  const std::vector<Pop3Id> wanted{{1, "a"}, {2, "b"}, {3, "c"}, {900, "d"}};
  EXPECT_EQ(a->set_pop3_ids(inbox, wanted).value(), 2U);
  EXPECT_THAT(names(inbox), ElementsAre(Pop3Id{1, "a"}, Pop3Id{3, "c"}));
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("\x7f"), std::string(71, 'x')}) {
    EXPECT_EQ(a->set_pop3_ids(inbox, std::vector<Pop3Id>{{1, bad}}).error().code, Errc::invalid);
  }
  NewItem item = message("four");
  item.pop3_id = "not\na name";
  EXPECT_EQ(a->append(inbox, std::span(&item, 1)).error().code, Errc::invalid);
  const FolderId fresh = a->create_folder("Fresh").value().id;
  item.pop3_id = "x";
  ASSERT_TRUE(a->append(fresh, std::span(&item, 1)));
  ASSERT_TRUE(a->delete_folder(fresh));
  EXPECT_EQ(a->pop3_ids(fresh).error().code, Errc::not_found);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(BroughtAlong, RowsSayWhenAMessageWasSent) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX");
  const auto put = [&](std::string_view text) {
    NewItem item = message(text);
    item.summary = mime::encode(mime::scan(text));
    ASSERT_TRUE(a->append(inbox, std::span(&item, 1)));
  };
  put("Date: Sun, 1 Mar 2026 10:00:00 +0200\r\nSubject: dated\r\n\r\n");
  put("Date: rubbish\r\nSubject: undated\r\n\r\n");
  add(*a, inbox, "without a summary that can be read");
  const std::int64_t now = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
  const auto check = [&] {
    const auto found = rows(*account(), inbox);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].sent, 1'772'352'000);
    EXPECT_EQ(found[1].sent, now);
    EXPECT_FALSE(found[2].sent);
  };
  check();
  restart();
  ASSERT_TRUE(account()->open_folder(inbox, false));
  check();
  ASSERT_TRUE(account()->store_flags(inbox, set({1, 2, 3}), FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
  check();
  const FolderId archive = folder(*account(), "Archive");
  ASSERT_TRUE(account()->copy(inbox, set({1}), archive));
  EXPECT_EQ(rows(*account(), archive)[0].sent, 1'772'352'000);
  ASSERT_TRUE(account()->move(inbox, set({1}), archive));
  EXPECT_EQ(rows(*account(), archive)[1].sent, 1'772'352'000);
}

INSTANTIATE_TEST_SUITE_P(Engines, BroughtAlong, testing::ValuesIn(kEngines));

}  // namespace
}  // namespace gatepost::account
