#include "smtp/protocol/path.hpp"

#include <gtest/gtest.h>

namespace gatepost::smtp {
namespace {

// The address read from `text`, or "!" and what the error is about.
std::string path_read(std::string_view text, PathKind kind = PathKind::forward, const ParseOptions& options = {}) {
  const auto path = take_path(text, kind, options);
  if (!path) return "! " + path.error().detail;
  if (!text.empty()) return path->address() + " then " + std::string(text);
  return path->address();
}
bool refused(std::string_view text, PathKind kind = PathKind::forward, const ParseOptions& options = {}) {
  return path_read(text, kind, options).starts_with('!');
}

TEST(SmtpPath, ReadsMailboxesAndLowersTheDomainOnly) {
  EXPECT_EQ(path_read("<Anna@Example.ORG>"), "Anna@example.org");
  EXPECT_EQ(path_read("<a.b+c=d!#$%&'*/?^_`{|}~-@x-1.example> SIZE=1"),
            "a.b+c=d!#$%&'*/?^_`{|}~-@x-1.example then  SIZE=1");
  EXPECT_EQ(path_read("<a@b>"), "a@b");
  for (std::string_view text : {"<a@>",   "<@b>",    "<a>",      "<a@b",    "a@b",      "<a@b>x",   "<a b@c>",
                                "<.a@b>", "<a.@b>",  "<a..b@c>", "<a@b.>",  "<a@.b>",   "<a@b..c>", "<a@-b>",
                                "<a@b->", "<a@b c>", "<a@b@c>",  "<a,b@c>", "<(x)a@b>", "",         "<"}) {
    EXPECT_TRUE(refused(text)) << text;
  }
}

TEST(SmtpPath, KnowsTheNullPathAndPostmasterInTheirPlaces) {
  EXPECT_EQ(path_read("<>", PathKind::reverse), "");
  EXPECT_TRUE(refused("<>", PathKind::forward));
  EXPECT_EQ(path_read("<PostMaster>", PathKind::forward), "postmaster");
  EXPECT_TRUE(refused("<postmaster>", PathKind::reverse));
  EXPECT_TRUE(refused("<abuse>", PathKind::forward));
  EXPECT_EQ(path_read("<Postmaster@a>", PathKind::forward), "Postmaster@a");
}

TEST(SmtpPath, TakesQuotesOffAndPutsThemBackWhereNeeded) {
  std::string_view text = R"(<"a\ \"b"@c>)";
  EXPECT_EQ(take_path(text, PathKind::forward, {})->local_part, "a \"b");
  EXPECT_EQ(path_read(R"(<"a b"@c>)"), R"("a b"@c)");
  EXPECT_EQ(path_read(R"(<"ab"@c>)"), "ab@c");
  EXPECT_EQ(path_read(R"(<"a@b>"@c>)"), R"("a@b>"@c)");
  EXPECT_EQ(path_read(R"(<""@c>)"), R"(""@c)");
  EXPECT_EQ(path_read(R"(<"a\\"@c>)"), R"("a\\"@c)");
  EXPECT_EQ(path_read(R"(<".a"@c>)"), R"(".a"@c)");
  for (std::string_view bad : {"<\"a@b>", "<\"a\"b@c>", "<\"a\tb\"@c>", "<\"a\\\"@c>"})
    EXPECT_TRUE(refused(bad)) << bad;
}

TEST(SmtpPath, DropsSourceRoutes) {
  EXPECT_EQ(path_read("<@a.example,@b.example:c@d>"), "c@d");
  EXPECT_EQ(path_read("<@[IPv6:::1]:c@d>"), "c@d");
  for (std::string_view text : {"<@a.example>", "<@a:>", "<@a,b:c@d>", "<@:c@d>", "<@a c@d>"})
    EXPECT_TRUE(refused(text)) << text;
}

TEST(SmtpPath, ReadsAddressLiterals) {
  EXPECT_EQ(path_read("<a@[192.0.2.1]>"), "a@[192.0.2.1]");
  EXPECT_EQ(path_read("<a@[IPV6:2001:DB8:0::1]>"), "a@[IPv6:2001:db8::1]");
  EXPECT_EQ(path_read("<a@[IPv6:::ffff:192.0.2.1]>"), "a@[192.0.2.1]");
  for (std::string_view text : {"<a@[192.0.2]>", "<a@[192.0.2.256]>", "<a@[2001:db8::1]>", "<a@[IPv6:192.0.2.1]>",
                                "<a@[]>", "<a@[192.0.2.1>", "<a@[x-tag:y]>", "<a@[192.0.2.1]x>"}) {
    EXPECT_TRUE(refused(text)) << text;
  }
}

TEST(SmtpPath, TakesUtf8AndSaysThatItNeedsTheExtension) {
  std::string_view text =
      "<j\xc3\xbcrgen@b\xc3\xbc"
      "cher.example>";
  const auto path = take_path(text, PathKind::forward, {});
  ASSERT_TRUE(path);
  EXPECT_TRUE(path->needs_smtputf8());
  EXPECT_EQ(path->domain,
            "b\xc3\xbc"
            "cher.example");
  EXPECT_TRUE(refused("<a\xff@b>"));
  EXPECT_TRUE(refused("<a@\xc0\x80>"));
  EXPECT_TRUE(refused("<\"\xff\"@b>"));
  std::string_view plain = "<a@b>";
  EXPECT_FALSE(take_path(plain, PathKind::forward, {})->needs_smtputf8());
}

TEST(SmtpPath, HoldsTheLimitsOfTheStandard) {
  EXPECT_FALSE(refused("<" + std::string(64, 'a') + "@b>"));
  EXPECT_TRUE(refused("<" + std::string(65, 'a') + "@b>"));
  const std::string label63(63, 'a');
  EXPECT_FALSE(refused("<a@" + label63 + ">"));
  EXPECT_TRUE(refused("<a@" + label63 + "a>"));
  const std::string domain = label63 + "." + label63 + "." + label63 + "." + std::string(60, 'a');
  EXPECT_FALSE(refused("<a@" + domain + ">"));  // 256 with brackets
  EXPECT_TRUE(refused("<ab@" + domain + ">"));
}

TEST(SmtpPath, IsTolerantOnlyWhereToldTo) {
  EXPECT_EQ(path_read("<a@b_c>"), "a@b_c");
  EXPECT_TRUE(refused("<a@b_c>", PathKind::forward, {.underscore_in_domain = false}));
  const ParseOptions loose{.missing_brackets = true, .loose_dots_in_local_part = true};
  EXPECT_EQ(path_read("a@b SIZE=1", PathKind::reverse, loose), "a@b then  SIZE=1");
  EXPECT_EQ(path_read("<a..b.@c>", PathKind::forward, loose), "\"a..b.\"@c");
  EXPECT_TRUE(refused("<.a@c>", PathKind::forward, loose));
}

TEST(SmtpPath, BlamesTheSenderOrTheRecipient) {
  std::string_view a = "<x>", b = "<x>";
  EXPECT_EQ(take_path(a, PathKind::reverse, {}).error().fault, Fault::bad_sender);
  EXPECT_EQ(take_path(b, PathKind::forward, {}).error().fault, Fault::bad_recipient);
}

}  // namespace
}  // namespace gatepost::smtp
