#include "imap/protocol/command_list.hpp"

#include <gtest/gtest.h>

#include "imap/protocol/command.hpp"
#include "imap/protocol/test_support.hpp"

namespace gatepost::imap {
namespace {

template <class T>
T parsed_list(std::string_view text, const ParseOptions& options = {}) {
  auto command = parse_command(text, options);
  if (!command || !std::holds_alternative<T>(command->body)) {
    ADD_FAILURE() << text << ": " << (command ? "another command" : command.error().detail);
    return {};
  }
  const auto again = parse_command(test::write(*command, options.utf8), options);
  EXPECT_TRUE(again && *again == *command) << test::write(*command, options.utf8);
  return std::get<T>(std::move(command->body));
}

std::optional<Fault> list_fault(std::string_view text) {
  const auto command = parse_command(text);
  return command ? std::nullopt : std::optional(command.error().fault);
}

TEST(ImapListCommand, ReadsTheBasicForm) {
  const auto list = parsed_list<List>("a LIST \"\" \"*\"");
  EXPECT_EQ(list.reference, "");
  EXPECT_EQ(list.patterns, std::vector<std::string>{"*"});
  EXPECT_FALSE(list.extended);
  EXPECT_EQ(parsed_list<List>("a LIST Mail/ &AOk-%").patterns[0], "é%");
  EXPECT_EQ(parsed_list<List>("a LIST \"\" \"é%*\"", {.utf8 = true}).patterns[0], "é%*");
  EXPECT_EQ(parsed_list<List>("a LIST \"\" {2}\r\na%").patterns[0], "a%");
}

TEST(ImapListCommand, ReadsOptionsAndPatterns) {
  const auto list = parsed_list<List>(
      "a LIST (SUBSCRIBED REMOTE RECURSIVEMATCH SPECIAL-USE) \"\" (INBOX \"a b\" %) RETURN (SUBSCRIBED CHILDREN "
      "SPECIAL-USE "
      "STATUS (MESSAGES UIDNEXT size))");
  EXPECT_TRUE(list.extended);
  EXPECT_EQ(list.select, (List::Select{true, true, true, true}));
  EXPECT_EQ(list.patterns, (std::vector<std::string>{"INBOX", "a b", "%"}));
  EXPECT_TRUE(list.returns.subscribed && list.returns.children && list.returns.special_use);
  EXPECT_EQ(list.returns.status, static_cast<StatusItems>(1 | 4 | 64));
  EXPECT_TRUE(parsed_list<List>("a LIST () \"\" %").extended);
  EXPECT_TRUE(parsed_list<List>("a LIST \"\" (%)").extended);
  EXPECT_TRUE(parsed_list<List>("a LIST \"\" % RETURN ()").extended);
}

TEST(ImapListCommand, RefusesWhatTheGrammarDoesNotHave) {
  for (std::string_view text :
       {"a LIST", "a LIST \"\"", "a LIST (FOO) \"\" %", "a LIST (RECURSIVEMATCH) \"\" %",
        "a LIST (REMOTE RECURSIVEMATCH) \"\" %", "a LIST (SUBSCRIBED \"\" %", "a LIST \"\" ()x", "a LIST \"\" % FOO ()",
        "a LIST \"\" % RETURN (FOO)", "a LIST \"\" % RETURN (STATUS)", "a LIST \"\" % RETURN (STATUS ())",
        "a LIST \"\" % RETURN", "a LIST \"\" (% ", "a LIST \"\" % RETURN (CHILDREN"}) {
    EXPECT_EQ(list_fault(text), Fault::syntax) << text;
  }
  EXPECT_EQ(list_fault("a LIST \"\" &"), Fault::bad_mailbox_name);
  EXPECT_EQ(list_fault("a LIST & %"), Fault::bad_mailbox_name);
  EXPECT_EQ(list_fault("a LIST \"\" " + std::string(1025, 'x')), Fault::limit);
  std::string many = "a LIST \"\" (x";
  for (int i = 0; i < 100; ++i) many += " x";
  EXPECT_EQ(list_fault(many + ")"), Fault::limit);
}

TEST(ImapListCommand, ReadsLsub) {
  EXPECT_EQ(parsed_list<Lsub>("a LSUB \"\" \"*\""), (Lsub{"", "*"}));
  EXPECT_EQ(list_fault("a LSUB \"\" (a b)"), Fault::syntax);
}

TEST(ImapStatusCommand, ReadsItems) {
  const auto status = parsed_list<Status>(
      "a STATUS inbox (messages recent uidnext uidvalidity unseen deleted size highestmodseq appendlimit mailboxid "
      "deleted-storage)");
  EXPECT_EQ(status, (Status{"INBOX", 2047}));
  EXPECT_EQ(list_fault("a STATUS x ()"), Fault::syntax);
  EXPECT_EQ(list_fault("a STATUS x (FOO)"), Fault::syntax);
  EXPECT_EQ(list_fault("a STATUS x MESSAGES"), Fault::syntax);
  EXPECT_EQ(list_fault("a STATUS x (MESSAGES"), Fault::syntax);
}

TEST(ImapSpecialUse, HasNames) {
  for (int use = 0; use < static_cast<int>(SpecialUse::unknown); ++use) {
    EXPECT_EQ(special_use(special_use_name(static_cast<SpecialUse>(use))), static_cast<SpecialUse>(use));
  }
  EXPECT_EQ(special_use("\\TRASH"), SpecialUse::trash);
  EXPECT_EQ(special_use("Trash"), SpecialUse::unknown);
}

}  // namespace
}  // namespace gatepost::imap
