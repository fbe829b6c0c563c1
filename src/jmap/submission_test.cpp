#include "jmap/submission.hpp"

#include <gmock/gmock.h>

#include "jmap/test_world.hpp"

namespace gatepost::jmap {
namespace {

using testing::HasSubstr;
using testing::Not;

class JmapSubmission : public testing::Test {
 protected:
  std::string draft(const std::string& properties) {
    const auto made =
        world.call("Email/set", R"({"accountId":"$","create":{"d":{"mailboxIds":{")" + world.mailbox("Drafts") +
                                    R"(":true},"keywords":{"$draft":true},)" + properties + "}}}");
    EXPECT_TRUE(made.at("notCreated").is_null()) << text(made);
    return std::string(made.at("created").at("d").at("id").as_string());
  }
  json::value send(const std::string& properties, const std::string& more = "") {
    return world.api(R"(["EmailSubmission/set",{"accountId":"$","create":{"s":{)" + properties + "}}" + more +
                     R"(},"c"])");
  }
  World world;
};

TEST_F(JmapSubmission, SendsADraftAndFilesIt) {
  const std::string id = draft(
      R"("from":[{"email":"anna@example.org"}],"to":[{"email":"bert@example.org"}],)"
      R"("bcc":[{"email":"far@example.net"}],"subject":"hi","textBody":[{"partId":"t"}],"bodyValues":{"t":{"value":"x"}})");
  const std::string sent = world.mailbox("Sent"), drafts = world.mailbox("Drafts");
  const auto answer = send(R"("identityId":"I1","emailId":")" + id + "\"",
                           R"(,"onSuccessUpdateEmail":{"#s":{"mailboxIds/)" + sent + R"(":true,"mailboxIds/)" + drafts +
                               R"(":null,"keywords/$draft":null,"keywords/$seen":true}})");
  const auto& set = answer.at("methodResponses").at(0).at(1);
  ASSERT_TRUE(set.at("notCreated").is_null()) << text(set);
  EXPECT_EQ(set.at("created").at("s").at("undoStatus"), "final");
  EXPECT_EQ(text(set.at("created").at("s").at("envelope").at("rcptTo")),
            R"([{"email":"bert@example.org","parameters":null},{"email":"far@example.net","parameters":null}])");
  EXPECT_EQ(answer.at("methodResponses").at(1).at(0), "Email/set");
  EXPECT_EQ(answer.at("methodResponses").at(1).at(2), "c");
  const auto inbox = world.inbox(kBert);
  ASSERT_EQ(inbox.size(), 1U);
  EXPECT_THAT(inbox[0], HasSubstr("Subject: hi\r\n"));
  EXPECT_THAT(inbox[0], Not(HasSubstr("Bcc")));
  EXPECT_EQ(world.queued().size(), 1U);
  const auto email =
      world.call("Email/get", R"({"accountId":"$","ids":[")" + id + R"("],"properties":["keywords","mailboxIds"]})");
  EXPECT_EQ(text(email.at("list").at(0)),
            R"({"id":")" + id + R"(","mailboxIds":{")" + sent + R"(":true},"keywords":{"$seen":true}})");
  const std::string submission(set.at("created").at("s").at("id").as_string());
  EXPECT_EQ(text(world.call("EmailSubmission/get", R"({"accountId":"$","ids":[")" + submission + R"("]})")
                     .at("list")
                     .at(0)
                     .at("emailId")),
            "\"" + id + "\"");
  EXPECT_EQ(text(world.call("EmailSubmission/query", R"({"accountId":"$","filter":{"emailIds":[")" + id + R"("]}})")
                     .at("ids")),
            R"([")" + submission + R"("])");
  EXPECT_THAT(text(world.call("EmailSubmission/set",
                              R"({"accountId":"$","update":{")" + submission + R"(":{"undoStatus":"canceled"}}})")),
              HasSubstr("cannotUnsend"));
}

TEST_F(JmapSubmission, QueriesAreSortedAsAsked) {
  for (int i = 0; i < 2; ++i) {
    const std::string email = draft(R"("from":[{"email":"anna@example.org"}],"to":[{"email":"bert@example.org"}])");
    send(R"("identityId":"I1","emailId":")" + email + "\"");
  }
  const auto ids = [&](const std::string& sort) {
    const auto answer = world.call("EmailSubmission/query", R"({"accountId":"$","sort":[)" + sort + "]}");
    return answer.contains("ids") ? text(answer.at("ids")) : text(answer);
  };
  const std::string up = ids(R"({"property":"emailId"})");
  const std::string down = ids(R"({"property":"emailId","isAscending":false})");
  EXPECT_NE(up, down);
  EXPECT_EQ(ids(R"({"property":"sentAt"},{"property":"emailId","isAscending":true})").size(), up.size());
  EXPECT_THAT(ids(R"({"property":"size"})"), HasSubstr("unsupportedSort"));
  EXPECT_THAT(ids(R"({"property":"emailId","isAscending":1})"), HasSubstr("invalidArguments"));
}

TEST_F(JmapSubmission, SendsNothingThatItMayNot) {
  const auto refused = [&](const std::string& properties) {
    return text(send(properties).at("methodResponses").at(0).at(1).at("notCreated").at("s"));
  };
  const std::string foreign = draft(R"("from":[{"email":"bert@example.org"}],"to":[{"email":"bert@example.org"}])");
  EXPECT_THAT(refused(R"("identityId":"I1","emailId":")" + foreign + "\""), HasSubstr("forbidden"));
  const std::string nobody = draft(R"("from":[{"email":"anna@example.org"}])");
  EXPECT_THAT(refused(R"("identityId":"I1","emailId":")" + nobody + "\""), HasSubstr("noRecipients"));
  const std::string wrong = draft(R"("from":[{"email":"anna@example.org"}],"to":[{"email":"nobody@example.org"}])");
  EXPECT_THAT(refused(R"("identityId":"I1","emailId":")" + wrong + "\""), HasSubstr("invalidRecipients"));
  EXPECT_THAT(refused(R"("identityId":"I9","emailId":")" + wrong + "\""), HasSubstr("identityId"));
  EXPECT_THAT(refused(R"("identityId":"I1","emailId":"M99")"), HasSubstr("emailId"));
  EXPECT_THAT(
      refused(R"("identityId":"I1","emailId":")" + wrong +
              R"(","envelope":{"mailFrom":{"email":"bert@example.org"},"rcptTo":[{"email":"anna@example.org"}]})"),
      HasSubstr("forbiddenMailFrom"));
  EXPECT_TRUE(world.inbox(kBert).empty());
  EXPECT_TRUE(world.inbox(kAnna).empty());
}

TEST_F(JmapSubmission, KeepsIdentities) {
  ASSERT_TRUE(world.directory->add_alias("sales@example.org", {std::string(kAnna)}));
  const auto set = [&](const std::string& rest) {
    return world.call("Identity/set", R"({"accountId":"$",)" + rest + "}");
  };
  EXPECT_THAT(text(set(R"("create":{"k":{"email":"bert@example.org"}})").at("notCreated")), HasSubstr("forbiddenFrom"));
  const auto made = set(R"("create":{"k":{"email":"sales@example.org","name":"Sales","textSignature":"-- \nSales"}})");
  const std::string id(made.at("created").at("k").at("id").as_string());
  set(R"("update":{"I1":{"name":"Anna A.","replyTo":[{"email":"a@example.org"}]}})");
  const auto all = world.call("Identity/get", R"({"accountId":"$"})");
  EXPECT_EQ(all.at("list").at(0).at("name"), "Anna A.");
  EXPECT_EQ(all.at("list").at(1).at("textSignature"), "-- \nSales");
  EXPECT_NE(all.at("state"), made.at("oldState"));
  EXPECT_THAT(text(set(R"("destroy":["I1",")" + id + R"("])").at("destroyed")), HasSubstr(id));
  EXPECT_EQ(world.call("Identity/get", R"({"accountId":"$"})").at("list").as_array().size(), 1U);
}

TEST_F(JmapSubmission, TellsQuotas) {
  EXPECT_EQ(text(world.call("Quota/get", R"({"accountId":"$"})").at("list")), "[]");
  auto anna = world.principal(kAnna);
  anna.quota_octets = 1000;
  ASSERT_TRUE(world.directory->update_principal(anna));
  world.deliver("x");
  EXPECT_EQ(world.call("Quota/get", R"({"accountId":"$"})").at("list").at(0).at("used"), 1);
}

}  // namespace
}  // namespace gatepost::jmap
