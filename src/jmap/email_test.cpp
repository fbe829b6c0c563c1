#include "jmap/email.hpp"

#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>

#include "jmap/compose.hpp"
#include "jmap/test_world.hpp"

namespace gatepost::jmap {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kMixed =
    "From: =?utf-8?Q?J=C3=BCrgen?= <j@example.org>, plain@example.org\r\nTo: Team: a@example.org, B "
    "<b@example.org>;\r\n"
    "Subject: =?utf-8?B?w7xiZXI=?=\r\nMessage-ID: <m1@x>\r\nReferences: <r1@x> <r2@x>\r\n"
    "Date: Thu, 26 Nov 2026 10:00:00 +0200\r\nList-Post: <mailto:l@x>, <https://x/>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
    "--c\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
    "quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n\r\n"
    "--c\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<b>Gr\xfc\xdf\x65</b>\r\n--c--\r\n"
    "--b\r\nContent-Type: image/png; name=\"x.png\"\r\nContent-Disposition: attachment; filename*=utf-8''%C3%BC.png\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--\r\n";

class JmapEmail : public testing::Test {
 protected:
  json::object get(const std::string& id, const std::string& properties, const std::string& more = "") {
    const auto answer = world.call(
        "Email/get", R"({"accountId":"$","ids":[")" + id + R"("],"properties":[)" + properties + "]" + more + "}");
    return answer.contains("list") && !answer.at("list").as_array().empty() ? answer.at("list").at(0).as_object()
                                                                            : json::object();
  }
  World world;
};

TEST_F(JmapEmail, ShowsWhatTheHeaderSays) {
  const std::string id = world.deliver(kMixed);
  const auto email =
      get(id, R"("from","to","subject","messageId","references","inReplyTo","sentAt","cc",)"
              R"("header:List-Post:asURLs","header:to:asGroupedAddresses","header:Subject","header:X:all")");
  EXPECT_EQ(text(email.at("from")),
            R"([{"name":"Jürgen","email":"j@example.org"},{"name":null,"email":"plain@example.org"}])");
  EXPECT_EQ(text(email.at("to")), R"([{"name":null,"email":"a@example.org"},{"name":"B","email":"b@example.org"}])");
  EXPECT_EQ(email.at("subject"), "über");
  EXPECT_EQ(text(email.at("messageId")), R"(["m1@x"])");
  EXPECT_EQ(text(email.at("references")), R"(["r1@x","r2@x"])");
  EXPECT_TRUE(email.at("inReplyTo").is_null());
  EXPECT_TRUE(email.at("cc").is_null());
  EXPECT_EQ(email.at("sentAt"), "2026-11-26T10:00:00+02:00");
  EXPECT_EQ(text(email.at("header:List-Post:asURLs")), R"(["mailto:l@x","https://x/"])");
  EXPECT_EQ(email.at("header:to:asGroupedAddresses").at(0).at("name"), "Team");
  EXPECT_EQ(email.at("header:Subject"), " =?utf-8?B?w7xiZXI=?=");
  EXPECT_EQ(text(email.at("header:X:all")), "[]");
  EXPECT_EQ(get(id, R"("header:Subject:asDate")").size(), 0U);
  EXPECT_EQ(world.last, "error");
}

TEST_F(JmapEmail, ShowsPartsAndTheirText) {
  const std::string id = world.deliver(kMixed);
  const auto email =
      get(id, R"("textBody","htmlBody","attachments","bodyValues","hasAttachment","preview","bodyStructure")",
          R"(,"fetchAllBodyValues":true,"bodyProperties":["partId","blobId","size","type","name","charset"])");
  EXPECT_EQ(text(email.at("textBody")),
            R"([{"partId":"2","blobId":"B1p2","size":9,"type":"text/plain","name":null,"charset":"utf-8"}])");
  EXPECT_EQ(email.at("htmlBody").at(0).at("partId"), "3");
  EXPECT_EQ(text(email.at("attachments")),
            R"([{"partId":"4","blobId":"B1p4","size":3,"type":"image/png","name":"ü.png","charset":null}])");
  EXPECT_EQ(email.at("bodyValues").at("2").at("value"), "Grüße\n");
  EXPECT_EQ(email.at("bodyValues").at("3").at("value"), "<b>Grüße</b>");
  EXPECT_EQ(email.at("hasAttachment"), true);
  EXPECT_EQ(email.at("preview"), "Grüße");
  EXPECT_EQ(email.at("bodyStructure").at("subParts").at(0).at("subParts").as_array().size(), 2U);
  const auto cut = get(id, R"("bodyValues")", R"(,"fetchTextBodyValues":true,"maxBodyValueBytes":3)");
  EXPECT_EQ(text(cut.at("bodyValues").at("2")), R"({"value":"Gr","isEncodingProblem":false,"isTruncated":true})");
  const auto part = world.server.download(world.principal(kAnna), world.id(), "B1p4");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->encoding, "base64");
}

TEST_F(JmapEmail, IsMadeOfItsParts) {
  const auto drafts = world.mailbox("Drafts");
  const auto made = world.call(
      "Email/set",
      R"({"accountId":"$","create":{"d":{"mailboxIds":{")" + drafts +
          R"(":true},)"
          R"("keywords":{"$draft":true,"$seen":true,"Work":true},"from":[{"name":"Änna \"A\"","email":"anna@example.org"}],)"
          R"("to":[{"email":"bert@example.org"},{"name":"Doe, John","email":"doe@example.net"}],"subject":"Grüße aus einem langen Betreff, der gefaltet werden muss, weil er nicht in eine Zeile passt",)"
          R"("header:X-Own:asText":"own","textBody":[{"partId":"t","type":"text/plain"}],"htmlBody":[{"partId":"h","type":"text/html"}],)"
          R"("bodyValues":{"t":{"value":"Hällo\nline 2 = "},"h":{"value":"<p>Hello</p>"}}}}})");
  ASSERT_TRUE(made.at("notCreated").is_null()) << text(made);
  const std::string id(made.at("created").at("d").at("id").as_string());
  const auto email = get(
      id,
      R"("mailboxIds","keywords","from","to","subject","header:X-Own:asText","textBody","htmlBody","bodyValues","attachments","messageId","sentAt")",
      R"(,"fetchAllBodyValues":true)");
  EXPECT_EQ(text(email.at("mailboxIds")), R"({")" + drafts + R"(":true})");
  EXPECT_EQ(text(email.at("keywords")), R"({"$seen":true,"$draft":true,"work":true})");
  EXPECT_EQ(text(email.at("from")), R"([{"name":"Änna \"A\"","email":"anna@example.org"}])");
  EXPECT_EQ(email.at("to").at(1).at("name"), "Doe, John");
  EXPECT_EQ(email.at("subject"),
            "Grüße aus einem langen Betreff, der gefaltet werden muss, weil er nicht in eine Zeile passt");
  EXPECT_EQ(email.at("header:X-Own:asText"), "own");
  EXPECT_EQ(email.at("bodyValues").at(std::string(email.at("textBody").at(0).at("partId").as_string())).at("value"),
            "Hällo\nline 2 = ");
  EXPECT_EQ(email.at("bodyValues").at(std::string(email.at("htmlBody").at(0).at("partId").as_string())).at("value"),
            "<p>Hello</p>");
  EXPECT_EQ(text(email.at("attachments")), "[]");
  EXPECT_FALSE(email.at("messageId").is_null());
  // What it is stored as keeps to RFC 5322.
  const auto raw = world.server.download(world.principal(kAnna), world.id(),
                                         std::string(made.at("created").at("d").at("blobId").as_string()));
  const std::string octets = world.text(raw->body);
  for (std::size_t at = 0; at < octets.size();) {
    const std::size_t end = octets.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - at, 78U);
    at = end + 2;
  }
  EXPECT_THAT(octets, Not(HasSubstr("\xc3")));
}

TEST_F(JmapEmail, TakesAttachmentsFromBlobs) {
  const std::string whole = world.deliver(kMixed);
  const auto made = world.call(
      "Email/set",
      R"({"accountId":"$","create":{"d":{"mailboxIds":{")" + world.mailbox("Drafts") +
          R"(":true},)"
          R"("subject":"fwd","textBody":[{"partId":"t"}],"bodyValues":{"t":{"value":"see"}},"attachments":[)"
          R"({"blobId":"B1","type":"message/rfc822","name":"old.eml"},{"blobId":"B1p4","type":"image/png","name":"üb er.png","disposition":"attachment"}]}}})");
  ASSERT_TRUE(made.at("notCreated").is_null()) << text(made);
  const std::string id(made.at("created").at("d").at("id").as_string());
  const auto email = get(id, R"("attachments")");
  ASSERT_EQ(email.at("attachments").as_array().size(), 2U);
  EXPECT_EQ(email.at("attachments").at(0).at("size"), kMixed.size());
  EXPECT_EQ(email.at("attachments").at(1).at("name"), "üb er.png");
  EXPECT_EQ(email.at("attachments").at(1).at("size"), 3);
  const std::string blob(email.at("attachments").at(0).at("blobId").as_string());
  const auto parsed = world.call(
      "Email/parse", R"({"accountId":"$","blobIds":[")" + blob + R"(","B77"],"properties":["subject","id"]})");
  EXPECT_EQ(parsed.at("parsed").at(blob).at("subject"), "über");
  EXPECT_TRUE(parsed.at("parsed").at(blob).at("id").is_null());
  EXPECT_EQ(text(parsed.at("notFound")), R"(["B77"])");
}

TEST_F(JmapEmail, RefusesWhatCannotBeAMessage) {
  const std::string in = R"("mailboxIds":{")" + world.mailbox("Drafts") + R"(":true})";
  const auto refused = [&](const std::string& rest) {
    const auto answer = world.call("Email/set", R"({"accountId":"$","create":{"d":{)" + rest + "}}}");
    EXPECT_TRUE(answer.at("created").is_null());
    return text(answer.at("notCreated").at("d"));
  };
  EXPECT_THAT(refused(R"("subject":"x")"), HasSubstr("mailboxIds"));
  EXPECT_THAT(refused(R"("mailboxIds":{}, "subject":"x")"), HasSubstr("mailboxIds"));
  std::string many;
  for (int i = 0; i <= 100; ++i) many += (i == 0 ? "\"F1024-" : ",\"F1024-") + std::to_string(i) + "\":true";
  EXPECT_THAT(refused(R"("mailboxIds":{)" + many + "}"), HasSubstr("tooManyMailboxes"));
  EXPECT_THAT(refused(in + R"(,"subject":"a\r\nBcc: x@y")"), HasSubstr("subject"));
  EXPECT_THAT(refused(in + R"(,"from":[{"email":"a@b\r\nX: y"}])"), HasSubstr("from"));
  EXPECT_THAT(refused(in + R"(,"header:X:asRaw":"a\nY: b")"), HasSubstr("header:X"));
  EXPECT_THAT(refused(in + R"(,"header:Content-Type":"text/html")"), HasSubstr("header:Content-Type"));
  EXPECT_THAT(refused(in + R"(,"headers":[])"), HasSubstr("headers"));
  EXPECT_THAT(refused(in + R"(,"subject":"x","header:Subject:asText":"y")"), HasSubstr("ubject"));
  EXPECT_THAT(refused(in + R"(,"keywords":{"a b":true})"), HasSubstr("keywords"));
  EXPECT_THAT(refused(in + R"(,"textBody":[{"partId":"t"}])"), HasSubstr("textBody"));
  EXPECT_THAT(refused(in + R"(,"attachments":[{"blobId":"B99","type":"a/b"}])"), HasSubstr("blobNotFound"));
  EXPECT_THAT(refused(in + R"(,"size":3)"), HasSubstr("size"));
}

TEST_F(JmapEmail, ChangesKeywordsAndMailboxesByPatch) {
  const std::string id = world.deliver("Subject: x\r\n\r\n"), other = world.deliver("Subject: y\r\n\r\n");
  const std::string inbox = world.mailbox("INBOX"), archive = world.mailbox("Archive");
  const auto update = [&](const std::string& patch) {
    return world.call("Email/set", R"({"accountId":"$","update":{")" + id + R"(":)" + patch + "}}");
  };
  update(R"({"keywords/$seen":true,"keywords/work":true})");
  EXPECT_EQ(text(get(id, R"("keywords")").at("keywords")), R"({"$seen":true,"work":true})");
  update(R"({"keywords/$seen":null})");
  EXPECT_EQ(text(get(id, R"("keywords")").at("keywords")), R"({"work":true})");
  update(R"({"mailboxIds/)" + archive + R"(":true,"mailboxIds/)" + inbox + R"(":null,"keywords":{"$flagged":true}})");
  EXPECT_EQ(text(get(id, R"("mailboxIds","keywords")")),
            R"({"id":")" + id + R"(","mailboxIds":{")" + archive + R"(":true},"keywords":{"$flagged":true}})");
  EXPECT_TRUE(update(R"({"mailboxIds/)" + inbox + R"(":true})").at("notUpdated").is_null());
  EXPECT_EQ(get(id, R"("mailboxIds")").at("mailboxIds").as_object().size(), 2U);
  EXPECT_TRUE(update(R"({"mailboxIds/)" + inbox + R"(":null})").at("notUpdated").is_null());
  EXPECT_THAT(text(update(R"({"mailboxIds/)" + archive + R"(":null})").at("notUpdated")), HasSubstr("mailboxIds"));
  EXPECT_THAT(text(update(R"({"subject":"z"})").at("notUpdated")), HasSubstr("subject"));
  EXPECT_THAT(text(update(R"({"keywords":{"a":true},"keywords/b":true})").at("notUpdated")), HasSubstr("invalidPatch"));
  // Many at once cost what one does.
  const auto before = world.account(kAnna)->modseq();
  world.call("Email/set", R"({"accountId":"$","update":{")" + id + R"(":{"keywords/$seen":true},")" + other +
                              R"(":{"keywords/$seen":true},"M1024-99":{"keywords/$seen":true}}})");
  EXPECT_LE(world.account(kAnna)->modseq(), before + 2);
  const auto gone = world.call("Email/set", R"({"accountId":"$","destroy":[")" + id + R"(","M1024-99"]})");
  EXPECT_EQ(text(gone.at("destroyed")), R"([")" + id + R"("])");
  EXPECT_THAT(text(gone.at("notDestroyed")), HasSubstr("M1024-99"));
  EXPECT_EQ(text(world.call("Email/get", R"({"accountId":"$","ids":[")" + id + R"("]})").at("notFound")),
            R"([")" + id + R"("])");
}

TEST_F(JmapEmail, RefusesAnotherState) {
  const auto answer = world.call("Email/set", R"({"accountId":"$","ifInState":"99","destroy":["M1024-1"]})");
  EXPECT_EQ(answer.at("type"), "stateMismatch");
}

TEST_F(JmapEmail, HidesWhatIMAPMarkedAsDeleted) {
  const std::string id = world.deliver("Subject: x\r\n\r\n", "INBOX", account::flag::kDeleted);
  EXPECT_TRUE(get(id, R"("id")").empty());
  EXPECT_EQ(text(world.call("Email/query", R"({"accountId":"$"})").at("ids")), "[]");
  EXPECT_EQ(world.call("Mailbox/get", R"({"accountId":"$","ids":[")" + world.mailbox("INBOX") + R"("]})")
                .at("list")
                .at(0)
                .at("totalEmails"),
            0);
}

TEST_F(JmapEmail, IsFoundByWhatIsAskedFor) {
  const std::string a =
      world.deliver("From: Zoe <z@x>\r\nSubject: Apple pie\r\nMessage-ID: <1@x>\r\n\r\nThe quick brown fox\r\n");
  world.clock.advance(std::chrono::hours(24));
  const std::string b = world.deliver(kMixed, "INBOX", account::flag::kSeen);
  world.clock.advance(std::chrono::hours(24));
  const std::string c =
      world.deliver("From: Adam <a@x>\r\nSubject: Re: apple pie\r\nReferences: <1@x>\r\n\r\njumps over\r\n", "Archive",
                    account::flag::kFlagged);
  const auto find = [&](const std::string& filter, const std::string& more = "") {
    const auto answer = world.call("Email/query", R"({"accountId":"$","filter":)" + filter + more + "}");
    if (!answer.contains("ids")) return text(answer.at("type"));
    std::string out;
    for (const auto& id : answer.at("ids").as_array())
      out += id.as_string() == a ? 'a' : id.as_string() == b ? 'b' : id.as_string() == c ? 'c' : '?';
    return out;
  };
  EXPECT_EQ(find("{}"), "cba");
  EXPECT_EQ(find(R"({"inMailbox":")" + world.mailbox("INBOX") + R"("})"), "ba");
  EXPECT_EQ(find(R"({"inMailboxOtherThan":[")" + world.mailbox("INBOX") + R"("]})"), "c");
  EXPECT_EQ(find(R"({"hasKeyword":"$seen"})"), "b");
  EXPECT_EQ(find(R"({"notKeyword":"$seen","before":"2026-01-03T00:00:00Z"})"), "a");
  EXPECT_EQ(find(R"({"after":"2026-01-02T00:00:00Z"})"), "cb");
  EXPECT_EQ(find(R"({"text":"apple quick"})"), "a");
  EXPECT_EQ(find(R"({"text":"\"quick brown\""})"), "a");
  EXPECT_EQ(find(R"({"subject":"APPLE"})"), "ca");
  EXPECT_EQ(find(R"({"from":"zoe"})"), "a");
  EXPECT_EQ(find(R"({"to":"team"})"), "b");
  EXPECT_EQ(find(R"({"body":"grüße"})"), "b");
  EXPECT_EQ(find(R"({"hasAttachment":true})"), "b");
  EXPECT_EQ(find(R"({"header":["List-Post"]})"), "b");
  EXPECT_EQ(find(R"({"header":["list-post","https"]})"), "b");
  EXPECT_EQ(find(R"({"minSize":400})"), "b");
  EXPECT_EQ(find(R"({"someInThreadHaveKeyword":"$flagged"})"), "ca");
  EXPECT_EQ(find(R"({"allInThreadHaveKeyword":"$seen"})"), "b");
  EXPECT_EQ(find(R"({"noneInThreadHaveKeyword":"$flagged"})"), "b");
  EXPECT_EQ(find(R"({"operator":"NOT","conditions":[{"subject":"apple"},{"hasKeyword":"none"}]})"), "b");
  EXPECT_EQ(find(R"({"operator":"OR","conditions":[{"from":"zoe"},{"from":"adam"}]})"), "ca");
  EXPECT_EQ(find("{}", R"(,"collapseThreads":true)"), "cb");
  EXPECT_EQ(find("{}", R"(,"sort":[{"property":"receivedAt"}])"), "abc");
  EXPECT_EQ(find("{}", R"(,"sort":[{"property":"from"}])"), "cba");
  EXPECT_EQ(find("{}", R"(,"sort":[{"property":"subject"},{"property":"receivedAt"}])"), "acb");
  EXPECT_EQ(
      find("{}", R"(,"sort":[{"property":"hasKeyword","keyword":"$flagged","isAscending":false},{"property":"size"}])"),
      "cab");
  EXPECT_EQ(find("{}", R"(,"position":1,"limit":1)"), "b");
  EXPECT_EQ(find("{}", R"(,"position":-1)"), "a");
  EXPECT_EQ(find("{}", R"(,"anchor":")" + b + R"(","anchorOffset":-1)"), "cba");
  EXPECT_EQ(find("{}", R"(,"anchor":"M1024-99")"), R"("anchorNotFound")");
  EXPECT_EQ(find(R"({"colour":"red"})"), R"("unsupportedFilter")");
  EXPECT_EQ(find("{}", R"(,"sort":[{"property":"colour"}])"), R"("unsupportedSort")");
  const auto snippet = world.call("SearchSnippet/get",
                                  R"({"accountId":"$","filter":{"text":"QUICK apple"},"emailIds":[")" + a + R"("]})");
  EXPECT_EQ(snippet.at("list").at(0).at("subject"), "<mark>Apple</mark> pie");
  EXPECT_THAT(text(snippet.at("list").at(0).at("preview")), HasSubstr("The <mark>quick</mark> brown"));
}

TEST_F(JmapEmail, SeenIsOfEachReaderWhereTheAccountIsSo) {
  const std::string id = world.deliver("Subject: shared\r\n\r\n", "Archive");
  const std::string other = world.deliver("Subject: other\r\n\r\n", "Archive");
  sharing::Sharing sharing(*world.directory, *world.accounts);
  const auto owner = world.account(kAnna);
  const auto archive = owner->find_folder("Archive")->id;
  ASSERT_TRUE(sharing.set(*owner, archive, kBert, sharing::Change::replace, *sharing::parse_rights("lrsw")));
  ASSERT_TRUE(owner->set_own_seen(true));
  const std::string account = world.id(kAnna);
  const auto ask = [&](std::string_view who, std::string_view method, const std::string& arguments) {
    world.user = who;
    return world.call(method, R"({"accountId":")" + account + R"(",)" + arguments + "}");
  };
  const auto unseen = [&](std::string_view who) {
    return text(ask(who, "Email/query", R"("filter":{"notKeyword":"$seen"})").at("ids"));
  };
  const auto unread = [&](std::string_view who) {
    return ask(who, "Mailbox/get", R"("ids":[")" + world.mailbox("Archive") + R"("])")
        .at("list")
        .at(0)
        .at("unreadEmails");
  };
  const std::string state = text(ask(kBert, "Email/get", R"("ids":[])").at("state"));
  const std::string query = text(ask(kBert, "Email/query", R"("filter":{"notKeyword":"$seen"})").at("queryState"));
  EXPECT_THAT(unseen(kAnna), AllOf(HasSubstr(id), HasSubstr(other)));
  EXPECT_THAT(text(ask(kBert, "Email/set", R"("update":{")" + id + R"(":{"keywords/$seen":true}})").at("updated")),
              HasSubstr(id));
  EXPECT_THAT(unseen(kBert), AllOf(Not(HasSubstr(id)), HasSubstr(other)));
  EXPECT_THAT(unseen(kAnna), AllOf(HasSubstr(id), HasSubstr(other)));
  EXPECT_EQ(unread(kBert), 1);
  EXPECT_EQ(unread(kAnna), 2);
  // Of one at the same version for each.
  EXPECT_THAT(text(ask(kAnna, "Email/changes", R"("sinceState":)" + state).at("updated")), Not(HasSubstr(id)));
  EXPECT_THAT(text(ask(kBert, "Email/changes", R"("sinceState":)" + state).at("updated")), HasSubstr(id));
  EXPECT_THAT(text(ask(kBert, "Mailbox/changes", R"("sinceState":)" + state).at("updated")),
              HasSubstr(world.mailbox("Archive")));
  EXPECT_EQ(text(ask(kAnna, "Mailbox/changes", R"("sinceState":)" + state).at("updated")), "[]");
  EXPECT_THAT(text(ask(kBert, "Email/queryChanges", R"("filter":{"notKeyword":"$seen"},"sinceQueryState":)" + query)
                       .at("removed")),
              HasSubstr(id));
  // All see what the owner sees again, also in lists that were kept.
  ASSERT_TRUE(owner->set_own_seen(false));
  EXPECT_THAT(unseen(kBert), AllOf(HasSubstr(id), HasSubstr(other)));
  EXPECT_EQ(unread(kBert), 2);
  EXPECT_EQ(ask(kBert, "Email/changes", R"("sinceState":)" + state).at("type"), "cannotCalculateChanges");
}

TEST_F(JmapEmail, IsSharedWithWhomTheOwnerLets) {
  const std::string id = world.deliver("Subject: shared\r\n\r\n", "Archive");
  sharing::Sharing sharing(*world.directory, *world.accounts);
  const auto owner = world.account(kAnna);
  const auto archive = owner->find_folder("Archive")->id;
  ASSERT_TRUE(sharing.set(*owner, archive, kBert, sharing::Change::replace, *sharing::parse_rights("lrs")));
  world.user = kBert;
  const auto mailboxes = world.call("Mailbox/get", R"({"accountId":"$"})");
  ASSERT_EQ(mailboxes.at("list").as_array().size(), 1U);
  EXPECT_EQ(mailboxes.at("list").at(0).at("name"), "Archive");
  EXPECT_EQ(mailboxes.at("list").at(0).at("myRights").at("mayAddItems"), false);
  EXPECT_EQ(get(id, R"("subject")").at("subject"), "shared");
  EXPECT_THAT(text(world.call("Email/set", R"({"accountId":"$","update":{")" + id + R"(":{"keywords/$seen":true}}})")
                       .at("updated")),
              HasSubstr(id));
  EXPECT_THAT(text(world.call("Email/set", R"({"accountId":"$","update":{")" + id + R"(":{"keywords/$flagged":true}}})")
                       .at("notUpdated")),
              HasSubstr("forbidden"));
  EXPECT_THAT(text(world.call("Email/set", R"({"accountId":"$","destroy":[")" + id + R"("]})").at("notDestroyed")),
              HasSubstr("forbidden"));
  // A copy into one's own account.
  const auto bert = world.account(kBert);
  const auto own_inbox = account::ObjectIds(bert->id()).mailbox(bert->find_folder("INBOX")->id);
  const auto copied = world.call("Email/copy", R"({"fromAccountId":"$","accountId":")" + world.id(kBert) +
                                                   R"(","create":{"k":{"id":")" + id + R"(","mailboxIds":{")" +
                                                   own_inbox + R"(":true}}}})");
  EXPECT_TRUE(copied.at("notCreated").is_null()) << text(copied);
  ASSERT_TRUE(sharing.remove(*owner, archive, kBert));
  EXPECT_EQ(world.call("Mailbox/get", R"({"accountId":"$"})").at("type"), "accountNotFound");
}

// A client that follows by /changes and /queryChanges has what the server has, whatever happened.
TEST_F(JmapEmail, IsFollowedByItsChanges) {
  std::mt19937 dice(5);
  const auto below = [&](std::size_t n) { return dice() % n; };
  const std::vector<std::string> paths{"INBOX", "Archive", "Trash"};
  const std::string query = R"("accountId":"$","filter":{"inMailbox":")" + world.mailbox("INBOX") +
                            R"("},"sort":[{"property":"receivedAt","isAscending":false}])";
  const std::vector<std::string> queries{
      query, query + R"(,"collapseThreads":true)",
      R"("accountId":"$","filter":{"notKeyword":"$seen"},"sort":[{"property":"subject"}])",
      R"("accountId":"$","collapseThreads":true)",
      R"("accountId":"$","collapseThreads":true,"filter":{"hasAttachment":true,"notKeyword":"$seen","inMailbox":")" +
          world.mailbox("INBOX") + "\"}"};
  std::map<std::string, std::string> known;  // keywords and mailboxes by id
  std::string state(world.call("Email/get", R"({"accountId":"$","ids":[]})").at("state").as_string());
  std::vector<std::vector<std::string>> lists(queries.size());
  std::vector<std::string> query_states;
  for (const auto& q : queries)
    query_states.emplace_back(world.call("Email/query", "{" + q + "}").at("queryState").as_string());
  std::vector<std::string> all;
  const auto strings_of = [](const json::value& list) {
    std::vector<std::string> out;
    for (const auto& one : list.as_array()) out.emplace_back(one.as_string());
    return out;
  };
  for (int round = 0; round < 80; ++round) {
    for (std::size_t n = below(5); n > 0; --n) {
      world.clock.advance(std::chrono::seconds(below(3)));
      const std::string some = all.empty() ? "M1024-1" : all[below(all.size())];
      switch (below(4)) {
        case 0:
          all.push_back(world.deliver("Message-ID: <" + std::to_string(dice()) + "@x>\r\nReferences: <" +
                                          std::to_string(below(4)) + "@x>\r\nSubject: s" + std::to_string(below(3)) +
                                          (below(2) == 0 ? "\r\nContent-Type: application/pdf\r\n\r\n" : "\r\n\r\n"),
                                      paths[below(3)]));
          break;
        case 1:
          world.call("Email/set", R"({"accountId":"$","update":{")" + some + R"(":{"keywords/$seen":)" +
                                      (below(2) == 0 ? "true" : "null") + "}}}");
          break;
        case 2:
          world.call("Email/set", R"({"accountId":"$","update":{")" + some + R"(":{"mailboxIds":{")" +
                                      world.mailbox(paths[below(3)]) + R"(":true}}}})");
          break;
        default:
          if (below(3) == 0) world.call("Email/set", R"({"accountId":"$","destroy":[")" + some + R"("]})");
      }
    }
    for (bool more = true; more;) {
      const auto changes = world.call("Email/changes", R"({"accountId":"$","sinceState":")" + state +
                                                           R"(","maxChanges":)" + std::to_string(1 + below(4)) + "}");
      ASSERT_EQ(world.last, "Email/changes") << text(changes);
      for (const auto& id : strings_of(changes.at("destroyed"))) known.erase(id);
      for (const char* which : {"created", "updated"}) {
        for (const auto& id : strings_of(changes.at(which))) known[id] = text(get(id, R"("keywords","mailboxIds")"));
      }
      state = std::string(changes.at("newState").as_string());
      more = changes.at("hasMoreChanges").as_bool();
    }
    std::map<std::string, std::string> there;
    for (const auto& id : strings_of(world.call("Email/query", R"({"accountId":"$"})").at("ids")))
      there[id] = text(get(id, R"("keywords","mailboxIds")"));
    ASSERT_EQ(known, there);
    for (std::size_t q = 0; q < queries.size(); ++q) {
      const auto changes =
          world.call("Email/queryChanges", "{" + queries[q] + R"(,"sinceQueryState":")" + query_states[q] + R"("})");
      ASSERT_EQ(world.last, "Email/queryChanges") << text(changes);
      const auto removed = strings_of(changes.at("removed"));
      std::erase_if(lists[q], [&](const std::string& id) { return std::ranges::find(removed, id) != removed.end(); });
      for (const auto& one : changes.at("added").as_array()) {
        const auto index = static_cast<std::size_t>(one.at("index").to_number<std::int64_t>());
        ASSERT_LE(index, lists[q].size());
        lists[q].insert(lists[q].begin() + static_cast<std::ptrdiff_t>(index), std::string(one.at("id").as_string()));
      }
      query_states[q] = std::string(changes.at("newQueryState").as_string());
      ASSERT_EQ(lists[q], strings_of(world.call("Email/query", "{" + queries[q] + "}").at("ids"))) << q;
      // A page of it is a piece of it.
      if (lists[q].empty()) continue;
      const std::size_t at = below(lists[q].size());
      const auto page = world.call(
          "Email/query", "{" + queries[q] + R"(,"calculateTotal":true,"limit":2,"anchor":")" + lists[q][at] + "\"}");
      ASSERT_EQ(page.at("total"), lists[q].size());
      ASSERT_EQ(page.at("position"), at);
      const auto first = lists[q].begin() + static_cast<std::ptrdiff_t>(at);
      ASSERT_EQ(strings_of(page.at("ids")),
                std::vector<std::string>(first, first + std::min<std::ptrdiff_t>(2, lists[q].end() - first)));
    }
    const auto inbox = world.call("Mailbox/get", R"({"accountId":"$","ids":[")" + world.mailbox("INBOX") + "\"]}");
    ASSERT_EQ(inbox.at("list").at(0).at("totalEmails"), lists[0].size());
    ASSERT_EQ(inbox.at("list").at(0).at("totalThreads"), lists[1].size());
  }
}

}  // namespace
}  // namespace gatepost::jmap
