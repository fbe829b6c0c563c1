#include <gmock/gmock.h>

#include "admin/test_product.hpp"
#include "mailflow/forwarding.hpp"

namespace gatepost::admin {
namespace {

using testing::HasSubstr;

class Forwarding : public AdminFixture {
 protected:
  Forwarding() { domain_and_anna(); }
};

TEST_F(Forwarding, IsSetShownListedAndCleared) {
  EXPECT_THAT(done("forwarding list").text, HasSubstr("Nobody's mail"));
  done("forwarding set", {{"address", {"anna@example.org"}}, {"to", {"anna@elsewhere.example"}}});
  const auto shown = json(done("forwarding show", {{"address", {"anna@example.org"}}}));
  EXPECT_EQ(text(shown, "to"), "anna@elsewhere.example");
  EXPECT_EQ(text(shown, "set_by"), "administrator");
  EXPECT_TRUE(shown.at("keep_copy").as_bool());
  const auto list = json(done("forwarding list"));
  ASSERT_EQ(list.as_array().size(), 1U);
  EXPECT_EQ(text(list.at(0), "address"), "anna@example.org");
  done("forwarding set", {{"address", {"anna@example.org"}}, {"to", {"anna@elsewhere.example"}}, {"no-copy", {"yes"}}});
  EXPECT_THAT(done("forwarding show", {{"address", {"anna@example.org"}}}).text, HasSubstr("does not stay here"));
  done("forwarding clear", {{"address", {"anna@example.org"}}});
  EXPECT_FALSE(mailflow::forwarding_of(**accounts->open(anna()))->enabled);
}

TEST_F(Forwarding, LeadsToSomebody) {
  EXPECT_EQ(ask("forwarding set", {{"address", {"anna@example.org"}}}).exit_code, 2);
  for (const char* to : {"nobody@example.org", "nobody", "anna@example.org"}) {
    EXPECT_EQ(ask("forwarding set", {{"address", {"anna@example.org"}}, {"to", {to}}}).exit_code, 1) << to;
  }
  EXPECT_EQ(error(ask("forwarding show", {{"address", {"ben@example.org"}}})), "not_found");
}

}  // namespace
}  // namespace gatepost::admin
