#include "sieve/parser.hpp"

#include <gtest/gtest.h>

#include "sieve/limits.hpp"
#include "sieve/program.hpp"

namespace gatepost::sieve {
namespace {

std::string error_of(std::string_view script) {
  const auto program = compile(script);
  return program ? "" : program.error().text();
}

TEST(SieveParser, ReadsCommandsTestsAndBlocks) {
  const auto nodes = parse(
      "require [\"fileinto\", \"copy\"];\r\n"
      "# rule:[Lists]\r\n"
      "if anyof (header :is \"List-Id\" \"a\", not size :over 10K) { fileinto :copy \"Lists\"; stop; } else { keep; "
      "}\r\n");
  ASSERT_TRUE(nodes) << nodes.error().text();
  ASSERT_EQ(nodes->size(), 3u);
  EXPECT_EQ((*nodes)[0].arguments[0].strings, (std::vector<std::string>{"fileinto", "copy"}));
  const Node& choice = (*nodes)[1];
  EXPECT_EQ(choice.rule, "Lists");
  EXPECT_EQ(choice.line, 3u);
  ASSERT_EQ(choice.tests.size(), 1u);
  ASSERT_EQ(choice.tests[0].tests.size(), 2u);
  EXPECT_EQ(choice.tests[0].tests[1].tests[0].arguments[1].number, 10'240u);
  EXPECT_EQ(choice.block.size(), 2u);
}

TEST(SieveParser, ReadsStringsInBothForms) {
  const auto nodes = parse("a \"x\\\"y\\\\z\\q\" text: # a remark\r\n..dot\r\n.single\r\nend\r\n.\r\n;");
  ASSERT_TRUE(nodes) << nodes.error().text();
  EXPECT_EQ((*nodes)[0].arguments[0].strings[0], "x\"y\\zq");
  EXPECT_EQ((*nodes)[0].arguments[1].strings[0], ".dot\r\n.single\r\nend\r\n");
}

TEST(SieveParser, TakesLinesThatEndInLineFeedAlone) {
  const auto nodes = parse("a text:\nline\n.\n;\nb \"two\nlines\";");
  ASSERT_TRUE(nodes) << nodes.error().text();
  EXPECT_EQ((*nodes)[0].arguments[0].strings[0], "line\r\n");
  EXPECT_EQ((*nodes)[1].arguments[0].strings[0], "two\r\nlines");
}

TEST(SieveParser, SaysLineAndCause) {
  EXPECT_EQ(error_of("keep;\r\nkeep"),
            "line 2: \"keep\" ends with a semicolon or a block, not with the end of the script");
  EXPECT_EQ(error_of("keep;\r\n\r\n}"), "line 3: \"}\" closes nothing");
  EXPECT_EQ(error_of("/* never\r\n"), "line 1: the comment that begins here has no end");
  EXPECT_EQ(error_of("keep \"a"), "line 1: the string that begins here has no end");
  EXPECT_EQ(error_of("keep;\r\nkeep text:\r\nabc\r\n"),
            "line 2: the text that begins here has no line with a dot alone");
  EXPECT_EQ(error_of("if true { keep;"), "line 1: the block of this \"if\" has no end");
  EXPECT_EQ(error_of("keep @;"), "line 1: \"@\" does not belong here");
  EXPECT_EQ(error_of("redirect [];"), "line 1: a list holds strings, not \"]\"");
  EXPECT_EQ(error_of("if size :over 10X { keep; }"), "line 1: a number ends in K, M, G or a digit");
  EXPECT_EQ(error_of("if size :over 99999999999999999999 { keep; }"), "line 1: the number is too large");
}

TEST(SieveParser, BoundsSizeNestingAndNumber) {
  EXPECT_EQ(error_of(std::string(kMaxScriptOctets + 1, ' ')), "line 1: the script is too large");
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "if true {";
  EXPECT_EQ(error_of(deep), "line 1: blocks and tests are nested too deep");
  deep = "if ";
  for (int i = 0; i < 200; ++i) deep += "not ";
  EXPECT_EQ(error_of(deep + "true {}"), "line 1: blocks and tests are nested too deep");
  deep = "if ";
  for (int i = 0; i < 200; ++i) deep += "anyof(";
  EXPECT_EQ(error_of(deep), "line 1: blocks and tests are nested too deep");
  std::string many;
  for (std::size_t i = 0; i <= kMaxNodes; ++i) many += "keep;";
  EXPECT_EQ(error_of(many), "line 1: the script has too many commands and tests");
}

TEST(SieveProgram, TellsMistakesBeforeAnythingRuns) {
  EXPECT_EQ(error_of("fileinto \"a\";"), "line 1: \"fileinto\" needs require \"fileinto\"");
  EXPECT_EQ(error_of("require \"vnd.other.thing\";"), "line 1: nobody knows \"vnd.other.thing\" here");
  EXPECT_EQ(error_of("keep;\r\nrequire \"fileinto\";"), "line 2: \"require\" stands before all other commands");
  EXPECT_EQ(error_of("else { keep; }"), "line 1: \"else\" stands behind no \"if\"");
  EXPECT_EQ(error_of("frobnicate;"), "line 1: nobody knows the command \"frobnicate\"");
  EXPECT_EQ(error_of("if moon { keep; }"), "line 1: nobody knows the test \"moon\"");
  EXPECT_EQ(error_of("if header :is :contains \"a\" \"b\" { keep; }"), "line 1: \"header\" has a match type twice");
  EXPECT_EQ(error_of("if header \"a\" { keep; }"), "line 1: \"header\" lacks what to compare with");
  EXPECT_EQ(error_of("if header \"a\" :is \"b\" { keep; }"), "line 1: \"header\" lacks what to compare with");
  EXPECT_EQ(error_of("if size 10 { keep; }"), "line 1: \"size\" has :over or :under");
  EXPECT_EQ(error_of("if true { keep; } elsif false;"), "line 1: \"elsif\" lacks a block");
  EXPECT_EQ(error_of("stop 1;"), "line 1: \"stop\" has an argument too many");
  EXPECT_EQ(error_of("keep true;"), "line 1: \"keep\" takes no test");
  EXPECT_EQ(error_of("redirect \"nobody\";"), "line 1: \"nobody\" is no address");
  EXPECT_EQ(error_of("redirect [\"a@b.example\"];"), "line 1: \"redirect\" takes one string as an address, not a list");
  EXPECT_EQ(error_of("if address \"subject\" \"x\" { keep; }"),
            "line 1: the header \"subject\" holds no addresses; test it by \"header\"");
  EXPECT_EQ(error_of("if header :comparator \"i;none\" \"a\" \"b\" { keep; }"),
            "line 1: nobody knows the comparator \"i;none\"");
  EXPECT_EQ(error_of("require \"comparator-i;ascii-numeric\";\r\n"
                     "if header :contains :comparator \"i;ascii-numeric\" \"a\" \"b\" { keep; }"),
            "line 2: the comparator \"i;ascii-numeric\" looks for no parts of texts");
  EXPECT_EQ(error_of("require \"variables\"; set \"1\" \"a\";"), "line 1: \"1\" is no name of a variable");
  EXPECT_EQ(error_of("require \"variables\"; set :upper :lower \"a\" \"a\";"), "line 1: \"set\" has a case twice");
  EXPECT_EQ(error_of("require \"variables\"; set \"a\" \"${100}\";"), "line 1: there are 99 match variables at most");
  EXPECT_EQ(error_of("require \"variables\"; set \"a\" \"${b.c}\";"),
            "line 1: nobody knows the namespace of the variable \"b.c\"");
  EXPECT_EQ(error_of("require \"encoded-character\"; redirect \"${unicode:d800}\";"),
            "line 1: there is no character d800");
  EXPECT_EQ(error_of("require \"date\"; if currentdate \"era\" \"x\" { keep; }"), "line 1: a date has no part \"era\"");
  EXPECT_EQ(error_of("require \"date\"; if currentdate :zone \"CET\" \"year\" \"x\" { keep; }"),
            "line 1: a zone is a sign and four digits");
  EXPECT_EQ(error_of("require \"index\"; if header :last \"a\" \"b\" { keep; }"), "line 1: :last goes with :index");
}

}  // namespace
}  // namespace gatepost::sieve
