#include "sharing/sharing.hpp"

#include <gmock/gmock.h>

#include "store/memory_store.hpp"

namespace gatepost::sharing {
namespace {

using directory::PrincipalId;
using testing::ElementsAre;
using testing::IsEmpty;

class SharedFolders : public testing::Test {
 protected:
  SharedFolders() {
    EXPECT_TRUE(directory->add_domain("example.org"));
    for (const char* name : {"anna", "bob", "carol"}) add(directory::PrincipalKind::person, name);
    add(directory::PrincipalKind::shared_mailbox, "sales");
    EXPECT_TRUE(directory->add_alias("team@example.org", {"bob@example.org", "carol@example.org"}));
  }
  void add(directory::PrincipalKind kind, std::string_view name) {
    EXPECT_TRUE(directory->add_principal(kind, std::string(name) + "@example.org", ""));
  }
  PrincipalId id(std::string_view name) { return directory->find(std::string(name) + "@example.org")->id; }
  std::shared_ptr<account::Account> account(std::string_view name) {
    return *accounts->open(static_cast<account::AccountId>(static_cast<std::uint64_t>(id(name))));
  }
  account::FolderId inbox(std::string_view name) { return account(name)->find_folder("INBOX")->id; }
  void set(std::string_view owner, std::string_view identifier, std::string_view letters,
           Change change = Change::replace) {
    const auto done = sharing.set(*account(owner), inbox(owner), identifier, change, *parse_rights(letters));
    EXPECT_TRUE(done) << done.error().detail;
  }
  std::string rights(std::string_view reader, std::string_view owner) {
    const auto a = account(owner);
    return to_string(sharing.rights(id(reader), a->id(), a->grants(inbox(owner))->get()));
  }
  std::vector<std::string> sharers(std::string_view reader) {
    std::vector<std::string> out;
    for (const auto& principal : sharing.sharers(id(reader))) out.push_back(principal.address);
    return out;
  }
  std::vector<std::string> list(std::string_view owner) {
    std::vector<std::string> out;
    for (const Entry& e : *sharing.list(*account(owner), inbox(owner))) {
      out.push_back((e.negative ? "-" : "") + e.identifier + " " + to_string(e.rights));
    }
    return out;
  }

  ManualClock clock;
  SystemRandom random;
  Metrics metrics;
  std::unique_ptr<store::Store> store = store::open_memory({.engine = "memory"}, clock);
  std::unique_ptr<directory::Directory> directory =
      *directory::Directory::open(store->keys(), {.argon2_memory_kib = 8, .argon2_iterations = 1}, clock, random);
  std::unique_ptr<account::Accounts> accounts = account::Accounts::create(
      *store, {}, [](account::AccountId) { return account::QuotaLimits(); }, clock, random, null_log(), metrics);
  Sharing sharing{*directory, *accounts};
};

TEST_F(SharedFolders, AreTheirOwnersAlone) {
  EXPECT_EQ(rights("anna", "anna"), "lrswipkxteacd");
  EXPECT_EQ(rights("bob", "anna"), "");
  EXPECT_THAT(sharers("bob"), IsEmpty());
  EXPECT_EQ(sharing.open(id("bob"), "anna@example.org").error().code, Errc::not_found);
  EXPECT_THAT(list("anna"), ElementsAre("anna@example.org lrswipkxteacd"));
}

TEST_F(SharedFolders, AreGrantedToOneToAGroupAndToAnyone) {
  set("anna", "bob@example.org", "l");
  set("anna", "TEAM@example.org", "r");
  set("anna", "anyone", "p");
  EXPECT_EQ(rights("bob", "anna"), "lrp");
  EXPECT_EQ(rights("carol", "anna"), "rp");
  EXPECT_EQ(rights("sales", "anna"), "p");
  EXPECT_THAT(sharers("carol"), ElementsAre("anna@example.org"));
  EXPECT_THAT(sharers("anna"), IsEmpty());
  EXPECT_TRUE(sharing.open(id("sales"), "anna@example.org"));
}

TEST_F(SharedFolders, AreTakenAwayFromSome) {
  set("anna", "team@example.org", "lrswi");
  set("anna", "-bob@example.org", "w");
  EXPECT_EQ(rights("bob", "anna"), "lrsi");
  EXPECT_EQ(rights("carol", "anna"), "lrswi");
  set("anna", "-anyone", "i");
  EXPECT_EQ(rights("carol", "anna"), "lrsw");
  EXPECT_EQ(rights("anna", "anna"), "lrswipkxteacd");
}

TEST_F(SharedFolders, ChangeByLetters) {
  set("anna", "bob@example.org", "lr");
  set("anna", "bob@example.org", "sw", Change::add);
  set("anna", "bob@example.org", "r", Change::remove);
  EXPECT_EQ(rights("bob", "anna"), "lsw");
  set("anna", "bob@example.org", "lsw", Change::remove);
  EXPECT_THAT(list("anna"), ElementsAre("anna@example.org lrswipkxteacd"));
  EXPECT_THAT(sharers("bob"), IsEmpty());
}

TEST_F(SharedFolders, AreNoMoreLookedAtWhenNothingIsGranted) {
  const auto a = account("anna");
  set("anna", "bob@example.org", "lr");
  ASSERT_TRUE(sharing.set(*a, account::kRoot, "bob@example.org", Change::replace, Right::lookup));
  ASSERT_TRUE(sharing.remove(*a, inbox("anna"), "bob@example.org"));
  EXPECT_THAT(sharers("bob"), ElementsAre("anna@example.org"));
  ASSERT_TRUE(sharing.remove(*a, account::kRoot, "bob@example.org"));
  EXPECT_THAT(sharers("bob"), IsEmpty());
  ASSERT_TRUE(sharing.remove(*a, inbox("anna"), "bob@example.org"));
}

TEST_F(SharedFolders, KeepTheirOwnersRights) {
  const auto a = account("anna");
  const auto set_own = [&](std::string_view identifier, Change change, Rights rights) {
    const auto done = sharing.set(*a, inbox("anna"), identifier, change, rights);
    return done ? std::nullopt : std::optional(done.error().code);
  };
  EXPECT_EQ(set_own("anna@example.org", Change::replace, Right::read), Errc::denied);
  EXPECT_EQ(set_own("anna@example.org", Change::remove, Right::read), Errc::denied);
  EXPECT_EQ(set_own("-anna@example.org", Change::replace, Right::read), Errc::denied);
  EXPECT_EQ(set_own("anna@example.org", Change::add, Right::read), std::nullopt);
  EXPECT_EQ(sharing.remove(*a, inbox("anna"), "anna@example.org").error().code, Errc::denied);
  EXPECT_EQ(*sharing.always(*a, "anna@example.org"), Rights::all());
  EXPECT_EQ(*sharing.always(*a, "-anna@example.org"), Rights());
  EXPECT_EQ(*sharing.always(*a, "anyone"), Rights());
}

TEST_F(SharedFolders, AreGrantedToNobodyUnknown) {
  const auto a = account("anna");
  const auto code = [&](std::string_view identifier) {
    return sharing.set(*a, inbox("anna"), identifier, Change::replace, Right::read).error().code;
  };
  EXPECT_EQ(code("dave@example.org"), Errc::not_found);
  EXPECT_EQ(code("bob"), Errc::invalid);
  EXPECT_EQ(code(""), Errc::invalid);
  EXPECT_EQ(code("-"), Errc::invalid);
  EXPECT_EQ(sharing.set(*a, account::FolderId{999}, "bob@example.org", Change::replace, Right::read).error().code,
            Errc::not_found);
}

// A number is never given twice, an address may be.
TEST_F(SharedFolders, AreNotInheritedWithAnAddress) {
  set("anna", "bob@example.org", "lr");
  ASSERT_TRUE(directory->remove_principal(id("bob")));
  EXPECT_THAT(list("anna"), ElementsAre("anna@example.org lrswipkxteacd"));
  add(directory::PrincipalKind::person, "bob");
  EXPECT_EQ(rights("bob", "anna"), "");
  EXPECT_THAT(sharers("bob"), IsEmpty());
}

TEST_F(SharedFolders, OfSharedAccountsBelongToNobodyWhoSignsIn) {
  set("sales", "bob@example.org", "lrswipkxtea");
  EXPECT_EQ(rights("bob", "sales"), "lrswipkxteacd");
  EXPECT_EQ(sharing.open(id("bob"), "sales@example.org")->principal.kind, directory::PrincipalKind::shared_mailbox);
}

}  // namespace
}  // namespace gatepost::sharing
