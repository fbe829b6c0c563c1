#include "ldap/protocol/filter.hpp"

#include <string>

#include <gtest/gtest.h>

#include "ldap/protocol/ber.hpp"

namespace gatepost::ldap {
namespace {

std::string filter_again(std::string_view text) {
  const auto filter = parse_filter_text(text);
  if (!filter) return "invalid";
  std::string octets;
  write(octets, *filter);
  const auto back = parse_filter(octets);
  EXPECT_TRUE(back && *back == *filter) << text;
  return to_text(*filter);
}

TEST(LdapFilter, ReadsTheExamplesOfRfc4515) {
  for (const std::string_view text : {"(cn=Babs Jensen)",
                                      "(!(cn=Tim Howes))",
                                      "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
                                      "(o=univ*of*mich*)",
                                      "(seeAlso=)",
                                      "(cn:caseExactMatch:=Fred Flintstone)",
                                      "(cn:=Betty Rubble)",
                                      "(sn:dn:2.4.6.8.10:=Barney Rubble)",
                                      "(o:dn:=Ace Industry)",
                                      "(:1.2.3:=Wilma Flintstone)",
                                      "(:dn:2.4.6.8.10:=Dino)",
                                      "(o=Parens R Us \\28for all your parenthetical needs\\29)",
                                      "(cn=*\\2a*)",
                                      "(filename=C:\\5cMyFile)",
                                      "(bin=\\00\\00\\00\\04)",
                                      "(sn=Lu\\c4\\8di\\c4\\87)",
                                      "(a>=1)",
                                      "(a<=1)",
                                      "(a~=b)",
                                      "(mail=*)",
                                      "(&)",
                                      "(|)"}) {
    EXPECT_EQ(filter_again(text), text);
  }
}

TEST(LdapFilter, KnowsWhereTheBranchesEnd) {
  const auto filter = *parse_filter_text("(&(a=1)(|(b=2)(!(c=3)))(d=4))");
  ASSERT_EQ(filter.nodes.size(), 7U);
  EXPECT_EQ(filter.nodes[0].end, 7U);
  EXPECT_EQ(filter.nodes[1].end, 2U);
  EXPECT_EQ(filter.nodes[2].end, 6U);
  EXPECT_EQ(filter.nodes[4].end, 6U);
}

TEST(LdapFilter, RefusesWhatIsNoFilter) {
  for (const std::string_view text :
       {"", "()", "(a)", "(a=b", "(a=b))", "(&(a=b)", "(!)", "(!(a=b)(c=d))", "(=b)", "(a=(b)", "(a=\\2)", "(a=\\zz)",
        "(a b=c)", "(:=x)", "(a=b**c)", "(a:=)x", "(a:dn::=x)"}) {
    EXPECT_EQ(filter_again(text), "invalid") << text;
  }
}

TEST(LdapFilter, BoundsDepthAndNumber) {
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "(!";
  EXPECT_EQ(parse_filter_text(deep).error().code, Errc::limit);
  std::string wide = "(&";
  for (int i = 0; i < 5000; ++i) wide += "(a=1)";
  EXPECT_EQ(parse_filter_text(wide + ")").error().code, Errc::limit);

  std::string octets;
  for (int i = 0; i < 10'000; ++i) {
    std::string outer;
    ber::append_head(outer, ber::context_constructed(0), octets.size());
    octets.insert(0, outer);
  }
  EXPECT_EQ(parse_filter(octets).error().code, Errc::limit);
}

TEST(LdapFilter, RefusesBrokenPartsOfSubstrings) {
  const auto substrings = [](std::initializer_list<std::pair<unsigned, std::string_view>> parts) {
    std::string out;
    ber::Writer writer(out);
    const auto mark = writer.begin(ber::context_constructed(4));
    writer.octets("cn");
    const auto list = writer.begin(ber::kSequence);
    for (const auto& [tag, part] : parts) writer.octets(part, ber::context(tag));
    writer.end(list);
    writer.end(mark);
    return parse_filter(out).has_value();
  };
  EXPECT_TRUE(substrings({{0, "a"}, {1, "b"}, {2, "c"}}));
  EXPECT_FALSE(substrings({}));
  EXPECT_FALSE(substrings({{1, "a"}, {0, "b"}}));
  EXPECT_FALSE(substrings({{2, "a"}, {1, "b"}}));
  EXPECT_FALSE(substrings({{1, ""}}));
  EXPECT_FALSE(substrings({{3, "a"}}));
}

}  // namespace
}  // namespace gatepost::ldap
