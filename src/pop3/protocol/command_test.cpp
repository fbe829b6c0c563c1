#include "pop3/protocol/command.hpp"

#include <gtest/gtest.h>

namespace gatepost::pop3 {
namespace {

template <class T>
T parsed(std::string_view line) {
  auto command = parse_command(line);
  if (!command || !std::holds_alternative<T>(*command)) {
    ADD_FAILURE() << line << ": " << (command ? "another command" : command.error().detail);
    return {};
  }
  return std::get<T>(*std::move(command));
}

TEST(Pop3Command, ReadsEachVerbInAnyCase) {
  EXPECT_EQ(parsed<User>("user anna@a.example "), User{"anna@a.example"});
  EXPECT_EQ(parsed<Pass>("PASS  a b ").password.reveal(), " a b ");
  parsed<Stat>("STAT");
  EXPECT_EQ(parsed<List>("LIST"), List{});
  EXPECT_EQ(parsed<List>("LIST 3"), List{3});
  EXPECT_EQ(parsed<Uidl>("uidl 4 "), Uidl{4});
  EXPECT_EQ(parsed<Retr>("RETR 5"), Retr{5});
  EXPECT_EQ(parsed<Dele>("DELE 6"), Dele{6});
  EXPECT_EQ(parsed<Top>("TOP 7  8"), (Top{7, 8}));
  parsed<Noop>("NOOP");
  parsed<Rset>("RSET ");
  parsed<Quit>("QUIT");
  parsed<Capa>("CAPA");
  parsed<Stls>("STLS");
  parsed<Utf8>("UTF8");
  EXPECT_EQ(parsed<Auth>("AUTH"), (Auth{"", std::nullopt}));
  EXPECT_EQ(parsed<Auth>("AUTH plain AGEAYg=="), (Auth{"PLAIN", std::string("\0a\0b", 4)}));
  EXPECT_EQ(parsed<Auth>("AUTH PLAIN ="), (Auth{"PLAIN", ""}));
  EXPECT_EQ(parsed<Lang>("LANG *"), Lang{"*"});
  EXPECT_EQ(parsed<Lang>("LANG"), Lang{});
}

TEST(Pop3Command, LetsANumberBeyondAllNameNoMessage) {
  EXPECT_EQ(parsed<Retr>("RETR 99999999999999999999"), Retr{0xffffffff});
}

TEST(Pop3Command, RefusesWhatIsWrong) {
  for (std::string_view line :
       {"USER",    "USER a b", "USER a\tb",    "PASS",     "PASS ",   "STAT 1",    "LIST x",    "LIST 1 2",
        "UIDL -1", "RETR",     "DELE",         "TOP 1",    "TOP",     "TOP 1 x",   "TOP 1 2 3", "NOOP x",
        "QUIT x",  "AUTH a.b", "AUTH PLAIN !", "LANG a b", "LANG **", "PASS a\rb", "USER \xff", "PASS \xff"}) {
    const auto command = parse_command(line);
    ASSERT_FALSE(command) << line;
    EXPECT_FALSE(command.error().unknown_command) << line;
    EXPECT_FALSE(command.error().detail.empty());
  }
  for (std::string_view line : {"", " ", "APOP a b", "XYZZY", "USERS a", "\x16\x03"}) {
    const auto command = parse_command(line);
    ASSERT_FALSE(command) << line;
    EXPECT_TRUE(command.error().unknown_command) << line;
  }
}

TEST(Pop3Command, WritesWhatItReads) {
  for (std::string_view line : {"USER a",
                                "PASS  b ",
                                "STAT",
                                "LIST",
                                "LIST 1",
                                "UIDL",
                                "UIDL 2",
                                "RETR 3",
                                "DELE 4",
                                "NOOP",
                                "RSET",
                                "TOP 5 0",
                                "QUIT",
                                "CAPA",
                                "STLS",
                                "AUTH",
                                "AUTH LOGIN",
                                "AUTH PLAIN =",
                                "AUTH PLAIN AGEAYg==",
                                "UTF8",
                                "LANG",
                                "LANG de"}) {
    const auto command = parse_command(line);
    ASSERT_TRUE(command) << line;
    EXPECT_EQ(verb(*command), verb_of(line));
    std::string out;
    write(out, *command);
    EXPECT_EQ(out, std::string(line) + "\r\n");
  }
}

}  // namespace
}  // namespace gatepost::pop3
