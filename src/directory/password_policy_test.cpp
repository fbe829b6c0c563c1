#include "directory/password_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatepost::directory {
namespace {

const Principal kAnnaSmith{.address = "anna.smith@example.org", .display_name = "Anna Smith"};

bool taken(std::string_view password, PasswordPolicy policy = {}) {
  const Result<> checked = check_new_password(policy, Secret(password), kAnnaSmith);
  if (!checked) {
    EXPECT_EQ(checked.error().code, Errc::invalid);
    if (password != "password") {
      EXPECT_THAT(checked.error().detail, testing::Not(testing::HasSubstr(std::string(password))));
    }
  }
  return checked.has_value();
}

TEST(PasswordPolicy, TakesWhatNobodyGuessesFirst) {
  for (const char* good :
       {"correct horse", "gXk2-92aa", "sch\u00f6nes Wetter", "anna likes tea", "passwordless future"}) {
    EXPECT_TRUE(taken(good)) << good;
  }
}

TEST(PasswordPolicy, RefusesWhatEverybodyTriesFirst) {
  for (const char* bad : {"password", "PASSWORD", "Password2026!", "12345678", "qwertzui", "Willkommen1", "aaaaaaaa",
                          "abcdefghij", "87654321"}) {
    EXPECT_FALSE(taken(bad)) << bad;
    EXPECT_TRUE(taken(bad, {.refuse_common = false})) << bad;
  }
}

TEST(PasswordPolicy, RefusesWhatIsListed) {
  const PasswordPolicy policy{.refuse_common = false, .refused = {"correct horse", "gatepost"}};
  for (const char* bad : {"Correct Horse", "correct horse 2026!", "GatePost2026"}) {
    EXPECT_FALSE(taken(bad, policy)) << bad;
  }
  EXPECT_TRUE(taken("correct horses", policy));
}

TEST(PasswordPolicy, RefusesTheOwnName) {
  for (const char* bad : {"anna.smith@example.org", "Anna.Smith2026!", "AnnaSmith1", "example.org", "Example2026!"}) {
    EXPECT_FALSE(taken(bad)) << bad;
  }
}

TEST(PasswordPolicy, CountsCharactersWhereMoreAreWanted) {
  EXPECT_FALSE(taken("seven77"));
  EXPECT_FALSE(taken("elevenchars", {.min_characters = 12}));
  EXPECT_TRUE(taken("twelve chars", {.min_characters = 12}));
  EXPECT_FALSE(taken("\u00e4\u00e4\u00f6\u00f6\u00fc\u00fcx", {.min_characters = 9})) << "7 characters of 13 octets";
}

}  // namespace
}  // namespace gatepost::directory
