#include <gmock/gmock.h>

#include "jmap/test_world.hpp"

namespace gatepost::jmap {
namespace {

using testing::HasSubstr;

class JmapVacation : public testing::Test {
 protected:
  json::object set(const std::string& arguments) {
    return world.call("VacationResponse/set", R"({"accountId":"$",)" + arguments + "}");
  }
  json::object get() { return world.call("VacationResponse/get", R"({"accountId":"$"})"); }
  void write(std::string from, const std::string& subject) {
    auto source = world.stranger();
    auto to = world.envelope(source, std::move(from), {std::string(kAnna)});
    ASSERT_TRUE(world.take(source, to, "To: anna@example.org\r\nSubject: " + subject + "\r\n\r\nx\r\n"));
  }
  World world;
};

TEST_F(JmapVacation, IsOneObject) {
  const auto before = get();
  EXPECT_EQ(text(before.at("list")),
            R"([{"id":"singleton","isEnabled":false,"fromDate":null,"toDate":null,"subject":null,"textBody":null,)"
            R"("htmlBody":null}])");
  const auto done = set(R"("update":{"singleton":{"isEnabled":true,"subject":"Away","textBody":"Until Monday.",)"
                        R"("toDate":"2030-01-01T00:00:00Z"}})");
  EXPECT_EQ(text(done.at("updated")), R"({"singleton":null})");
  EXPECT_EQ(done.at("oldState"), before.at("state"));
  EXPECT_EQ(done.at("newState"), get().at("state"));
  EXPECT_NE(done.at("newState"), before.at("state"));
  EXPECT_EQ(get().at("list").at(0).at("toDate"), "2030-01-01T00:00:00Z");
  EXPECT_EQ(
      text(world.call("VacationResponse/get", R"({"accountId":"$","ids":["singleton","x"],"properties":["isEnabled"]})")
               .at("notFound")),
      R"(["x"])");
  EXPECT_THAT(text(set(R"("create":{"c":{}})").at("notCreated")), HasSubstr("singleton"));
  EXPECT_THAT(text(set(R"("destroy":["singleton"])").at("notDestroyed")), HasSubstr("singleton"));
  EXPECT_THAT(text(set(R"("update":{"other":{}})").at("notUpdated")), HasSubstr("notFound"));
  EXPECT_THAT(text(set(R"("update":{"singleton":{"isEnabled":"yes"}})").at("notUpdated")), HasSubstr("isEnabled"));
  EXPECT_THAT(text(set(R"("update":{"singleton":{"toDate":"soon"}})").at("notUpdated")), HasSubstr("toDate"));
  EXPECT_THAT(text(set(R"("update":{"singleton":{"colour":1}})").at("notUpdated")), HasSubstr("colour"));
  EXPECT_EQ(set(R"("ifInState":"0","update":{})").at("type"), "stateMismatch");
  EXPECT_THAT(
      text(set(R"("update":{"singleton":{"textBody":")" + std::string(30'000, 'a') + R"("}})").at("notUpdated")),
      HasSubstr("tooLarge"));
}

TEST_F(JmapVacation, IsAnsweredWhileItLasts) {
  set(R"("update":{"singleton":{"isEnabled":true,"subject":"Away","textBody":"Until Monday."}})");
  write(std::string(kBert), "one");
  ASSERT_EQ(world.inbox(kBert).size(), 1U);
  EXPECT_THAT(world.inbox(kBert)[0], HasSubstr("Subject: Away\r\n"));
  write("far@elsewhere.example", "two");
  ASSERT_EQ(world.queued().size(), 1U);
  EXPECT_EQ(world.queued()[0].reverse_path, "");
  EXPECT_EQ(world.queued()[0].recipients[0].address, "far@elsewhere.example");
  set(R"("update":{"singleton":{"isEnabled":false}})");
  write("other@elsewhere.example", "three");
  EXPECT_EQ(world.queued().size(), 1U);
}

}  // namespace
}  // namespace gatepost::jmap
