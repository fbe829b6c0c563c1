#include <gmock/gmock.h>

#include "admin/test_product.hpp"

namespace gatepost::admin {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RightsVerbs : public AdminFixture {
 protected:
  RightsVerbs() {
    domain_and_anna();
    done("account add", {{"address", {"sales@example.org"}}, {"kind", {"shared"}}, {"name", {"Sales"}}});
    done("account add", {{"address", {"ben@example.org"}}, {"password", {"correct horse"}}});
    done("group add", {{"address", {"staff@example.org"}}, {"member", {"anna@example.org"}}});
  }
  Reply change(const char* verb, const char* right, std::vector<std::string> who,
               const char* of = "sales@example.org") {
    return ask(verb, {{"address", {of}}, {"right", {right}}, {"who", std::move(who)}});
  }
  Reply grant(const char* right, const char* who, const char* of = "sales@example.org") {
    return change("rights grant", right, {who}, of);
  }
  std::string list(const char* address = "sales@example.org") {
    return done("rights list", {{"address", {address}}}).text;
  }
  std::string held(const char* address) { return done("rights held", {{"address", {address}}}).text; }
};

TEST_F(RightsVerbs, AreOneActionEach) {
  EXPECT_THAT(list(), HasSubstr("Nobody else opens sales@example.org"));
  EXPECT_THAT(grant("send-as", "staff@example.org").text, HasSubstr("has send-as for sales@example.org"));
  EXPECT_EQ(grant("send-on-behalf", "ben@example.org").exit_code, 0);
  EXPECT_EQ(grant("full-access", "ben@example.org").exit_code, 0);
  EXPECT_EQ(list(),
            "right           who                name\n"
            "full-access     ben@example.org    \n"
            "send-as         staff@example.org  \n"
            "send-on-behalf  ben@example.org    \n");
  EXPECT_THAT(held("anna@example.org"), AllOf(HasSubstr("send-as"), HasSubstr("Sales"), Not(HasSubstr("full"))));
  EXPECT_THAT(held("ben@example.org"), AllOf(HasSubstr("send-on-behalf"), HasSubstr("full-access")));
  const auto rows = json(done("rights list", {{"address", {"sales@example.org"}}})).as_array();
  EXPECT_EQ(text(rows.at(1), "who"), "staff@example.org");
  EXPECT_EQ(change("rights revoke", "send-as", {"staff@example.org"}).exit_code, 0);
  EXPECT_EQ(change("rights revoke", "full-access", {"ben@example.org"}).exit_code, 0);
  EXPECT_THAT(list(), AllOf(Not(HasSubstr("send-as")), Not(HasSubstr("full-access")), HasSubstr("send-on-behalf")));
  EXPECT_THAT(held("anna@example.org"), HasSubstr("has no such rights"));
  EXPECT_THAT(done("changes list").text, AllOf(HasSubstr("rights grant"), HasSubstr("rights revoke"),
                                               HasSubstr("right=send-as"), Not(HasSubstr("rights held"))));
}

TEST_F(RightsVerbs, OneDoesNotIncludeTheOther) {
  ASSERT_EQ(grant("full-access", "anna@example.org").exit_code, 0);
  EXPECT_THAT(list(), Not(HasSubstr("send")));
  EXPECT_EQ(directory->authorship(directory->find("anna@example.org")->id, "sales@example.org")->kind,
            directory::Authorship::Kind::none);
  // What is granted in some folders is no access to all.
  done("acl set", {{"address", {"sales@example.org"}},
                   {"identifier", {"anna@example.org"}},
                   {"rights", {"-x"}},
                   {"folder", {"INBOX"}}});
  EXPECT_THAT(list(), Not(HasSubstr("full-access")));
}

TEST_F(RightsVerbs, GroupsMayBeSentAs) {
  EXPECT_EQ(grant("send-as", "anna@example.org", "staff@example.org").exit_code, 0);
  EXPECT_THAT(list("staff@example.org"), HasSubstr("anna@example.org"));
  EXPECT_EQ(error(grant("full-access", "anna@example.org", "staff@example.org")), "invalid");
  EXPECT_EQ(error(ask("rights copies", {{"address", {"staff@example.org"}}, {"copies", {"on"}}})), "invalid");
}

TEST_F(RightsVerbs, RefuseWhatMakesNoSense) {
  EXPECT_EQ(grant("send-us", "anna@example.org").exit_code, 2);
  EXPECT_EQ(change("rights grant", "send-as", {}).exit_code, 2);
  EXPECT_EQ(error(grant("send-as", "nobody@example.org")), "not_found");
  EXPECT_EQ(error(grant("send-as", "sales@example.org")), "invalid");
  EXPECT_EQ(error(grant("send-as", "anna@example.org", "nobody@example.org")), "not_found");
  EXPECT_EQ(error(change("rights revoke", "send-as", {"anna@example.org"})), "not_found");
  EXPECT_EQ(ask("rights copies", {{"address", {"sales@example.org"}}, {"copies", {"perhaps"}}}).exit_code, 2);
}

TEST_F(RightsVerbs, CopiesAreASettingOfTheMailbox) {
  const auto shown = [&] { return done("account show", {{"address", {"sales@example.org"}}}).text; };
  EXPECT_THAT(shown(), Not(HasSubstr("copy_sent")));
  done("rights copies", {{"address", {"sales@example.org"}}, {"copies", {"on"}}});
  EXPECT_THAT(shown(), HasSubstr("copy_sent"));
  done("rights copies", {{"address", {"sales@example.org"}}, {"copies", {"off"}}});
  EXPECT_THAT(shown(), Not(HasSubstr("copy_sent")));
}

TEST_F(RightsVerbs, SeenIsOwnOrShared) {
  const auto shown = [&] { return done("account show", {{"address", {"sales@example.org"}}}).text; };
  EXPECT_THAT(shown(), Not(HasSubstr("own_seen")));
  EXPECT_THAT(done("rights seen", {{"address", {"sales@example.org"}}, {"seen", {"own"}}}).text,
              HasSubstr("read and unread of his own"));
  EXPECT_THAT(shown(), HasSubstr("own_seen"));
  EXPECT_THAT(done("export").text, HasSubstr("own_seen = true"));
  done("rights seen", {{"address", {"sales@example.org"}}, {"seen", {"shared"}}});
  EXPECT_THAT(shown(), Not(HasSubstr("own_seen")));
  EXPECT_EQ(ask("rights seen", {{"address", {"sales@example.org"}}, {"seen", {"on"}}}).exit_code, 2);
  EXPECT_EQ(error(ask("rights seen", {{"address", {"staff@example.org"}}, {"seen", {"own"}}})), "invalid");
  EXPECT_EQ(error(ask("rights seen", {{"address", {"nobody@example.org"}}, {"seen", {"own"}}})), "not_found");
}

}  // namespace
}  // namespace gatepost::admin
