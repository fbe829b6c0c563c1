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

TEST_F(JmapSubmission, WaitsAndCanBeTakenBack) {
  const auto wait = [&](const std::string& parameters) {
    const std::string email = draft(R"("from":[{"email":"anna@example.org"}],"to":[{"email":"bert@example.org"}])");
    return send(R"("identityId":"I1","emailId":")" + email +
                R"(","envelope":{"mailFrom":{"email":"anna@example.org","parameters":{)" + parameters +
                R"(}},"rcptTo":[{"email":"bert@example.org"},{"email":"far@example.net"}]})")
        .at("methodResponses")
        .at(0)
        .at(1)
        .as_object();
  };
  const auto get = [&](const std::string& id) {
    return world.call("EmailSubmission/get", R"({"accountId":"$","ids":[")" + id + R"("]})").at("list").at(0);
  };
  const auto made = wait(R"("HOLDFOR":"60")");
  const auto& told = made.at("created").at("s");
  const std::string id(told.at("id").as_string());
  EXPECT_EQ(told.at("undoStatus"), "pending");
  EXPECT_EQ(told.at("sendAt").as_string(), utc_date(world.clock.now() + std::chrono::seconds(60)));
  EXPECT_EQ(told.at("deliveryStatus").at("bert@example.org").at("delivered"), "queued");
  EXPECT_TRUE(world.inbox(kBert).empty());
  EXPECT_TRUE(world.queue->due_until(world.clock.now() + std::chrono::seconds(59), 9).empty());
  EXPECT_EQ(get(id).at("envelope").at("mailFrom").at("parameters").at("HOLDFOR"), "60");
  // It is known after a restart.
  world.open();
  Server again{{*world.accounts, *world.directory, *world.reception, *world.queue, nullptr, world.clock, world.random,
                world.log, world.metrics},
               {}};
  const Reply reply =
      again.call(world.principal(kAnna),
                 R"({"using":["urn:ietf:params:jmap:core","urn:ietf:params:jmap:submission"],"methodCalls":[)"
                 R"(["EmailSubmission/set",{"accountId":")" +
                     world.id() + R"(","update":{")" + id + R"(":{"undoStatus":"canceled"}}},"c"],)" +
                     R"(["EmailSubmission/get",{"accountId":")" + world.id() + R"(","ids":[")" + id + R"("]},"c"]]})");
  EXPECT_THAT(reply.body, HasSubstr(R"("undoStatus":"canceled")"));
  EXPECT_THAT(reply.body, HasSubstr(R"("delivered":"no")"));
  EXPECT_EQ(world.queue->size(), 0U);
}

TEST_F(JmapSubmission, ThatBeganIsNotTakenBack) {
  const std::string email = draft(R"("from":[{"email":"anna@example.org"}],"to":[{"email":"bert@example.org"}])");
  const auto wait = [&](const std::string& parameters) {
    return send(R"("identityId":"I1","emailId":")" + email +
                R"(","envelope":{"mailFrom":{"email":"anna@example.org","parameters":)" + parameters +
                R"(},"rcptTo":[{"email":"bert@example.org"}]})")
        .at("methodResponses")
        .at(0)
        .at(1)
        .as_object();
  };
  const std::string state(world.call("EmailSubmission/get", R"({"accountId":"$","ids":[]})").at("state").as_string());
  const auto changes = [&](const std::string& since, const std::string& more = "") {
    return world.call("EmailSubmission/changes", R"({"accountId":"$","sinceState":")" + since + "\"" + more + "}");
  };
  const auto made = wait(R"({"HOLDUNTIL":")" + utc_date(world.clock.now() + std::chrono::hours(24)) + "\"}");
  const std::string id(made.at("created").at("s").at("id").as_string());
  const auto mailboxes = world.call("Mailbox/changes", R"({"accountId":"$","sinceState":"0"})");
  EXPECT_THAT(text(mailboxes), Not(HasSubstr("F1024-0")));
  auto news = changes(state);
  EXPECT_EQ(text(news.at("created")), "[\"" + id + "\"]");
  const std::string pending(news.at("newState").as_string());
  EXPECT_EQ(text(changes(pending).at("updated")), "[]");
  world.clock.advance(std::chrono::hours(24));
  news = changes(pending);
  EXPECT_EQ(text(news.at("updated")), "[\"" + id + "\"]");
  EXPECT_THAT(text(world.call("EmailSubmission/set",
                              R"({"accountId":"$","update":{")" + id + R"(":{"undoStatus":"canceled"}}})")),
              HasSubstr("cannotUnsend"));
  EXPECT_EQ(world.queue->size(), 1U);
  // What is removed goes its way all the same.
  world.call("EmailSubmission/set", R"({"accountId":"$","destroy":[")" + id + R"("]})");
  EXPECT_EQ(text(changes(std::string(news.at("newState").as_string())).at("destroyed")), "[\"" + id + "\"]");
  EXPECT_EQ(world.queue->size(), 1U);
  EXPECT_EQ(world.call("EmailSubmission/changes", R"({"accountId":"$","sinceState":"99"})").at("type"),
            "cannotCalculateChanges");
  for (const char* parameters :
       {R"({"HOLDFOR":"x"})", R"({"HOLDFOR":60})", R"({"HOLDFOR":"9999999"})", R"({"SIZE":"1"})", R"([])",
        R"({"HOLDFOR":"1","HOLDUNTIL":"2027-01-01T00:00:00Z"})", R"({"HOLDUNTIL":"2099-01-01T00:00:00Z"})"}) {
    EXPECT_THAT(text(wait(parameters).at("notCreated")), HasSubstr("envelope")) << parameters;
  }
  // A time that has come is none.
  EXPECT_EQ(wait(R"({"HOLDUNTIL":"2001-01-01T00:00:00Z"})").at("created").at("s").at("undoStatus"), "final");
}

TEST_F(JmapSubmission, OfManyAreKeptTheNewest) {
  const std::string email = draft(R"("from":[{"email":"anna@example.org"}],"to":[{"email":"bert@example.org"}])");
  std::string first_state;
  for (std::size_t i = 0; i < Submissions::kKept + 5; ++i) {
    const auto made = send(R"("identityId":"I1","emailId":")" + email + "\"").at("methodResponses").at(0).at(1);
    ASSERT_TRUE(made.at("notCreated").is_null()) << text(made);
    if (i == 0) first_state = std::string(made.at("newState").as_string());
  }
  EXPECT_EQ(world.call("EmailSubmission/get", R"({"accountId":"$"})").at("list").as_array().size(), Submissions::kKept);
  std::size_t told = 0;
  for (bool more = true; more; ++told) {
    const auto news = world.call("EmailSubmission/changes",
                                 R"({"accountId":"$","maxChanges":7,"sinceState":")" + first_state + "\"}");
    ASSERT_EQ(world.last, "EmailSubmission/changes") << text(news);
    first_state = std::string(news.at("newState").as_string());
    more = news.at("hasMoreChanges").as_bool();
  }
  EXPECT_GT(told, 10U);
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
  EXPECT_THAT(refused(R"("identityId":"I1","emailId":"M1024-99")"), HasSubstr("emailId"));
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

TEST_F(JmapSubmission, OffersThoseWhoGrantedARightToSend) {
  const auto sales =
      *world.directory->add_principal(directory::PrincipalKind::shared_mailbox, "sales@example.org", "Sales");
  const auto anna = world.principal(kAnna).id, bert = world.principal(kBert).id;
  const std::string id = "P" + std::to_string(static_cast<std::uint64_t>(sales.id));
  const auto get = [&](const std::string& more = "") {
    return world.call("Identity/get", R"({"accountId":"$")" + more + "}");
  };
  const auto first = get();
  ASSERT_TRUE(world.directory->change_senders(sales.id, directory::SendRight::as, {anna}, {}));
  ASSERT_TRUE(world.directory->change_senders(bert, directory::SendRight::on_behalf, {anna}, {}));
  const auto all = get();
  ASSERT_EQ(all.at("list").as_array().size(), 3U);
  EXPECT_EQ(text(all.at("list").at(2)),
            R"({"id":")" + id + R"(","name":"Sales","email":"sales@example.org","replyTo":null,"bcc":null,)" +
                R"("textSignature":"","htmlSignature":"","mayDelete":false})");
  EXPECT_NE(all.at("state"), first.at("state"));
  EXPECT_EQ(world
                .call("Identity/changes",
                      R"({"accountId":"$","sinceState":")" + std::string(first.at("state").as_string()) + "\"}")
                .at("type"),
            "cannotCalculateChanges");
  EXPECT_THAT(text(get(R"(,"properties":["email","sendRight"])").at("list")),
              AllOf(HasSubstr(R"("email":"anna@example.org","sendRight":"own")"),
                    HasSubstr(R"("email":"sales@example.org","sendRight":"send-as")"),
                    HasSubstr(R"("email":"bert@example.org","sendRight":"send-on-behalf")")));
  // What he writes about them is kept; the name goes along with the directory until then.
  const auto set = [&](const std::string& rest) {
    return world.call("Identity/set", R"({"accountId":"$",)" + rest + "}");
  };
  EXPECT_THAT(text(set(R"("destroy":[")" + id + R"("])").at("notDestroyed")), HasSubstr("forbidden"));
  set(R"("update":{"I1":{"name":"A"}})");
  auto named = sales;
  named.display_name = "The shop";
  ASSERT_TRUE(world.directory->update_principal(named));
  EXPECT_EQ(get().at("list").at(2).at("name"), "The shop");
  set(R"("update":{")" + id + R"(":{"textSignature":"Your shop"}})");
  EXPECT_THAT(text(get().at("list")), AllOf(HasSubstr("Your shop"), HasSubstr(id)));
  // Sent as it, and on behalf.
  const std::string as = draft(R"("from":[{"email":"sales@example.org"}],"to":[{"email":"bert@example.org"}])");
  const auto sent = send(R"("identityId":")" + id + R"(","emailId":")" + as + "\"").at("methodResponses").at(0).at(1);
  EXPECT_TRUE(sent.at("notCreated").is_null()) << text(sent);
  EXPECT_THAT(world.inbox(kBert).back(),
              AllOf(HasSubstr("Return-Path: <sales@example.org>"), Not(HasSubstr("Sender:"))));
  const std::string for_bert = draft(R"("from":[{"email":"bert@example.org"}],"to":[{"email":"bert@example.org"}])");
  const auto behalf = send(R"("identityId":"I1","emailId":")" + for_bert + "\"").at("methodResponses").at(0).at(1);
  EXPECT_TRUE(behalf.at("notCreated").is_null()) << text(behalf);
  EXPECT_THAT(world.inbox(kBert).back(), HasSubstr("Sender: <anna@example.org>"));
  // Another of its addresses is one that may be used, too.
  ASSERT_TRUE(world.directory->add_alias("shop@example.org", {"sales@example.org"}));
  EXPECT_TRUE(set(R"("create":{"k":{"email":"shop@example.org"}})").at("notCreated").is_null());
  ASSERT_TRUE(world.directory->change_senders(sales.id, directory::SendRight::as, {}, {anna}));
  EXPECT_THAT(text(get().at("list")), AllOf(Not(HasSubstr("sales@")), Not(HasSubstr("shop@"))));
  EXPECT_THAT(text(send(R"("identityId":"I1","emailId":")" + as + "\"").at("methodResponses").at(0).at(1)),
              HasSubstr("forbidden"));
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
