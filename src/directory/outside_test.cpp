#include "directory/outside.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "directory/test_support.hpp"

namespace gatepost::directory {
namespace {

class FakeOutside final : public OutsideSignIn {
 public:
  Result<Answer> answer = Answer{};
  int asked = 0;
  Result<Answer> check(std::string_view, const Secret&) override {
    ++asked;
    return answer;
  }
  bool knows(std::string_view name) override { return name == "anna"; }
};

using AnswerKind = OutsideSignIn::Answer::Kind;

class DirectoryOutside : public testing::Test {
 protected:
  DirectoryOutside() {
    EXPECT_TRUE(dir->add_domain("example.org"));
    anna = dir.person("anna@example.org", "correct horse");
    set_outside(*dir.directory, &outside);
  }
  std::optional<Errc> check(std::string_view name, std::string_view password) {
    return code(dir->verify_password(name, Secret(password)));
  }

  TestDirectory dir;
  FakeOutside outside;
  Principal anna;
};

TEST_F(DirectoryOutside, DecidesBeforeWhatIsKeptHere) {
  outside.answer = OutsideSignIn::Answer{AnswerKind::right, "anna@example.org"};
  EXPECT_EQ(dir->verify_password("whatever", Secret("their password"))->id, anna.id);
  outside.answer = OutsideSignIn::Answer{AnswerKind::wrong, {}};
  EXPECT_EQ(check("anna@example.org", "correct horse"), Errc::unauthenticated);
  for (const Errc error : {Errc::denied, Errc::unavailable}) {
    outside.answer = std::unexpected(Error{error, ""});
    EXPECT_EQ(check("anna@example.org", "correct horse"), error);
  }
}

TEST_F(DirectoryOutside, LeavesToUsWhomItDoesNotKnow) {
  EXPECT_EQ(check("anna@example.org", "correct horse"), std::nullopt);
  EXPECT_EQ(check("anna@example.org", "wrong"), Errc::unauthenticated);
  EXPECT_EQ(outside.asked, 2);
}

TEST_F(DirectoryOutside, LetsNobodyInWhoIsDisabledOrGoneHere) {
  outside.answer = OutsideSignIn::Answer{AnswerKind::right, "anna@example.org"};
  anna.enabled = false;
  ASSERT_TRUE(dir->update_principal(anna));
  EXPECT_EQ(check("anna", "their password"), Errc::denied);
  outside.answer = OutsideSignIn::Answer{AnswerKind::right, "gone@example.org"};
  EXPECT_EQ(check("anna", "their password"), Errc::unauthenticated);
}

TEST_F(DirectoryOutside, IsNotAskedForAppPasswords) {
  outside.answer = OutsideSignIn::Answer{AnswerKind::wrong, {}};
  const auto phone = dir->add_app_password(anna.id, "phone", {.services = {"imap"}});
  ASSERT_TRUE(phone);
  EXPECT_EQ(dir->verify_password("anna@example.org", *phone, {.service = "imap"})->id, anna.id);
  EXPECT_EQ(code(dir->verify_password("anna@example.org", *phone, {.service = "pop3"})), Errc::denied);
  EXPECT_EQ(outside.asked, 0);
}

TEST_F(DirectoryOutside, SaysWhoIsKnown) {
  EXPECT_TRUE(dir->is_known("anna"));
  EXPECT_FALSE(dir->is_known("bert"));
  EXPECT_TRUE(has_password(*dir.directory, anna.id));
  EXPECT_FALSE(has_password(*dir.directory, dir->add_principal(PrincipalKind::person, "b@example.org", "")->id));
}

}  // namespace
}  // namespace gatepost::directory
