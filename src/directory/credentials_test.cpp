#include "directory/credentials.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace gatepost::directory {
namespace {

std::unique_ptr<PasswordHasher> hasher(std::uint32_t iterations = 1) {
  return *PasswordHasher::create({.memory_kib = 8, .iterations = iterations});
}

TEST(PasswordHasher, TellsTheRightPasswordFromOthers) {
  const auto h = hasher();
  const std::string encoded = *h->hash(Secret("correct horse"));
  EXPECT_TRUE(encoded.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
  EXPECT_TRUE(*h->verify(encoded, Secret("correct horse")));
  EXPECT_FALSE(*h->verify(encoded, Secret("correct hors")));
  EXPECT_FALSE(*h->verify(encoded, Secret("")));
  EXPECT_NE(*h->hash(Secret("correct horse")), encoded) << "salted";
}

TEST(PasswordHasher, TakesWhatIsNoHashForAWrongPassword) {
  for (const char* broken : {"", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA", "plain text"}) {
    EXPECT_FALSE(*hasher()->verify(broken, Secret("x"))) << broken;
  }
}

TEST(PasswordHasher, KnowsHashesMadeWithOtherParameters) {
  const std::string encoded = *hasher(1)->hash(Secret("correct horse"));
  EXPECT_FALSE(hasher(1)->outdated(encoded));
  EXPECT_TRUE(hasher(2)->outdated(encoded));
}

TEST(PasswordHasher, RefusesParametersThatArgon2DoesNotTake) {
  for (const PasswordHasher::Options& options :
       {PasswordHasher::Options{.memory_kib = 7}, PasswordHasher::Options{.iterations = 0},
        PasswordHasher::Options{.parallel = 0}}) {
    const auto made = PasswordHasher::create(options);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::invalid);
  }
}

TEST(PasswordHasher, LetsOnlySoManyWait) {
  const auto slow = *PasswordHasher::create(
      {.memory_kib = 64 << 10, .iterations = 10, .parallel = 1, .waiting = 1, .wait = std::chrono::minutes(5)});
  std::atomic<int> done = 0, refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 6; ++t) {
      threads.emplace_back([&] {
        const auto answer = slow->hash(Secret("whatever"));
        if (!answer) EXPECT_EQ(answer.error().code, Errc::unavailable);
        (answer ? done : refused) += 1;
      });
    }
  }
  EXPECT_GE(done, 2);
  EXPECT_GE(refused, 1);
}

TEST(AppSecret, IsFoundHoweverItIsTyped) {
  SystemRandom random;
  AppSecret phone{.id = 1, .name = "phone"}, tablet{.id = 2, .name = "tablet"};
  const Secret shown = make_app_secret(random, phone);
  (void)make_app_secret(random, tablet);
  const Credentials credentials{{}, {phone, tablet}};
  EXPECT_EQ(shown.reveal().size(), 23u);
  std::string bare(shown.reveal()), spaced(shown.reveal());
  std::erase(bare, '-');
  for (char& c : spaced) c = c == '-' ? ' ' : c;
  for (const std::string& typed : {std::string(shown.reveal()), bare, spaced, "  " + bare + " "}) {
    const AppSecret* found = find_app_secret(credentials, Secret(typed));
    ASSERT_NE(found, nullptr) << typed;
    EXPECT_EQ(found->id, 1u);
  }
  for (const std::string& typed :
       {bare + "x", bare.substr(1), std::string(20, 'a'), std::string(), std::string(20, '-')}) {
    EXPECT_EQ(find_app_secret(credentials, Secret(typed)), nullptr) << typed;
  }
  EXPECT_EQ(find_app_secret({}, shown), nullptr);
}

}  // namespace
}  // namespace gatepost::directory
