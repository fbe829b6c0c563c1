#include "imap/protocol/command_notify.hpp"

#include <gtest/gtest.h>

#include "imap/protocol/command.hpp"
#include "imap/protocol/test_support.hpp"

namespace gatepost::imap {
namespace {

using FilterKind = MailboxFilter::Kind;

Notify parsed_notify(std::string_view text) {
  const auto command = parse_command(text);
  EXPECT_TRUE(command) << text << ": " << command.error().detail;
  if (!command) return {};
  const auto again = parse_command(test::write(*command));
  EXPECT_TRUE(again && *again == *command) << test::write(*command);
  return std::get<Notify>(command->body);
}
bool refused(std::string_view text) { return !parse_command(text); }

TEST(ImapNotify, ReadsWhatIsWanted) {
  EXPECT_TRUE(parsed_notify("a NOTIFY NONE").groups.empty());
  const Notify all = parsed_notify(
      "a notify set status (selected MessageNew (uid body.peek[header.fields (from to subject)]) MessageExpunge) "
      "(subtree Lists (MessageNew MessageExpunge FlagChange)) (mailboxes (misc \"a b\") NONE) "
      "(personal (MailboxName SubscriptionChange))");
  EXPECT_TRUE(all.status);
  ASSERT_EQ(all.groups.size(), 4U);
  EXPECT_EQ(all.groups[0].filter.kind, FilterKind::selected);
  EXPECT_EQ(event_names(all.groups[0].events), "MessageNew MessageExpunge");
  EXPECT_TRUE(all.groups[0].new_items.has(FetchAttribute::uid));
  EXPECT_EQ(all.groups[0].new_items.sections.size(), 1U);
  EXPECT_EQ(all.groups[1].filter.mailboxes, std::vector<std::string>{"Lists"});
  EXPECT_EQ(event_names(all.groups[1].events), "MessageNew MessageExpunge FlagChange");
  EXPECT_EQ(all.groups[2].filter.mailboxes, (std::vector<std::string>{"misc", "a b"}));
  EXPECT_EQ(all.groups[2].events, 0);
  EXPECT_EQ(event_names(all.groups[3].events), "MailboxName SubscriptionChange");
  EXPECT_FALSE(parsed_notify("a NOTIFY SET (SELECTED-DELAYED NONE)").status);
}

TEST(ImapNotify, KeepsThatAnEventIsNotKnown) {
  const Notify other = parsed_notify("a NOTIFY SET (inboxes (MailboxName Weather))");
  EXPECT_TRUE(has(other.groups[0].events, NotifyEvent::unknown));
}

TEST(ImapNotify, RefusesWhatDoesNotGoTogether) {
  EXPECT_TRUE(refused("a NOTIFY"));
  EXPECT_TRUE(refused("a NOTIFY SET"));
  EXPECT_TRUE(refused("a NOTIFY SET STATUS"));
  EXPECT_TRUE(refused("a NOTIFY ALL"));
  EXPECT_TRUE(refused("a NOTIFY SET (personal)"));
  EXPECT_TRUE(refused("a NOTIFY SET (personal ())"));
  EXPECT_TRUE(refused("a NOTIFY SET (mailboxes () NONE)"));
  EXPECT_TRUE(refused("a NOTIFY SET (personal (MessageNew))"));
  EXPECT_TRUE(refused("a NOTIFY SET (personal (MessageExpunge))"));
  EXPECT_TRUE(refused("a NOTIFY SET (personal (FlagChange))"));
  EXPECT_TRUE(refused("a NOTIFY SET (personal (FlagChange MessageNew))"));
  EXPECT_TRUE(refused("a NOTIFY SET (selected (MailboxName))"));
  EXPECT_TRUE(refused("a NOTIFY SET (selected NONE) (selected-delayed NONE)"));
  EXPECT_TRUE(refused("a NOTIFY SET (personal (MessageNew (UID) MessageExpunge))"));
  EXPECT_TRUE(refused("a NOTIFY SET (subtree-one a (MailboxName))"));
}

TEST(ImapNotify, ItemsMayStandBehindUpdate) {
  for (const std::string_view text :
       {"a SEARCH RETURN (COUNT UPDATE (UID FLAGS)) ALL", "a SEARCH RETURN (UPDATE(UID FLAGS) COUNT) ALL"}) {
    const auto command = parse_command(text);
    ASSERT_TRUE(command) << text;
    const auto& returns = *std::get<Search>(command->body).returns;
    EXPECT_TRUE(returns.update && returns.count && returns.update_items.has(FetchAttribute::flags));
    EXPECT_EQ(*parse_command(test::write(*command)), *command);
  }
  EXPECT_TRUE(refused("a SEARCH RETURN (UPDATE ()) ALL"));
  EXPECT_TRUE(refused("a SEARCH RETURN (COUNT (UID)) ALL"));
}

}  // namespace
}  // namespace gatepost::imap
