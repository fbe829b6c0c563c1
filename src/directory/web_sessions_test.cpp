#include "directory/web_sessions.hpp"

#include <gtest/gtest.h>

#include "directory/test_support.hpp"
#include "store/keys.hpp"

namespace gatepost::directory {
namespace {

using namespace std::chrono_literals;

class WebSessionsTest : public testing::Test {
 protected:
  WebSessionsTest() {
    EXPECT_TRUE(house_.directory->add_domain("example.org"));
    anna_ = *house_.directory->add_principal(PrincipalKind::person, "anna@example.org", "Anna");
    EXPECT_TRUE(house_.directory->set_password(anna_.id, Secret("correct horse battery")));
    reopen();
  }
  void reopen() {
    sessions_.reset();
    auto opened = WebSessions::open(house_.keys, *house_.directory, settings_, house_.clock, house_.random);
    ASSERT_TRUE(opened);
    sessions_ = *std::move(opened);
  }
  std::string begin(bool lasting = false) {
    auto begun = sessions_->begin(anna_, lasting, "Mozilla/5.0", home_);
    EXPECT_TRUE(begun);
    return std::string(begun->token.reveal());
  }
  Errc refusal(const std::string& token) {
    const auto checked = sessions_->check(token, home_);
    EXPECT_FALSE(checked);
    return checked ? Errc::internal : checked.error().code;
  }

  WebSessionSettings settings_{.idle = 1h, .lasting = 24h, .longest = 72h};
  TestDirectory house_;
  Principal anna_;
  IpAddress home_ = *IpAddress::parse("192.0.2.7");
  std::unique_ptr<WebSessions> sessions_;
};

TEST_F(WebSessionsTest, ATokenStandsForWhoSignedInAlsoAfterARestart) {
  const std::string token = begin();
  EXPECT_GE(token.size(), 43u);  // 256 bits
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  for (int round = 0; round < 2; ++round) {
    const auto checked = sessions_->check(token, home_);
    ASSERT_TRUE(checked);
    EXPECT_EQ(checked->principal.id, anna_.id);
    EXPECT_EQ(checked->session.agent, "Mozilla/5.0");
    EXPECT_EQ(checked->session.until, house_.clock.now() + 1h);
    reopen();
  }
  EXPECT_EQ(refusal(token + "A"), Errc::unauthenticated);
  EXPECT_EQ(refusal(""), Errc::unauthenticated);
}

TEST_F(WebSessionsTest, TheStoreHoldsNothingToSignInWith) {
  const std::string token = begin();
  const auto snapshot = house_.keys.snapshot(store::kWebSessionPartition, 10s);
  ASSERT_TRUE(snapshot);
  std::string all;
  ASSERT_TRUE((*snapshot)->scan("", "", false, 10, [&](store::Entry entry) {
    all.append(entry.key).append(entry.value);
    return true;
  }));
  EXPECT_FALSE(all.empty());
  EXPECT_EQ(all.find(token), std::string::npos);
}

TEST_F(WebSessionsTest, UseProlongsItButNotForEver) {
  const std::string token = begin();
  for (int i = 0; i < 95; ++i) {  // 71 h 15 min
    house_.clock.advance(45min);
    ASSERT_TRUE(sessions_->check(token, home_)) << i;
  }
  house_.clock.advance(45min);
  EXPECT_EQ(refusal(token), Errc::unauthenticated);
}

TEST_F(WebSessionsTest, IdleOnesEndSoonerThanLastingOnes) {
  const std::string token = begin(), lasting = begin(true);
  house_.clock.advance(61min);
  EXPECT_EQ(refusal(token), Errc::unauthenticated);
  ASSERT_TRUE(sessions_->check(lasting, home_));
  EXPECT_EQ(sessions_->list(anna_.id).size(), 1u);
  EXPECT_EQ(sessions_->tidy(), 1u);
  EXPECT_EQ(sessions_->count(), 1u);
  house_.clock.advance(25h);
  EXPECT_EQ(refusal(lasting), Errc::unauthenticated);
}

TEST_F(WebSessionsTest, UsesAreWrittenDownByTidy) {
  const std::string token = begin();
  house_.clock.advance(50min);
  ASSERT_TRUE(sessions_->check(token, home_));
  EXPECT_EQ(sessions_->tidy(), 0u);
  const int commits = house_.keys.commits;
  EXPECT_EQ(sessions_->tidy(), 0u);  // nothing is new
  EXPECT_EQ(house_.keys.commits, commits);
  reopen();
  house_.clock.advance(50min);
  EXPECT_TRUE(sessions_->check(token, home_));
}

TEST_F(WebSessionsTest, AnotherPasswordEndsThemADisabledAccountRefuses) {
  const std::string token = begin();
  Principal changed = anna_;
  changed.enabled = false;
  ASSERT_TRUE(house_.directory->update_principal(changed));
  EXPECT_EQ(refusal(token), Errc::denied);
  changed.enabled = true;
  ASSERT_TRUE(house_.directory->update_principal(changed));
  EXPECT_TRUE(sessions_->check(token, home_));
  ASSERT_TRUE(house_.directory->set_password(anna_.id, Secret("another horse battery")));
  EXPECT_EQ(refusal(token), Errc::unauthenticated);
  reopen();
  EXPECT_EQ(refusal(token), Errc::unauthenticated);
}

TEST_F(WebSessionsTest, APasswordThatIsReplacedDuringTheSignInBeginsNothing) {
  const auto before = sessions_->stamp_of(anna_);
  ASSERT_TRUE(house_.directory->set_password(anna_.id, Secret("another horse battery")));
  const auto begun = sessions_->begin(anna_, false, "Mozilla/5.0", home_, *before);
  ASSERT_TRUE(begun);
  EXPECT_EQ(refusal(std::string(begun->token.reveal())), Errc::unauthenticated);
}

TEST_F(WebSessionsTest, ARemovedAccountLeavesNone) {
  const std::string token = begin();
  ASSERT_TRUE(house_.directory->remove_principal(anna_.id));
  EXPECT_EQ(refusal(token), Errc::unauthenticated);
  EXPECT_EQ(sessions_->tidy(), 1u);
  reopen();
  EXPECT_EQ(sessions_->count(), 0u);
}

TEST_F(WebSessionsTest, TheyAreListedAndEndedOneByOneOrAll) {
  const std::string first = begin();
  house_.clock.advance(1min);
  const std::string second = begin(), third = begin();
  house_.clock.advance(1min);
  ASSERT_TRUE(sessions_->check(first, *IpAddress::parse("2001:db8::7")));
  const auto list = sessions_->list(anna_.id);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list.front().remote, *IpAddress::parse("2001:db8::7"));
  EXPECT_FALSE(sessions_->end(PrincipalId{4711}, list.front().id));
  ASSERT_TRUE(sessions_->end(anna_.id, list.front().id));
  EXPECT_EQ(refusal(first), Errc::unauthenticated);
  EXPECT_EQ(sessions_->end(anna_.id, list.front().id).error().code, Errc::not_found);
  EXPECT_EQ(sessions_->end_all(anna_.id, sessions_->check(second, home_)->session.id), 1u);
  EXPECT_EQ(refusal(third), Errc::unauthenticated);
  reopen();
  EXPECT_TRUE(sessions_->check(second, home_));
  EXPECT_EQ(sessions_->end_all(anna_.id), 1u);
  EXPECT_EQ(sessions_->count(), 0u);
}

TEST_F(WebSessionsTest, AnAccountHasABoundedNumberOfThem) {
  const std::string first = begin();
  for (std::size_t i = 0; i < WebSessions::kMaxOfOne; ++i) {
    house_.clock.advance(1s);
    begin();
  }
  EXPECT_EQ(sessions_->count(), WebSessions::kMaxOfOne);
  EXPECT_EQ(refusal(first), Errc::unauthenticated);
}

TEST_F(WebSessionsTest, WhatIsNotStoredIsNotPromised) {
  house_.keys.refuse = Errc::disk_full;
  EXPECT_EQ(sessions_->begin(anna_, false, "", home_).error().code, Errc::disk_full);
  EXPECT_EQ(sessions_->count(), 0u);
  house_.keys.refuse.reset();
  const std::string token = begin();
  house_.keys.refuse = Errc::disk_full;
  EXPECT_FALSE(sessions_->end_all(anna_.id));
  EXPECT_EQ(refusal(token), Errc::unauthenticated);  // at least until the next start
}

TEST_F(WebSessionsTest, ABrokenRecordIsLeftOut) {
  const std::string token = begin();
  store::Batch batch;
  batch.writes.push_back({"s" + std::string(32, 'x'), "\x01nonsense"});
  batch.writes.push_back({"s" + std::string(32, 'y'), "\x02"});
  batch.writes.push_back({"short", "\x01"});
  ASSERT_TRUE(
      house_.keys.commit(store::kWebSessionPartition, *house_.keys.version(store::kWebSessionPartition), batch));
  reopen();
  EXPECT_EQ(sessions_->count(), 1u);
  EXPECT_TRUE(sessions_->check(token, home_));
}

TEST_F(WebSessionsTest, BrowsersAreShownAsOneLineOfText) {
  const auto begun = sessions_->begin(anna_, false, "a\r\nb\xff" + std::string(300, 'x'), home_);
  ASSERT_TRUE(begun);
  const std::string agent = sessions_->list(anna_.id).front().agent;
  EXPECT_LE(agent.size(), WebSessions::kMaxAgentOctets);
  EXPECT_EQ(agent.find('\n'), std::string::npos);
}

TEST(WebSessionsCsrf, ATokenHasOne) {
  EXPECT_EQ(WebSessions::csrf_token("a"), WebSessions::csrf_token("a"));
  EXPECT_NE(WebSessions::csrf_token("a"), WebSessions::csrf_token("b"));
  EXPECT_EQ(WebSessions::csrf_token("a").find('='), std::string::npos);
}

}  // namespace
}  // namespace gatepost::directory
