#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/test_product.hpp"

namespace gatepost::admin {
namespace {

using ::testing::HasSubstr;

class VacationVerbs : public AdminFixture {
 protected:
  VacationVerbs() { domain_and_anna(); }
  std::map<std::string, std::vector<std::string>> with(std::map<std::string, std::vector<std::string>> more = {}) {
    more["address"] = {"anna@example.org"};
    return more;
  }
};

TEST_F(VacationVerbs, SetShowAndClear) {
  EXPECT_EQ(done("vacation show", with()).text, "Vacation: off\n");
  EXPECT_THAT(done("vacation set", with({{"text", {"Back soon."}}, {"subject", {"Away"}}})).text,
              HasSubstr("is told so"));
  const Reply shown = done("vacation show", with());
  EXPECT_THAT(shown.text, HasSubstr("Vacation: on\nSubject: Away\n\nBack soon.\n"));
  EXPECT_EQ(text(json(shown), "text"), "Back soon.");
  done("vacation set", with({{"until", {"2001-01-01"}}}));
  EXPECT_THAT(done("vacation show", with()).text, HasSubstr("waiting or over"));
  EXPECT_EQ(ask("vacation set", with({{"until", {"soon"}}})).exit_code, 2);
  EXPECT_EQ(ask("vacation set", with({{"from", {"2026-12-24"}}, {"until", {"2026-12-24"}}})).exit_code, 2);
  EXPECT_EQ(error(ask("vacation set", with({{"text", {std::string(30'000, 'x')}}}))), "too_large");
  done("vacation clear", with());
  EXPECT_EQ(done("vacation show", with()).text, "Vacation: off\n");
  EXPECT_EQ(error(ask("vacation show", {{"address", {"nobody@example.org"}}})), "not_found");
}

}  // namespace
}  // namespace gatepost::admin
