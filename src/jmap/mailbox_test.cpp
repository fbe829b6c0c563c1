#include "jmap/mailbox.hpp"

#include <gmock/gmock.h>

#include "jmap/test_world.hpp"

namespace gatepost::jmap {
namespace {

using testing::HasSubstr;

class JmapMailbox : public testing::Test {
 protected:
  std::string names(const std::string& arguments) {
    const auto answer = world.api(
        R"(["Mailbox/query",{"accountId":"$")" + arguments +
        R"(},"q"],["Mailbox/get",{"accountId":"$","#ids":{"resultOf":"q","name":"Mailbox/query","path":"/ids"}},"g"])");
    std::string out;
    const auto& list = answer.at("methodResponses").at(1).at(1).as_object();
    if (!list.contains("list")) return text(answer.at("methodResponses").at(0).at(1));
    for (const auto& one : list.at("list").as_array()) out += std::string(one.at("name").as_string()) + " ";
    return out;
  }
  std::string create(const std::string& properties) {
    const auto answer = world.call("Mailbox/set", R"({"accountId":"$","create":{"k":{)" + properties + "}}}");
    return answer.at("created").is_null() ? text(answer.at("notCreated").at("k"))
                                          : std::string(answer.at("created").at("k").at("id").as_string());
  }
  json::value set(const std::string& rest) { return world.call("Mailbox/set", R"({"accountId":"$",)" + rest + "}"); }
  World world;
};

TEST_F(JmapMailbox, IsAFolderWithItsCounts) {
  world.deliver("Message-ID: <1@x>\r\nSubject: a\r\n\r\n");
  world.deliver("References: <1@x>\r\nSubject: Re: a\r\n\r\n", "INBOX", account::flag::kSeen);
  const auto got =
      world.call("Mailbox/get", R"({"accountId":"$","ids":[")" + world.mailbox("INBOX") + R"(","F1024-99"]})");
  const auto& inbox = got.at("list").at(0);
  EXPECT_EQ(inbox.at("name"), "Inbox");
  EXPECT_EQ(inbox.at("role"), "inbox");
  EXPECT_EQ(inbox.at("totalEmails"), 2);
  EXPECT_EQ(inbox.at("unreadEmails"), 1);
  EXPECT_EQ(inbox.at("totalThreads"), 1);
  EXPECT_EQ(inbox.at("unreadThreads"), 1);
  EXPECT_EQ(inbox.at("myRights").at("mayDelete"), false);
  EXPECT_EQ(text(got.at("notFound")), R"(["F1024-99"])");
}

TEST_F(JmapMailbox, IsMadeRenamedAndDestroyed) {
  const auto answer = set(R"("create":{"b":{"name":"Below","parentId":"#a"},"a":{"name":"Above"}})");
  const std::string above(answer.at("created").at("a").at("id").as_string());
  const std::string below(answer.at("created").at("b").at("id").as_string());
  EXPECT_TRUE(world.account(kAnna)->find_folder("Above/Below"));
  EXPECT_THAT(create(R"("name":"Above")"), HasSubstr("invalidProperties"));
  EXPECT_THAT(create(R"("name":"a/b")"), HasSubstr("name"));
  EXPECT_THAT(create(R"("name":"x","parentId":"F1024-99")"), HasSubstr("parentId"));
  EXPECT_THAT(create(R"("name":"x","colour":1)"), HasSubstr("colour"));
  set(R"("update":{")" + below + R"(":{"name":"Beside","parentId":null,"isSubscribed":true}})");
  EXPECT_TRUE(world.account(kAnna)->find_folder("Beside")->subscribed);
  EXPECT_THAT(text(set(R"("update":{")" + above + R"(":{"parentId":")" + above + R"("}})").at("notUpdated")),
              HasSubstr("parentId"));
  EXPECT_THAT(text(set(R"("update":{")" + world.mailbox("INBOX") + R"(":{"name":"x"}})").at("notUpdated")),
              HasSubstr("name"));
  EXPECT_THAT(text(set(R"("update":{")" + above + R"(":{"role":"drafts"}})").at("notUpdated")), HasSubstr("role"));
  world.deliver("x", "Above");
  EXPECT_THAT(text(set(R"("destroy":[")" + above + R"("])").at("notDestroyed")), HasSubstr("mailboxHasEmail"));
  const std::string child = create(R"("name":"c","parentId":")" + above + "\"");
  EXPECT_THAT(text(set(R"("destroy":[")" + above + R"("],"onDestroyRemoveEmails":true)").at("notDestroyed")),
              HasSubstr("mailboxHasChild"));
  set(R"("destroy":[")" + child + R"("])");
  EXPECT_THAT(text(set(R"("destroy":[")" + above + R"("],"onDestroyRemoveEmails":true)").at("destroyed")),
              HasSubstr(above));
  EXPECT_THAT(text(set(R"("destroy":[")" + world.mailbox("INBOX") + R"("])").at("notDestroyed")),
              HasSubstr("forbidden"));
}

TEST_F(JmapMailbox, IsFoundAndPutInOrder) {
  EXPECT_EQ(names(R"(,"filter":{"role":"sent"})"), "Sent ");
  EXPECT_EQ(names(R"(,"filter":{"hasAnyRole":true},"sort":[{"property":"sortOrder"}])"),
            "Inbox Drafts Sent Trash Junk Archive ");
  create(R"("name":"Zoo")");
  create(R"("name":"Ape","parentId":")" + world.mailbox("Zoo") + "\"");
  EXPECT_EQ(names(R"(,"filter":{"hasAnyRole":false},"sort":[{"property":"name"}])"), "Ape Zoo ");
  EXPECT_EQ(names(R"(,"filter":{"hasAnyRole":false},"sort":[{"property":"name"}],"sortAsTree":true)"), "Zoo Ape ");
  EXPECT_EQ(names(R"(,"filter":{"name":"ap"})"), "Ape ");
  EXPECT_EQ(names(R"(,"filter":{"name":"ap"},"filterAsTree":true)"), "");
  EXPECT_EQ(names(R"(,"filter":{"parentId":")" + world.mailbox("Zoo") + "\"}"), "Ape ");
  EXPECT_THAT(names(R"(,"filter":{"colour":1})"), HasSubstr("unsupportedFilter"));
}

TEST_F(JmapMailbox, TellsWhatChanged) {
  const std::string before(world.call("Mailbox/get", R"({"accountId":"$","ids":[]})").at("state").as_string());
  const std::string made = create(R"("name":"New")");
  world.deliver("x");
  const auto changes = world.call("Mailbox/changes", R"({"accountId":"$","sinceState":")" + before + R"("})");
  EXPECT_EQ(text(changes.at("created")), R"([")" + made + R"("])");
  EXPECT_EQ(text(changes.at("updated")), R"([")" + world.mailbox("INBOX") + R"("])");
  EXPECT_EQ(world.call("Mailbox/changes", R"({"accountId":"$","sinceState":"x"})").at("type"),
            "cannotCalculateChanges");
  EXPECT_EQ(world.call("Mailbox/changes", R"({"accountId":"$","sinceState":"999999"})").at("type"),
            "cannotCalculateChanges");
}

}  // namespace
}  // namespace gatepost::jmap
