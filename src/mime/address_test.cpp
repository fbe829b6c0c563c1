#include "mime/address.hpp"

#include <gtest/gtest.h>

namespace gatepost::mime {
namespace {

// "name|mailbox|host", "-" for what is absent, " ; " between elements.
std::string list(std::string_view value, std::size_t limit = kMaxAddresses) {
  TextPool pool;
  std::vector<Address> addresses;
  read_addresses(value, pool, addresses, limit);
  std::string out;
  for (const Address& a : addresses) {
    if (!out.empty()) out += " ; ";
    out += a.name.value_or("-");
    out += '|';
    out += a.mailbox.value_or("-");
    out += '|';
    out += a.host.value_or("-");
  }
  return out;
}

TEST(MimeAddress, ReadsTheFormsOfRfc5322) {
  EXPECT_EQ(list("jdoe@example.org"), "-|jdoe|example.org");
  EXPECT_EQ(list("John Doe <jdoe@example.org>"), "John Doe|jdoe|example.org");
  EXPECT_EQ(list("\"Joe Q. Public\" <john.q.public@example.com>"), "Joe Q. Public|john.q.public|example.com");
  EXPECT_EQ(list("<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>"),
            "-|boss|nil.test ; Giant; \"Big\" Box|sysservices|example.net");
  EXPECT_EQ(list("A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;"),
            "-|A Group|- ; Ed Jones|c|a.test ; -|joe|where.test ; John|jdoe|one.test ; -|-|-");
  EXPECT_EQ(list("Undisclosed recipients:;"), "-|Undisclosed recipients|- ; -|-|-");
  EXPECT_EQ(list("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"), "Pete|pete|silly.test");
  EXPECT_EQ(list("a@[192.0.2.1], b@[ IPv6:2001:db8::1 ]"), "-|a|[192.0.2.1] ; -|b|[IPv6:2001:db8::1]");
  EXPECT_EQ(list("\"john doe\"@example.org"), "-|john doe|example.org");
}

TEST(MimeAddress, ReadsTheObsoleteForms) {
  EXPECT_EQ(list("Joe Q. Public <john.q.public@example.com>"), "Joe Q. Public|john.q.public|example.com");
  EXPECT_EQ(list("Mary Smith <@node.test:mary@example.net>, , jdoe@test . example"),
            "Mary Smith|mary|example.net ; -|jdoe|test.example");
  EXPECT_EQ(list("<@a.test,@b.test:c@d.test>"), "-|c|d.test");
  EXPECT_EQ(list("john . doe @ example . org"), "-|john.doe|example.org");
  EXPECT_EQ(list("jdoe@example.org (John Doe)"), "John Doe|jdoe|example.org");
  EXPECT_EQ(list("(Empty (nested) comment) , ,"), "");
}

TEST(MimeAddress, AFoldedValueIsTheSameAsAnUnfoldedOne) {
  EXPECT_EQ(list(" John\r\n Doe\r\n\t<jdoe@example.org>,\r\n \"a\r\n b\" <c@d>"),
            "John Doe|jdoe|example.org ; a b|c|d");
}

TEST(MimeAddress, TakesWhatMailersWrite) {
  EXPECT_EQ(list("a@b; c@d;"), "-|a|b ; -|c|d");
  EXPECT_EQ(list("john@example.org <john@example.org>"), "john@example.org|john|example.org");
  EXPECT_EQ(list("John Doe@example.org"), "-|Doe|example.org");
  EXPECT_EQ(list("[list] subject <a@b>"), "[list] subject|a|b");
  EXPECT_EQ(list("a@b@c"), "-|a@b|c");
  EXPECT_EQ(list("<<a@b>>"), "-|a|b");
  EXPECT_EQ(list("<a@b, c@d"), "-|a|b ; -|c|d");
  EXPECT_EQ(list("a <b@c> d <e@f>"), "a|b|c");
  EXPECT_EQ(list("J\xc3\xb6rg <j\xc3\xb6rg@b\xc3\xbc.example>"), "J\xc3\xb6rg|j\xc3\xb6rg|b\xc3\xbc.example");
  EXPECT_EQ(list("=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_X?= <a@b>"), "=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_X?=|a|b");
}

TEST(MimeAddress, AHostHasNoQuotesAndItsLiteralAnEnd) {
  EXPECT_EQ(list("a@\"b, c\"d"), "-|a|d");
  EXPECT_EQ(list("a@b:25"), "-|a|b");
  EXPECT_EQ(list("a@[192.0.2.1"), "-|a|[192.0.2.1]");
}

TEST(MimeAddress, AHostThatIsMissingIsEmpty) {
  EXPECT_EQ(list("root"), "-|root|");
  EXPECT_EQ(list("Mail Delivery <>"), "Mail Delivery||");
  EXPECT_EQ(list("two words"), "-|two words|");
  EXPECT_EQ(list("a@"), "-|a|");
  EXPECT_EQ(list("@b"), "-||b");
}

TEST(MimeAddress, AGroupAlwaysHasAnEnd) {
  EXPECT_EQ(list("g: a@b"), "-|g|- ; -|a|b ; -|-|-");
  EXPECT_EQ(list("g: h: a@b;"), "-|g|- ; -|a|b ; -|-|-");
  EXPECT_EQ(list("g:;, a@b"), "-|g|- ; -|-|- ; -|a|b");
}

TEST(MimeAddress, UnclosedQuotesAndCommentsRunToTheEnd) {
  EXPECT_EQ(list("\"John <a@b>, c@d"), "-|John <a@b>, c@d|");
  EXPECT_EQ(list("a@b (John, c@d"), "John, c@d|a|b");
  EXPECT_EQ(list("\"ends with \\"), "-|ends with \\|");
}

TEST(MimeAddress, StopsAtTheLimit) {
  EXPECT_EQ(list("a@b, c@d, e@f", 2), "-|a|b ; -|c|d");
  EXPECT_EQ(list("g: a@b, c@d;", 3), "-|g|- ; -|a|b ; -|-|-");
  EXPECT_EQ(list("a@b, g: a@b;", 2), "-|a|b");
  EXPECT_EQ(list("a@b", 0), "");
}

TEST(MimeAddress, DeepCommentsAndLongListsAreLinear) {
  read_addresses(std::string(5'000'000, '('));
  EXPECT_EQ(read_addresses(std::string(5'000'000, '"')).addresses.size(), 1U);
  std::string many;
  for (int i = 0; i < 500'000; ++i) many += "a@b,";
  EXPECT_EQ(read_addresses(many).addresses.size(), kMaxAddresses);
  read_addresses(std::string(5'000'000, '@'));
  read_addresses(std::string(5'000'000, '<'));
}

TEST(MimeAddress, WritesAnAddressAsSmtpDoes) {
  const auto written = [](std::string_view value) { return to_addr_spec(read_addresses(value).addresses.at(0)); };
  EXPECT_EQ(written("John <a.b+c@example.org>"), "a.b+c@example.org");
  EXPECT_EQ(written("\"a b\"@c"), "\"a b\"@c");
  EXPECT_EQ(written("\"a\\\"\\\\\"@c"), "\"a\\\"\\\\\"@c");
  EXPECT_EQ(written("a..b@c"), "\"a..b\"@c");
  EXPECT_EQ(written("<>"), "\"\"");
  EXPECT_EQ(written("group:;"), "");
}

}  // namespace
}  // namespace gatepost::mime
