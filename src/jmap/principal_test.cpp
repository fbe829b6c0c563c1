#include "jmap/principal.hpp"

#include <gmock/gmock.h>

#include "jmap/test_world.hpp"

namespace gatepost::jmap {
namespace {

using testing::HasSubstr;
using testing::Not;

class JmapPrincipal : public testing::Test {
 protected:
  JmapPrincipal() {
    auto bert = world.principal(kBert);
    bert.display_name = "Bert Österberg";
    bert.contact = std::make_shared<const directory::Contact>(
        directory::Contact{{directory::ContactField::title, "Harbour master"},
                           {directory::ContactField::company, "The Port"},
                           {directory::ContactField::phone, "+46 8 123"}});
    EXPECT_TRUE(world.directory->update_principal(bert));
    EXPECT_TRUE(world.directory->add_principal(directory::PrincipalKind::group, "crew@example.org", "The crew"));
    EXPECT_TRUE(world.directory->add_principal(directory::PrincipalKind::room, "dock@example.org", ""));
  }
  std::string principal(std::string_view address) { return principal_name(world.principal(address).id); }
  // Addresses that a query finds, or the error.
  std::string find(const std::string& filter, const std::string& more = "") {
    const auto answer = world.api(
        R"(["Principal/query",{"accountId":"$","filter":)" + filter + more +
        R"(},"q"],["Principal/get",{"accountId":"$","#ids":{"resultOf":"q","name":"Principal/query","path":"/ids"}},"g"])");
    const auto& list = answer.at("methodResponses").at(1).at(1).as_object();
    if (!list.contains("list")) return text(answer.at("methodResponses").at(0).at(1).at("type"));
    std::string out;
    for (const auto& one : list.at("list").as_array()) {
      const std::string address(one.at("email").as_string());
      out += address.substr(0, address.find('@')) + " ";
    }
    return out;
  }
  json::value set(const std::string& rest) { return world.call("Mailbox/set", R"({"accountId":"$",)" + rest + "}"); }
  json::value share_of(std::string_view folder) {
    const auto got = world.call("Mailbox/get", R"({"accountId":"$","ids":[")" + world.mailbox(folder) +
                                                   R"("],"properties":["shareWith","myRights","isSubscribed"]})");
    return got.at("list").at(0);
  }
  World world;
};

TEST_F(JmapPrincipal, OfEquipmentIsAResource) {
  ASSERT_TRUE(world.directory->add_principal(directory::PrincipalKind::equipment, "crane@example.org", "The crane"));
  EXPECT_EQ(find(R"({"type":"resource"})"), "crane ");
  EXPECT_EQ(find(R"({"type":"location"})"), "dock ");
}

TEST_F(JmapPrincipal, IsWhatTheDirectoryKnowsOfSomebody) {
  const auto got = world.call("Principal/get", R"({"accountId":"$","ids":[")" + principal(kBert) + R"(","P1","x"]})");
  const auto& bert = got.at("list").at(0);
  EXPECT_EQ(bert.at("type"), "individual");
  EXPECT_EQ(bert.at("name"), "Bert Österberg");
  EXPECT_EQ(std::string_view(bert.at("email").as_string()), kBert);
  EXPECT_EQ(bert.at("description"), "Harbour master, The Port\n+46 8 123");
  EXPECT_TRUE(bert.at("timeZone").is_null());
  EXPECT_TRUE(bert.at("accounts").is_null());
  EXPECT_EQ(text(got.at("notFound")), R"(["P1","x"])");
  EXPECT_EQ(world.call("Principal/get", R"({"accountId":"$"})").at("list").as_array().size(), 4U);
  EXPECT_EQ(world.call("Principal/get", R"({"accountId":"a99"})").at("type"), "accountNotFound");
  EXPECT_EQ(world.call("Principal/get", R"({"accountId":"$","properties":["colour"]})").at("type"), "invalidArguments");
}

TEST_F(JmapPrincipal, IsFoundByAnyPartOfWhatIsKnown) {
  EXPECT_EQ(find(R"({"text":"öSTER"})"), "bert ");
  EXPECT_EQ(find(R"({"text":"harbour"})"), "bert ");
  EXPECT_EQ(find(R"({"name":"ock"})"), "dock ");
  EXPECT_EQ(find(R"({"email":"EXAMPLE"})", R"(,"sort":[{"property":"email","isAscending":false}])"),
            "dock crew bert anna ");
  EXPECT_EQ(find(R"({"type":"group"})"), "crew ");
  EXPECT_EQ(find(R"({"operator":"OR","conditions":[{"type":"group"},{"type":"location"}]})"), "crew dock ");
  EXPECT_EQ(find(R"({"operator":"NOT","conditions":[{"type":"individual"}]})"), "crew dock ");
  EXPECT_EQ(find(R"({"timeZone":"Europe/Stockholm"})"), "");
  EXPECT_EQ(find(R"({"accountIds":["$"]})"), "anna ");
  EXPECT_EQ(find("{}", R"(,"position":1,"limit":2)"), "bert crew ");
  EXPECT_EQ(find(R"({"colour":"x"})"), R"("unsupportedFilter")");
  EXPECT_EQ(find(R"({"name":1})"), R"("invalidArguments")");
  EXPECT_EQ(find("{}", R"(,"sort":[{"property":"colour"}])"), R"("unsupportedSort")");
  EXPECT_EQ(find("{}", R"(,"anchor":"P99")"), R"("anchorNotFound")");
}

TEST_F(JmapPrincipal, IsHiddenWhenDisabledOrOfAnotherDomain) {
  auto bert = world.principal(kBert);
  bert.enabled = false;
  ASSERT_TRUE(world.directory->update_principal(bert));
  EXPECT_EQ(find(R"({"type":"individual"})"), "anna ");
  ASSERT_TRUE(world.directory->add_domain("example.net"));
  ASSERT_TRUE(world.directory->add_principal(directory::PrincipalKind::person, "zoe@example.net", ""));
  EXPECT_EQ(find(R"({"type":"individual"})"), "anna zoe ");
  world.server.set_own_domain_only(true);
  EXPECT_EQ(find(R"({"type":"individual"})"), "anna ");
  EXPECT_THAT(text(set(R"("update":{")" + world.mailbox("Archive") + R"(":{"shareWith/)" +
                       principal_name(world.directory->find("zoe@example.net")->id) + R"(":{"mayReadItems":true}}})")
                       .at("notUpdated")),
              HasSubstr("invalidProperties"));
}

TEST_F(JmapPrincipal, AContactIsFoundAndNothingIsSharedWithIt) {
  const auto paul = world.directory->add_contact("paul@partner.example", "Paul Partner", "example.org");
  ASSERT_TRUE(paul);
  EXPECT_EQ(find(R"({"text":"partner"})"), "paul ");
  EXPECT_EQ(find(R"({"type":"other"})"), "paul ");
  EXPECT_THAT(text(set(R"("update":{")" + world.mailbox("Archive") + R"(":{"shareWith/)" + principal_name(paul->id) +
                       R"(":{"mayReadItems":true}}})")
                       .at("notUpdated")),
              HasSubstr("invalidProperties"));
}

TEST_F(JmapPrincipal, IsSeenAsAddressBooksSay) {
  ASSERT_TRUE(world.directory->put_address_book({"anna", {std::string(kAnna)}, {"crew@example.org"}}));
  EXPECT_EQ(find("{}"), "anna crew ");
  const auto got = world.call("Principal/get", R"({"accountId":"$","ids":[")" + principal(kBert) + R"("]})");
  EXPECT_EQ(got.at("notFound").as_array().size(), 1U);
}

TEST_F(JmapPrincipal, IsNotChangedByItsUsers) {
  const auto answer =
      world.call("Principal/set", R"({"accountId":"$","create":{"k":{"name":"x"}},"update":{")" + principal(kAnna) +
                                      R"(":{"name":"x"}},"destroy":[")" + principal(kBert) + R"("]})");
  EXPECT_THAT(text(answer.at("notCreated")), HasSubstr("forbidden"));
  EXPECT_THAT(text(answer.at("notUpdated")), HasSubstr("forbidden"));
  EXPECT_THAT(text(answer.at("notDestroyed")), HasSubstr("forbidden"));
  EXPECT_EQ(answer.at("oldState"), answer.at("newState"));
}

TEST_F(JmapPrincipal, HasAStateThatEveryChangeChanges) {
  const std::string state(world.call("Principal/get", R"({"accountId":"$","ids":[]})").at("state").as_string());
  const std::string ask = R"({"accountId":"$","sinceState":")" + state + R"("})";
  EXPECT_EQ(std::string(world.call("Principal/changes", ask).at("newState").as_string()), state);
  world.add("new@example.org");
  EXPECT_EQ(world.call("Principal/changes", ask).at("type"), "cannotCalculateChanges");
  EXPECT_EQ(
      world.call("Principal/queryChanges", R"({"accountId":"$","sinceQueryState":")" + state + R"("})").at("type"),
      "cannotCalculateChanges");
}

TEST_F(JmapPrincipal, SharesAMailboxWithSomebody) {
  EXPECT_TRUE(share_of("Archive").at("shareWith").is_null());
  const std::string bert = principal(kBert), archive = world.mailbox("Archive");
  EXPECT_THAT(text(set(R"("update":{")" + archive + R"(":{"shareWith":{")" + bert +
                       R"(":{"mayReadItems":true,"maySetSeen":true}}}})")
                       .at("updated")),
              HasSubstr(archive));
  const json::value given = share_of("Archive").at("shareWith").at(bert);
  EXPECT_EQ(given.at("mayReadItems"), true);
  EXPECT_EQ(given.at("maySetSeen"), true);
  EXPECT_EQ(given.at("mayShare"), false);
  // Its owner keeps what is his; the other one sees it, with his rights, and not with whom else it is shared.
  EXPECT_EQ(share_of("Archive").at("myRights").at("mayShare"), true);
  world.user = kBert;
  EXPECT_EQ(share_of("Archive").at("myRights").at("mayAddItems"), false);
  EXPECT_EQ(share_of("Archive").at("isSubscribed"), true);
  EXPECT_TRUE(share_of("Archive").at("shareWith").is_null());
  EXPECT_THAT(text(set(R"("update":{")" + archive + R"(":{"shareWith":null}})").at("notUpdated")),
              HasSubstr("forbidden"));
  EXPECT_EQ(world.call("Identity/get", R"({"accountId":"$"})").at("type"), "accountNotSupportedByMethod");
  for (const char* method : {"Principal/get", "EmailSubmission/get", "EmailSubmission/query", "EmailSubmission/set"}) {
    EXPECT_EQ(world.call(method, R"({"accountId":"$"})").at("type"), "accountNotSupportedByMethod") << method;
  }
  EXPECT_THAT(world.server.session(world.principal(kBert), "https://x"),
              HasSubstr(R"("principalId":")" + principal(kAnna) + "\""));
  const auto anna = world.call("Principal/get",
                               R"({"accountId":")" + world.id(kBert) + R"(","ids":[")" + principal(kAnna) + R"("]})");
  EXPECT_THAT(text(anna.at("list").at(0).at("accounts")), HasSubstr(world.id(kAnna)));
  world.user = kAnna;
  // One right more, by a path; then nobody.
  set(R"("update":{")" + archive + R"(":{"shareWith/)" + bert + R"(/mayAddItems":true}})");
  EXPECT_EQ(share_of("Archive").at("shareWith").at(bert).at("mayAddItems"), true);
  EXPECT_EQ(share_of("Archive").at("shareWith").at(bert).at("maySetSeen"), true);
  set(R"("update":{")" + archive + R"(":{"shareWith/)" + bert + R"(":null}})");
  EXPECT_TRUE(share_of("Archive").at("shareWith").is_null());
  world.user = kBert;
  EXPECT_EQ(world.call("Mailbox/get", R"({"accountId":"$"})").at("type"), "accountNotFound");
}

TEST_F(JmapPrincipal, LetsGrantsAloneThatNoPrincipalHas) {
  sharing::Sharing sharing(*world.directory, *world.accounts);
  const auto owner = world.account(kAnna);
  const auto archive = owner->find_folder("Archive")->id;
  ASSERT_TRUE(sharing.set(*owner, archive, "anyone", sharing::Change::replace, *sharing::parse_rights("lr")));
  EXPECT_TRUE(share_of("Archive").at("shareWith").is_null());
  set(R"("update":{")" + world.mailbox("Archive") + R"(":{"shareWith":{")" + principal("crew@example.org") +
      R"(":{"mayReadItems":true}}}})");
  EXPECT_EQ(sharing.list(*owner, archive)->size(), 3U);
  set(R"("update":{")" + world.mailbox("Archive") + R"(":{"shareWith":null}})");
  EXPECT_EQ(sharing.list(*owner, archive)->size(), 2U);
}

TEST_F(JmapPrincipal, RefusesSharesThatAreNone) {
  const std::string archive = world.mailbox("Archive");
  const auto refused = [&](const std::string& share) {
    return text(set(R"("update":{")" + archive + R"(":{)" + share + "}}").at("notUpdated"));
  };
  EXPECT_THAT(refused(R"("shareWith":1)"), HasSubstr("invalidProperties"));
  EXPECT_THAT(refused(R"("shareWith":{"P1":{"mayReadItems":true}})"), HasSubstr("invalidProperties"));
  EXPECT_THAT(refused(R"("shareWith":{")" + principal(kAnna) + R"(":{"mayReadItems":true}})"),
              HasSubstr("invalidProperties"));
  EXPECT_THAT(refused(R"("shareWith":{")" + principal(kBert) + R"(":{"mayDance":true}})"), HasSubstr("mayDance"));
  EXPECT_THAT(refused(R"("shareWith":{")" + principal(kBert) + R"(":{"mayRename":true,"mayDelete":false}})"),
              HasSubstr("go together"));
  EXPECT_THAT(refused(R"("shareWith/P9/mayReadItems":true)"), HasSubstr("invalidPatch"));
  // A mailbox is made with its shares, or not at all.
  EXPECT_THAT(text(set(R"("create":{"k":{"name":"New","shareWith":{"P1":{"mayReadItems":true}}}})").at("notCreated")),
              HasSubstr("invalidProperties"));
  EXPECT_FALSE(world.account(kAnna)->find_folder("New"));
  set(R"("create":{"k":{"name":"New","shareWith":{")" + principal(kBert) + R"(":{"mayReadItems":true}}}})");
  EXPECT_EQ(share_of("New").at("shareWith").as_object().size(), 1U);
}

TEST_F(JmapPrincipal, TellsPeopleOfTheirRights) {
  // Of whoever asks.
  const auto mine = [&] { return R"({"accountId":")" + world.id(world.user) + "\""; };
  const auto notices = [&] { return world.call("ShareNotification/get", mine() + "}"); };
  const std::string archive = world.mailbox("Archive"), anna = world.id(kAnna), bert = principal(kBert);
  world.user = kBert;
  const auto before = notices();
  EXPECT_EQ(text(before.at("list")), "[]");
  const std::string states = world.server.states(world.principal(kBert), {"ShareNotification"});
  EXPECT_THAT(states, HasSubstr(std::string(before.at("state").as_string())));

  world.user = kAnna;
  set(R"("update":{")" + archive + R"(":{"shareWith/)" + bert + R"(":{"mayReadItems":true}}})");
  world.clock.advance(std::chrono::minutes(1));
  set(R"("update":{")" + archive + R"(":{"shareWith":null}})");
  EXPECT_EQ(text(notices().at("list")), "[]");  // whoever did it is not told
  world.user = kBert;
  EXPECT_NE(world.server.states(world.principal(kBert), {"ShareNotification"}), states);
  const auto got = notices();
  ASSERT_EQ(got.at("list").as_array().size(), 2U);
  const auto& first = got.at("list").at(0);
  EXPECT_EQ(text(first.at("changedBy")),
            R"({"name":"anna@example.org","email":"anna@example.org","principalId":")" + principal(kAnna) + "\"}");
  EXPECT_EQ(first.at("objectType"), "Mailbox");
  EXPECT_EQ(std::string_view(first.at("objectAccountId").as_string()), anna);
  EXPECT_EQ(std::string_view(first.at("objectId").as_string()), archive);
  EXPECT_EQ(first.at("name"), "Archive");
  EXPECT_EQ(first.at("oldRights").at("mayReadItems"), false);
  EXPECT_EQ(first.at("newRights").at("mayReadItems"), true);
  EXPECT_EQ(first.at("newRights").at("mayAddItems"), false);
  EXPECT_TRUE(got.at("list").at(1).at("newRights").is_null());

  const std::string state(got.at("state").as_string());
  const auto changes = [&](const std::string& since) {
    return world.call("ShareNotification/changes", mine() + R"(,"sinceState":")" + since + "\"}");
  };
  EXPECT_EQ(std::string_view(changes(state).at("newState").as_string()), state);
  EXPECT_EQ(changes("0").at("type"), "cannotCalculateChanges");
  const auto query = [&](const std::string& more) {
    return world.call("ShareNotification/query", mine() + "," + more + "}");
  };
  const std::string one(first.at("id").as_string());
  EXPECT_EQ(query(R"("sort":[{"property":"created","isAscending":false}])").at("ids").as_array().size(), 2U);
  EXPECT_EQ(text(query(R"("limit":1)").at("ids")), "[\"" + one + "\"]");
  EXPECT_EQ(
      text(query(R"("filter":{"before":")" + utc_date(world.clock.now()) + R"(","objectAccountId":")" + anna + "\"}")
               .at("ids")),
      "[\"" + one + "\"]");
  EXPECT_EQ(text(query(R"("filter":{"operator":"NOT","conditions":[{"objectType":"Mailbox"}]})").at("ids")), "[]");
  EXPECT_EQ(query(R"("filter":{"colour":1})").at("type"), "unsupportedFilter");
  EXPECT_EQ(query(R"("sort":[{"property":"name"}])").at("type"), "unsupportedSort");
  EXPECT_EQ(world.call("ShareNotification/queryChanges", mine() + R"(,"sinceQueryState":"0"})").at("type"),
            "cannotCalculateChanges");

  const auto gone =
      world.call("ShareNotification/set", mine() + R"(,"create":{"k":{}},"destroy":[")" + one + R"(","n1"]})");
  EXPECT_THAT(text(gone.at("notCreated")), HasSubstr("forbidden"));
  EXPECT_THAT(text(gone.at("notDestroyed")), HasSubstr("notFound"));
  EXPECT_EQ(text(gone.at("destroyed")), "[\"" + one + "\"]");
  EXPECT_NE(gone.at("oldState"), gone.at("newState"));
  EXPECT_EQ(notices().at("list").as_array().size(), 1U);
}

TEST_F(JmapPrincipal, TellsMembersOfGroupsAndKeepsTheNewestAlone) {
  ASSERT_TRUE(world.directory->add_members(world.directory->find("crew@example.org")->id, {std::string(kBert)}));
  const auto owner = world.account(kAnna);
  const auto archive = owner->find_folder("Archive")->id;
  const sharing::Sharing sharing(*world.directory, *world.accounts, sharing::Author{std::nullopt, world.clock});
  for (int i = 0; i < 120; ++i) {
    world.clock.advance(std::chrono::seconds(1));
    ASSERT_TRUE(sharing.set(*owner, archive, "crew@example.org", sharing::Change::replace,
                            *sharing::parse_rights(i % 2 == 0 ? "lr" : "lri")));
  }
  world.clock.advance(std::chrono::seconds(1));
  ASSERT_TRUE(sharing.remove(*owner, archive, "crew@example.org"));
  ASSERT_TRUE(sharing.set(*owner, archive, "anyone", sharing::Change::replace, *sharing::parse_rights("lr")));
  ASSERT_TRUE(sharing.set(*owner, account::kRoot, kBert, sharing::Change::replace, *sharing::parse_rights("lr")));
  world.user = kBert;
  const auto got =
      world.call("ShareNotification/get", R"({"accountId":")" + world.id(kBert) + "\"}").at("list").as_array();
  ASSERT_EQ(got.size(), sharing::kMostNotices);
  EXPECT_TRUE(got.back().at("newRights").is_null());
  EXPECT_TRUE(got.back().at("changedBy").at("principalId").is_null());
  EXPECT_FALSE(got.front().at("newRights").is_null());
}

}  // namespace
}  // namespace gatepost::jmap
