#include "directory/authenticate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "directory/outside.hpp"
#include "directory/test_support.hpp"

namespace gatepost::directory {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Authentication : public testing::Test {
 protected:
  Authentication() {
    EXPECT_TRUE(dir->add_domain("example.org"));
    anna = dir.person("anna@example.org", "correct horse");
    EXPECT_TRUE(dir->add_alias("a@example.org", {"anna@example.org"}));
  }
  static SignInLimits limits() {
    SignInLimits l;
    l.distinct_failures = 3;
    l.address_failures = 8;
    return l;
  }
  std::optional<Errc> sign_in(std::string_view name, std::string_view password, std::string_view from = "192.0.2.1") {
    context.remote = *IpAddress::parse(from);
    return code(authenticator.with_password(name, Secret(password), context));
  }
  std::vector<std::string> lines(std::string_view event) {
    std::vector<std::string> found;
    for (const auto& line : sink.lines()) {
      if (line.find(std::string(" ") + std::string(event) + " ") != std::string::npos) found.push_back(line);
    }
    return found;
  }

  TestDirectory dir;
  Principal anna;
  MemorySink sink;
  Log log{sink, dir.clock};
  Metrics metrics;
  Authenticator authenticator{*dir, limits(), dir.clock, log, metrics};
  SignInContext context{*IpAddress::parse("192.0.2.1"), "imap", "4f2a"};
};

TEST_F(Authentication, SignsInAndSaysSo) {
  EXPECT_EQ(sign_in("A@example.org", "correct horse"), std::nullopt);
  ASSERT_THAT(lines("sign_in.accepted"), SizeIs(1));
  EXPECT_THAT(lines("sign_in.accepted")[0], HasSubstr("conn=4f2a service=imap remote=192.0.2.1 name=anna@example.org"));
  EXPECT_THAT(metrics.text(), HasSubstr("gatepost_sign_ins_total{service=\"imap\",outcome=\"accepted\"} 1"));
}

TEST_F(Authentication, RefusesAPairAfterDistinctWrongPasswordsEvenTheRightOne) {
  for (const char* wrong : {"wrong one", "wrong two", "wrong two", "wrong two"}) {
    EXPECT_EQ(sign_in("anna@example.org", wrong), Errc::unauthenticated);
  }
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), std::nullopt) << "a slip of the hand is forgiven";
  for (const char* wrong : {"wrong one", "wrong two", "wrong three"}) {
    EXPECT_EQ(sign_in("anna@example.org", wrong), Errc::unauthenticated);
  }
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), Errc::limit);
  EXPECT_EQ(sign_in("A@EXAMPLE.org", "correct horse"), Errc::limit) << "another name of the same account";
  EXPECT_EQ(sign_in("anna@example.org", "correct horse", "192.0.2.2"), std::nullopt);
  EXPECT_THAT(lines("sign_in.banned"), SizeIs(1));
  EXPECT_THAT(lines("sign_in.refused"), SizeIs(2));
  const auto bans = authenticator.bans();
  ASSERT_THAT(bans, SizeIs(1));
  EXPECT_EQ(bans[0].name, "anna@example.org");
  dir.clock.advance(901s);
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), std::nullopt);
}

TEST_F(Authentication, CountsWhoTriesManyNamesTogether) {
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(sign_in("name" + std::to_string(i) + "@example.org", "the same for all"), Errc::unauthenticated);
  }
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), Errc::limit);
  EXPECT_EQ(authenticator.bans().at(0).name, "");
  EXPECT_EQ(authenticator.lift(*IpAddress::parse("192.0.2.1")), 1u);
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), std::nullopt);
}

TEST_F(Authentication, LetsADisabledAccountNeitherInNorIntoTheCount) {
  anna.enabled = false;
  ASSERT_TRUE(dir->update_principal(anna));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(sign_in("anna@example.org", "correct horse"), Errc::denied);
  EXPECT_THAT(authenticator.bans(), IsEmpty());
  EXPECT_THAT(lines("sign_in.disabled"), SizeIs(10));
  EXPECT_EQ(code(authenticator.proven("anna@example.org", context)), Errc::denied);
}

TEST_F(Authentication, HoldsNothingAgainstWhomItCouldNotCheck) {
  struct Away final : OutsideSignIn {
    Result<Answer> check(std::string_view, const Secret&) override {
      return fail(Errc::unavailable, "no server answers");
    }
    bool knows(std::string_view) override { return true; }
  } away;
  set_outside(*dir.directory, &away);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(sign_in("anna@example.org", "wrong horse!"), Errc::unavailable);
  set_outside(*dir.directory, nullptr);
  EXPECT_THAT(authenticator.bans(), IsEmpty());
  EXPECT_THAT(lines("sign_in.unchecked"), SizeIs(10));
}

TEST_F(Authentication, KeepsScramToTheSameLimits) {
  ASSERT_TRUE(authenticator.may_try("anna@example.org", context));
  authenticator.failed("anna@example.org", context, "proof 1");
  authenticator.failed("a@example.org", context, "proof 2");
  ASSERT_TRUE(authenticator.may_try("anna@example.org", context));
  authenticator.failed("anna@example.org", context, "proof 3");
  EXPECT_EQ(code(authenticator.may_try("anna@example.org", context)), Errc::limit);
  EXPECT_EQ(code(authenticator.proven("anna@example.org", context)), Errc::limit) << "begun before the ban";
  context.remote = *IpAddress::parse("192.0.2.9");
  EXPECT_EQ(authenticator.proven("anna@example.org", context)->id, anna.id);
  EXPECT_EQ(code(authenticator.proven("gone@example.org", context)), Errc::unauthenticated);
}

TEST_F(Authentication, GivesNoMoreGuessesToWhoMakesThemAtOnce) {
  std::vector<std::jthread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        (void)authenticator.with_password("anna@example.org", Secret("wrong" + std::to_string(t * 100 + i)), context);
      }
      if (authenticator.with_password("anna@example.org", Secret("correct horse"), context)) ++right;
    });
  }
  threads.clear();
  EXPECT_EQ(right, 0);
}

TEST_F(Authentication, NeverLogsAPassword) {
  (void)sign_in("anna@example.org", "wrong secret");
  (void)sign_in("anna@example.org", "correct horse");
  (void)sign_in("line\nbreak", "wrong secret");
  for (const auto& line : sink.lines()) {
    EXPECT_THAT(line, Not(HasSubstr("secret")));
    EXPECT_THAT(line, Not(HasSubstr("horse")));
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

TEST_F(Authentication, TakesNewLimitsAndTheAllowList) {
  auto more = limits();
  more.distinct_failures = 1;
  authenticator.set_limits(more);
  EXPECT_EQ(sign_in("anna@example.org", "wrong one"), Errc::unauthenticated);
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), Errc::limit);
  more.never_banned = {*Network::parse("192.0.2.0/24")};
  authenticator.set_limits(more);
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), std::nullopt);
}

}  // namespace
}  // namespace gatepost::directory
