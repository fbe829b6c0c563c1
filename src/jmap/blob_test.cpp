#include <gmock/gmock.h>

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "jmap/test_world.hpp"
#include "sharing/sharing.hpp"

namespace gatepost::jmap {
namespace {

using testing::HasSubstr;
using testing::Not;

class JmapBlob : public testing::Test {
 protected:
  json::object upload(const std::string& data, const std::string& more = "") {
    const auto answer =
        world.call("Blob/upload", R"({"accountId":"$","create":{"b":{"data":[)" + data + "]" + more + "}}}");
    return answer;
  }
  std::string uploaded(const std::string& data) {
    const auto answer = upload(data);
    EXPECT_TRUE(answer.at("notCreated").is_null()) << text(answer);
    return std::string(answer.at("created").at("b").at("id").as_string());
  }
  json::object get(const std::string& id, const std::string& more = "") {
    const auto answer = world.call("Blob/get", R"({"accountId":"$","ids":[")" + id + "\"]" + more + "}");
    if (!answer.contains("list") || answer.at("list").as_array().empty()) return answer;
    return answer.at("list").at(0).as_object();
  }
  World world;
};

TEST_F(JmapBlob, IsPutTogetherAndRead) {
  const auto made =
      upload(R"({"data:asText":"The quick "},{"data:asBase64":"YnJvd24gZm94"})", R"(,"type":"text/plain")");
  const auto& blob = made.at("created").at("b");
  EXPECT_EQ(blob.at("size"), 19);
  EXPECT_EQ(blob.at("type"), "text/plain");
  const std::string id(blob.at("id").as_string());
  EXPECT_EQ(text(get(id)), R"({"id":")" + id + R"(","size":19,"data:asText":"The quick brown fox"})");
  const std::string cut = uploaded(R"({"blobId":")" + id + R"(","offset":4,"length":5},{"data:asText":"!"})");
  EXPECT_EQ(get(cut).at("data:asText"), "quick!");
  const auto part =
      get(id, R"(,"offset":16,"length":10,"properties":["data:asText","data:asBase64","digest:sha-256"])");
  EXPECT_EQ(part.at("data:asText"), "fox");
  EXPECT_EQ(part.at("data:asBase64"), "Zm94");
  EXPECT_EQ(part.at("isTruncated"), true);
  const auto hash = sha256("fox");
  EXPECT_EQ(part.at("digest:sha-256").as_string(),
            base64::encode({reinterpret_cast<const char*>(hash.data()), hash.size()}));
  EXPECT_FALSE(part.contains("size"));
}

TEST_F(JmapBlob, RefersToWhatTheSameCallMade) {
  const auto made = world.call("Blob/upload", R"({"accountId":"$","create":{"a":{"data":[{"data:asText":"x"}]},)"
                                              R"("b":{"data":[{"blobId":"#a"},{"blobId":"#a"}]}}})");
  const std::string id(made.at("created").at("b").at("id").as_string());
  EXPECT_EQ(get(id).at("data:asText"), "xx");
}

TEST_F(JmapBlob, RefusesWhatIsNone) {
  const auto refused = [&](const std::string& data) { return text(upload(data).at("notCreated")); };
  const std::string id = uploaded(R"({"data:asText":"four"})");
  EXPECT_THAT(refused(R"({"data:asText":1})"), HasSubstr("invalidProperties"));
  EXPECT_THAT(refused(R"({"data:asBase64":"*"})"), HasSubstr("invalidProperties"));
  EXPECT_THAT(refused(R"({"data:asText":"a","data:asBase64":"YQ=="})"), HasSubstr("invalidProperties"));
  EXPECT_THAT(refused(R"({"blobId":")" + id + R"(","offset":2,"length":3})"), HasSubstr("invalidProperties"));
  EXPECT_THAT(refused(R"({"blobId":")" + id + R"(","offset":5})"), HasSubstr("invalidProperties"));
  EXPECT_THAT(refused(R"({"blobId":"G0"})"), HasSubstr("blobNotFound"));
  EXPECT_THAT(refused(R"({"blobId":"#no"})"), HasSubstr("blobNotFound"));
  std::string many;
  for (int i = 0; i < 65; ++i) many += std::string(i == 0 ? "" : ",") + R"({"data:asText":"a"})";
  EXPECT_THAT(refused(many), HasSubstr("tooLarge"));
  EXPECT_THAT(refused(R"({"data:asText":")" + std::string((4 << 20) + 1, 'a') + R"("})"), HasSubstr("tooLarge"));
  EXPECT_EQ(text(get("G0").at("notFound")), R"(["G0"])");
  EXPECT_EQ(get(id, R"(,"properties":["digest:md5"])").at("type"), "invalidArguments");
}

TEST_F(JmapBlob, ThatIsNoTextSaysSo) {
  const std::string id = uploaded(R"({"data:asBase64":"/wA="})");
  EXPECT_EQ(text(get(id)), R"({"id":")" + id + R"(","size":2,"isEncodingProblem":true,"data:asBase64":"/wA="})");
  const auto wanted = get(id, R"(,"properties":["data:asText"])");
  EXPECT_TRUE(wanted.at("data:asText").is_null());
}

TEST_F(JmapBlob, OfAPartHasItsEncodingUndone) {
  const std::string email = world.deliver(
      "Subject: x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJDREVGRw==\r\n");
  const auto one = world.call("Email/get", R"({"accountId":"$","ids":[")" + email + R"("],"properties":["textBody"]})");
  const std::string id(one.at("list").at(0).at("textBody").at(0).at("blobId").as_string());
  EXPECT_EQ(get(id).at("data:asText"), "ABCDEFG");
  EXPECT_EQ(get(id).at("size"), 7);
  const auto range = get(id, R"(,"offset":2,"length":3,"properties":["data","size"])");
  EXPECT_EQ(range.at("data:asText"), "CDE");
  EXPECT_EQ(range.at("size"), 7);
}

TEST_F(JmapBlob, IsLookedUp) {
  const std::string email = world.deliver("Subject: x\r\n\r\nx\r\n");
  const auto one =
      world.call("Email/get", R"({"accountId":"$","ids":[")" + email + R"("],"properties":["blobId","threadId"]})");
  const std::string id(one.at("list").at(0).at("blobId").as_string());
  const auto found = world.call(
      "Blob/lookup", R"({"accountId":"$","typeNames":["Email","Mailbox","Thread"],"ids":[")" + id + R"(","B99"]})");
  EXPECT_EQ(text(found.at("list")), R"([{"id":")" + id + R"(","matchedIds":{"Email":[")" + email +
                                        R"("],"Mailbox":[")" + world.mailbox("INBOX") + R"("],"Thread":[)" +
                                        text(one.at("list").at(0).at("threadId")) + "]}}]");
  EXPECT_EQ(text(found.at("notFound")), R"(["B99"])");
  world.call("Blob/lookup", R"({"accountId":"$","typeNames":["Identity"],"ids":[]})");
  EXPECT_EQ(world.last, "error");
}

TEST_F(JmapBlob, IsCopiedBetweenAccountsByThoseWhoMaySeeBoth) {
  const std::string anna = world.id(kAnna), bert = world.id(kBert);
  world.deliver("Subject: x\r\n\r\ntext of anna\r\n", "Archive");
  const std::string mine = uploaded(R"({"data:asText":"mine"})");
  const auto copy = [&](const std::string& blob, const std::string& from, const std::string& to) {
    return world.call("Blob/copy", R"({"fromAccountId":")" + from + R"(","accountId":")" + to + R"(","blobIds":[")" +
                                       blob + R"("]})");
  };
  // Nobody sees what was not shared with him, however well he knows its name.
  world.user = std::string(kBert);
  EXPECT_EQ(copy(mine, anna, bert).at("type"), "fromAccountNotFound");
  EXPECT_THAT(text(copy(mine, bert, bert).at("notCopied")), HasSubstr("notFound"));
  sharing::Sharing sharing(*world.directory, *world.accounts);
  const auto owner = world.account(kAnna);
  ASSERT_TRUE(sharing.set(*owner, owner->find_folder("Archive")->id, kBert, sharing::Change::replace,
                          *sharing::parse_rights("lr")));
  const auto email = world.call("Email/query", R"({"accountId":")" + anna + "\"}");
  const std::string seen =
      "B" + std::string(email.at("ids").at(0).as_string()).substr(std::string_view("M1024-").size());
  const auto copied = copy(seen, anna, bert);
  ASSERT_TRUE(copied.at("notCopied").is_null()) << text(copied);
  const std::string copy_id(copied.at("copied").at(seen).as_string());
  const auto read = world.call("Blob/get", R"({"accountId":")" + bert + R"(","ids":[")" + copy_id + R"("]})");
  EXPECT_THAT(text(read.at("list")), HasSubstr("text of anna"));
  // The copy is bert's alone.
  world.user = std::string(kAnna);
  EXPECT_EQ(text(get(copy_id).at("notFound")), "[\"" + copy_id + "\"]");
}

}  // namespace
}  // namespace gatepost::jmap
