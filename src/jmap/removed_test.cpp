#include "jmap/removed.hpp"

#include <gmock/gmock.h>

#include "jmap/test_world.hpp"
#include "sharing/sharing.hpp"

namespace gatepost::jmap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class JmapRemoved : public testing::Test {
 protected:
  JmapRemoved() {
    world.server.set_removed({std::chrono::days(14), true});
    for (const auto& [subject, from] :
         {std::pair("Übersicht for May", "Ada <ada@elsewhere.example>"),
          std::pair("Lunch", "=?utf-8?q?J=C3=BCrgen?= <j@example.net>"), std::pair("Invoice 7", "shop@example.net")}) {
      ids.push_back(world.deliver("Message-ID: <" + std::to_string(ids.size()) + "@x>\r\nFrom: " + std::string(from) +
                                  "\r\nSubject: " + std::string(subject) + "\r\n\r\nHello there.\r\n"));
    }
  }
  void remove(const std::string& id) {
    world.clock.advance(std::chrono::seconds(1));
    world.call("Email/set", R"({"accountId":"$","destroy":[")" + id + "\"]}");
  }
  void remove_all() {
    for (const std::string& id : ids) remove(id);
  }
  json::object query(const std::string& more = "", const std::string& account = "$") {
    return world.call("RemovedEmail/query", R"({"accountId":")" + account + "\"" + more + "}");
  }
  static std::vector<std::string> texts(const json::value& array) {
    std::vector<std::string> out;
    for (const auto& one : array.as_array()) out.emplace_back(one.as_string());
    return out;
  }
  std::vector<std::string> found(const std::string& more = "", const std::string& account = "$") {
    const auto answer = query(more, account);
    EXPECT_TRUE(answer.contains("ids")) << text(answer);
    return answer.contains("ids") ? texts(answer.at("ids")) : std::vector<std::string>();
  }
  json::object restore(const std::vector<std::string>& which, const std::string& more = "",
                       const std::string& account = "$") {
    std::string list;
    for (const auto& id : which) list += (list.empty() ? "\"" : ",\"") + id + "\"";
    return world.call("RemovedEmail/restore", R"({"accountId":")" + account + R"(","ids":[)" + list + "]" + more + "}");
  }
  World world;
  std::vector<std::string> ids;
};

TEST_F(JmapRemoved, AreListedFromTheNewestOnInPages) {
  EXPECT_THAT(found(), IsEmpty());
  remove_all();
  EXPECT_THAT(found(), ElementsAre(ids[2], ids[1], ids[0]));
  const auto page = query(R"(,"position":1,"limit":1,"calculateTotal":true)");
  EXPECT_EQ(text(page.at("ids")), "[\"" + ids[1] + "\"]");
  EXPECT_EQ(page.at("total"), 3);
  EXPECT_THAT(found(R"(,"position":9)"), IsEmpty());
  EXPECT_EQ(query(R"(,"position":-1)").at("type"), "invalidArguments");
  EXPECT_EQ(query(R"(,"filter":{"colour":"red"})").at("type"), "unsupportedFilter");
}

TEST_F(JmapRemoved, AreFoundBySubjectSenderAndTime) {
  remove_all();
  EXPECT_THAT(found(R"(,"filter":{"text":"übersicht"})"), ElementsAre(ids[0]));
  EXPECT_THAT(found(R"(,"filter":{"text":"may ADA"})"), ElementsAre(ids[0]));
  EXPECT_THAT(found(R"(,"filter":{"text":"example.net"})"), ElementsAre(ids[2], ids[1]));
  EXPECT_THAT(found(R"(,"filter":{"text":"jürgen"})"), ElementsAre(ids[1]));
  EXPECT_THAT(found(R"(,"filter":{"text":"nobody"})"), IsEmpty());
  EXPECT_EQ(query(R"(,"filter":{"text":"example.net"},"limit":1,"calculateTotal":true)").at("total"), 2);
  const std::string now = utc_date(std::chrono::floor<std::chrono::seconds>(world.clock.now()));
  EXPECT_THAT(found(R"(,"filter":{"after":")" + now + "\"}"), ElementsAre(ids[2]));
  EXPECT_THAT(found(R"(,"filter":{"before":")" + now + "\"}"), ElementsAre(ids[1], ids[0]));
}

TEST_F(JmapRemoved, AreDescribed) {
  remove(ids[0]);
  const auto got = world.call("RemovedEmail/get", R"({"accountId":"$","ids":[")" + ids[0] + R"(","M1024-99","x"]})");
  const auto& one = got.at("list").at(0);
  EXPECT_EQ(one.at("subject"), "Übersicht for May");
  EXPECT_EQ(one.at("from").at(0).at("email"), "ada@elsewhere.example");
  EXPECT_EQ(one.at("preview"), "Hello there.");
  EXPECT_EQ(one.at("mailboxName"), "INBOX");
  EXPECT_EQ(std::string_view(one.at("mailboxId").as_string()), world.mailbox("INBOX"));
  EXPECT_EQ(text(got.at("notFound")), R"(["M1024-99","x"])");
  const auto less =
      world.call("RemovedEmail/get", R"({"accountId":"$","ids":[")" + ids[0] + R"("],"properties":["size"]})");
  EXPECT_EQ(less.at("list").at(0).as_object().size(), 2U);
  EXPECT_EQ(world.call("RemovedEmail/get", R"({"accountId":"$"})").at("type"), "requestTooLarge");
  // What is in a folder is none.
  EXPECT_EQ(text(world.call("RemovedEmail/get", R"({"accountId":"$","ids":[")" + ids[1] + "\"]}").at("notFound")),
            "[\"" + ids[1] + "\"]");
}

TEST_F(JmapRemoved, ComeBackToWhereTheyWere) {
  remove_all();
  const auto answer = restore({ids[0], ids[2], "M1024-99"});
  EXPECT_THAT(texts(answer.at("restored")), ElementsAre(ids[0], ids[2]));
  EXPECT_EQ(text(answer.at("mailboxIds")), "[\"" + world.mailbox("INBOX") + "\"]");
  EXPECT_EQ(text(answer.at("notRestored")), R"({"M1024-99":{"type":"notFound"}})");
  EXPECT_THAT(found(), ElementsAre(ids[1]));
  const auto got =
      world.call("Email/get", R"({"accountId":"$","ids":[")" + ids[0] + R"("],"properties":["mailboxIds"]})");
  EXPECT_EQ(text(got.at("list").at(0).at("mailboxIds")), "{\"" + world.mailbox("INBOX") + "\":true}");
}

TEST_F(JmapRemoved, ComeBackIntoAFolderOfChoiceAndNotIntoTheTrash) {
  const std::string trashed = world.deliver("Subject: t\r\n\r\nx\r\n", "Trash");
  remove(trashed);
  remove(ids[0]);
  EXPECT_EQ(text(restore({trashed}).at("mailboxIds")), "[\"" + world.mailbox("INBOX") + "\"]");
  EXPECT_EQ(text(restore({ids[0]}, R"(,"mailboxId":")" + world.mailbox("Archive") + "\"").at("mailboxIds")),
            "[\"" + world.mailbox("Archive") + "\"]");
  EXPECT_EQ(restore({ids[0]}, R"(,"mailboxId":"F1024-999")").at("type"), "invalidArguments");
}

TEST_F(JmapRemoved, AreDeletedForGoodOnlyWhereThatIsAllowed) {
  remove_all();
  world.server.set_removed({std::chrono::days(14), false});
  auto answer = world.call("RemovedEmail/set", R"({"accountId":"$","destroy":[")" + ids[0] + "\"]}");
  EXPECT_EQ(answer.at("notDestroyed").at(ids[0]).at("type"), "forbidden");
  EXPECT_EQ(found().size(), 3U);
  world.server.set_removed({std::chrono::days(14), true});
  answer = world.call("RemovedEmail/set", R"({"accountId":"$","destroy":[")" + ids[0] + R"(","M1024-99"]})");
  EXPECT_EQ(text(answer.at("destroyed")), "[\"" + ids[0] + "\"]");
  EXPECT_EQ(answer.at("notDestroyed").at("M1024-99").at("type"), "notFound");
  EXPECT_THAT(found(), ElementsAre(ids[2], ids[1]));
  EXPECT_EQ(
      world.call("RemovedEmail/set", R"({"accountId":"$","create":{"a":{}}})").at("notCreated").at("a").at("type"),
      "forbidden");
}

TEST_F(JmapRemoved, AreToldOfInTheSessionWhereTheyAreKept) {
  const auto capability = [&] {
    const json::value session = *parse(world.server.session(world.principal(kAnna), "https://mail.example.org"));
    const auto& of = session.at("accounts").at(world.id()).at("accountCapabilities").as_object();
    return of.contains(kRemoved) ? text(of.at(kRemoved)) : std::string("none");
  };
  EXPECT_EQ(capability(), R"({"keptSeconds":1209600,"mayDestroy":true})");
  world.server.set_removed({});
  EXPECT_EQ(capability(), "none");
  EXPECT_EQ(query().at("type"), "accountNotSupportedByMethod");
}

TEST_F(JmapRemoved, OfOthersAreForWhoMightHaveRemovedThemAlone) {
  const std::string anna = world.id();
  const std::string archived = world.deliver("Subject: kept\r\n\r\nx\r\n", "Archive");
  remove(archived);
  remove(ids[0]);
  sharing::Sharing sharing(*world.directory, *world.accounts);
  const auto account = world.account(kAnna);
  const auto archive = account->find_folder("Archive")->id;
  const auto grant = [&](std::string_view letters) {
    ASSERT_TRUE(sharing.set(*account, archive, kBert, sharing::Change::replace, *sharing::parse_rights(letters)));
  };
  world.user = kBert;
  EXPECT_EQ(query("", anna).at("type"), "accountNotFound");
  grant("lr");
  EXPECT_THAT(found("", anna), IsEmpty());
  grant("lrte");
  EXPECT_THAT(found("", anna), ElementsAre(archived));
  auto answer = restore({archived, ids[0]}, "", anna);
  EXPECT_EQ(answer.at("notRestored").at(archived).at("type"), "forbidden");
  EXPECT_EQ(answer.at("notRestored").at(ids[0]).at("type"), "notFound");
  EXPECT_EQ(
      world.call("RemovedEmail/set", R"({"accountId":")" + anna + R"(","destroy":[")" + archived + "\"]}").at("type"),
      "accountNotSupportedByMethod");
  grant("lrtei");
  answer = restore({archived}, "", anna);
  EXPECT_THAT(texts(answer.at("restored")), ElementsAre(archived));
  EXPECT_THAT(found("", anna), IsEmpty());
}

}  // namespace
}  // namespace gatepost::jmap
