#include "imap/protocol/command.hpp"

#include <gtest/gtest.h>

#include "imap/protocol/test_support.hpp"

namespace gatepost::imap {
namespace {

template <class T>
T parsed(std::string_view text, const ParseOptions& options = {}) {
  auto command = parse_command(text, options);
  if (!command || !std::holds_alternative<T>(command->body)) {
    ADD_FAILURE() << text << ": " << (command ? "another command" : command.error().detail);
    return {};
  }
  const auto again = parse_command(test::write(*command, options.utf8), options);
  EXPECT_TRUE(again && *again == *command) << test::write(*command, options.utf8);
  return std::get<T>(std::move(command->body));
}

std::optional<Fault> fault(std::string_view text, const ParseOptions& options = {}) {
  const auto command = parse_command(text, options);
  return command ? std::nullopt : std::optional(command.error().fault);
}

TEST(ImapCommand, ReadsCommandsWithoutArgumentsInAnyCase) {
  parsed<Capability>("a CAPABILITY");
  parsed<Noop>("a noop");
  parsed<Logout>("a Logout");
  parsed<StartTls>("a STARTTLS");
  parsed<Namespace>("a NAMESPACE");
  parsed<Idle>("a IDLE");
  parsed<Check>("a CHECK");
  parsed<Close>("a CLOSE");
  parsed<Unselect>("a UNSELECT");
  EXPECT_EQ(parsed<Expunge>("a EXPUNGE"), Expunge{});
  EXPECT_EQ(parsed<Expunge>("a UID EXPUNGE 3:*").uids, SequenceSet::parse("3:*"));
}

TEST(ImapCommand, NamesItsVerb) {
  for (int v = 0; v <= static_cast<int>(kLastVerb); ++v) {
    const auto name = to_string(static_cast<Verb>(v));
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(verb_of(std::string("t ").append(name).append(" x")), static_cast<Verb>(v));
    for (std::string_view args :
         {"", " x", " x y", " x (MESSAGES)", " 1 x", " 1 FLAGS", " 1 FLAGS x", " (\"a\" NIL)", " ALL"}) {
      if (const auto command = parse_command(std::string("t ").append(name).append(args))) {
        EXPECT_EQ(verb(command->body), static_cast<Verb>(v));
      }
    }
  }
  EXPECT_EQ(verb_of("t UID FETCH"), Verb::fetch);
  EXPECT_EQ(verb_of("t UID NOOP"), Verb::unknown);
  EXPECT_EQ(verb_of("t"), Verb::unknown);
  EXPECT_EQ(verb_of(""), Verb::unknown);
  EXPECT_EQ(to_string(Verb::unknown), "");
}

TEST(ImapCommand, SaysWhatIsWrongAndToWhom) {
  const auto error = parse_command("a1 NOOP x").error();
  EXPECT_EQ(error.tag, "a1");
  EXPECT_EQ(error.fault, Fault::syntax);
  EXPECT_FALSE(error.detail.empty());
  EXPECT_EQ(parse_command("+ NOOP").error().tag, "");
  EXPECT_EQ(parse_command("").error().tag, "");
  EXPECT_EQ(fault("a1"), Fault::unknown_command);
  EXPECT_EQ(fault("a1 "), Fault::unknown_command);
  EXPECT_EQ(fault("a1 XYZZY"), Fault::unknown_command);
  EXPECT_EQ(fault("a1 UID"), Fault::unknown_command);
  EXPECT_EQ(fault("a1 UID NOOP"), Fault::unknown_command);
  EXPECT_EQ(fault("a1  NOOP"), Fault::unknown_command);
  EXPECT_EQ(fault("a1 APPEND INBOX"), Fault::syntax);
  EXPECT_EQ(fault("a1 NOOP\r"), Fault::syntax);
}

TEST(ImapCommand, ForgivesATrailingSpaceWhenTold) {
  parsed<Noop>("a NOOP ");
  EXPECT_EQ(fault("a NOOP ", {.trailing_space = false}), Fault::syntax);
  parsed<Select>("a SELECT INBOX ");
  parsed<Fetch>("a FETCH 1 FLAGS ");
  parsed<Search>("a SEARCH ALL ");
  parsed<Store>("a STORE 1 FLAGS \\Seen ");
  parsed<List>("a LIST \"\" % ");
  parsed<Authenticate>("a AUTHENTICATE PLAIN ");
}

TEST(ImapCommand, ReadsSignIn) {
  const auto login = parsed<Login>("a LOGIN anna \"p\\\"w\\\\\"");
  EXPECT_EQ(login.user, "anna");
  EXPECT_EQ(login.password.reveal(), "p\"w\\");
  EXPECT_EQ(parsed<Login>("a LOGIN {4+}\r\nanna {3}\r\na\r\n").password.reveal(), "a\r\n");
  EXPECT_EQ(parsed<Login>("a LOGIN anna \"\"").password.reveal(), "");
  EXPECT_EQ(parsed<Login>("a LOGIN anna \"\xfc\"").password.reveal(), "\xfc");
  EXPECT_EQ(fault("a LOGIN anna \"\xfc\"", {.quoted_8bit = false}), Fault::syntax);
  EXPECT_EQ(fault("a LOGIN anna \"\xfc\"", {.utf8 = true}), Fault::syntax);
  EXPECT_EQ(parsed<Login>("a LOGIN anna \"ü\"", {.utf8 = true}).password.reveal(), "ü");
  EXPECT_EQ(parsed<Login>("a LOGIN anna a]b+").password.reveal(), "a]b+");

  const auto plain = parsed<Authenticate>("a AUTHENTICATE plain AGEAYg==");
  EXPECT_EQ(plain.mechanism, "PLAIN");
  EXPECT_EQ(plain.initial->reveal(), std::string_view("\0a\0b", 4));
  EXPECT_FALSE(parsed<Authenticate>("a AUTHENTICATE SCRAM-SHA-256").initial);
  EXPECT_TRUE(parsed<Authenticate>("a AUTHENTICATE EXTERNAL =").initial->empty());
  EXPECT_EQ(fault("a AUTHENTICATE PLAIN AGE"), Fault::syntax);
  EXPECT_EQ(fault("a AUTHENTICATE"), Fault::syntax);
  EXPECT_EQ(parse_sasl_line("AGEAYg==")->reveal(), std::string_view("\0a\0b", 4));
  EXPECT_FALSE(parse_sasl_line("*"));
}

TEST(ImapCommand, RefusesMalformedStrings) {
  for (std::string_view text :
       {"a LOGIN anna", "a LOGIN anna \"x", "a LOGIN anna \"x\\", "a LOGIN anna \"x\\n\"", "a LOGIN anna ~{1}\r\nx",
        "a LOGIN anna {2}\r\nx", "a LOGIN anna {1\r\nx", "a LOGIN anna {1} x", "a LOGIN anna (x)",
        "a LOGIN anna \"x\"y", "a LOGIN anna x y", "a LOGIN \"a\r\" x", "a LOGIN an\\na x"}) {
    EXPECT_EQ(fault(text), Fault::syntax) << text;
  }
  EXPECT_EQ(fault(std::string_view("a LOGIN anna {1}\r\n\0", 19)), Fault::syntax);
}

TEST(ImapCommand, ReadsId) {
  EXPECT_TRUE(parsed<Id>("a ID NIL").fields.empty());
  EXPECT_TRUE(parsed<Id>("a ID ()").fields.empty());
  const auto id = parsed<Id>("a ID (\"name\" \"x\" \"version\" nil)");
  ASSERT_EQ(id.fields.size(), 2u);
  EXPECT_EQ(id.fields[0].second, "x");
  EXPECT_FALSE(id.fields[1].second);
  EXPECT_EQ(fault("a ID (\"name\")"), Fault::syntax);
  EXPECT_EQ(fault("a ID"), Fault::syntax);
  EXPECT_EQ(fault("a ID (\"" + std::string(31, 'n') + "\" NIL)"), Fault::limit);
  std::string many = "a ID (\"n\" NIL";
  for (int i = 0; i < 30; ++i) many += " \"n\" NIL";
  EXPECT_EQ(fault(many + ")"), Fault::limit);
}

TEST(ImapCommand, ReadsEnable) {
  EXPECT_EQ(parsed<Enable>("a ENABLE condstore UTF8=ACCEPT").capabilities,
            (std::vector<std::string>{"CONDSTORE", "UTF8=ACCEPT"}));
  EXPECT_EQ(fault("a ENABLE"), Fault::syntax);
}

TEST(ImapCommand, ReadsSelect) {
  EXPECT_EQ(parsed<Select>("a SELECT inbox"), (Select{.mailbox = "INBOX"}));
  EXPECT_EQ(parsed<Select>("a EXAMINE &AOk- (CONDSTORE)"),
            (Select{.mailbox = "é", .read_only = true, .condstore = true}));
  const auto q =
      parsed<Select>("a SELECT INBOX (QRESYNC (67890007 90060115194045000 41:211,214:541 (41,30:32 1:3,9)))").qresync;
  ASSERT_TRUE(q);
  EXPECT_EQ(q->uid_validity, 67890007u);
  EXPECT_EQ(q->modseq, 90060115194045000u);
  EXPECT_EQ(q->known_uids->to_string(), "41:211,214:541");
  EXPECT_EQ(q->known_sequence.size(), 4u);
  EXPECT_EQ(parsed<Select>("a SELECT x (QRESYNC (1 2) CONDSTORE)").qresync->known_uids, std::nullopt);
  EXPECT_EQ(parsed<Select>("a SELECT x (QRESYNC (1 2 (1:3 2:4)))").qresync->known_sequence_uids.to_string(), "2:4");
  for (std::string_view text :
       {"a SELECT", "a SELECT x ()", "a SELECT x (FOO)", "a SELECT x (QRESYNC)", "a SELECT x (QRESYNC (0 2))",
        "a SELECT x (QRESYNC (1 2 1:*))", "a SELECT x (QRESYNC (1 2 $))", "a SELECT x (QRESYNC (1 2 1 (1:2 3)))",
        "a SELECT x (QRESYNC (1 2) QRESYNC (1 2))", "a SELECT x (CONDSTORE", "a SELECT x y"}) {
    EXPECT_EQ(fault(text), Fault::syntax) << text;
  }
}

TEST(ImapCommand, ReadsMailboxCommands) {
  EXPECT_EQ(parsed<Create>("a CREATE foo/"), (Create{.mailbox = "foo/"}));
  EXPECT_EQ(parsed<Create>("a CREATE x (USE (\\drafts \\Whatever))").special_use,
            (std::vector{SpecialUse::drafts, SpecialUse::unknown}));
  EXPECT_TRUE(parsed<Create>("a CREATE x (USE ())").special_use.empty());
  EXPECT_EQ(parsed<Delete>("a DELETE \"a b\"").mailbox, "a b");
  EXPECT_EQ(parsed<Rename>("a RENAME a {1+}\r\nb"), (Rename{"a", "b"}));
  EXPECT_EQ(parsed<Subscribe>("a SUBSCRIBE R&-D").mailbox, "R&D");
  EXPECT_EQ(parsed<Unsubscribe>("a UNSUBSCRIBE R&D", {.utf8 = true}).mailbox, "R&D");
  EXPECT_EQ(parsed<GetQuota>("a GETQUOTA \"\"").root, "");
  EXPECT_EQ(parsed<GetQuotaRoot>("a GETQUOTAROOT INBOX").mailbox, "INBOX");
  EXPECT_EQ(parsed<SetQuota>("a SETQUOTA \"\" (storage 512 MESSAGE 0)"),
            (SetQuota{.root = "", .limits = {{"STORAGE", 512}, {"MESSAGE", 0}}}));
  EXPECT_TRUE(parsed<SetQuota>("a SETQUOTA x ()").limits.empty());
  EXPECT_EQ(fault("a SETQUOTA x"), Fault::syntax);
  EXPECT_EQ(fault("a SETQUOTA x (STORAGE 9223372036854775808)"), Fault::syntax);
  EXPECT_EQ(fault("a SETQUOTA x (STORAGE 1 STORAGE)"), Fault::syntax);
  EXPECT_EQ(fault("a SETQUOTA x (STORAGE 1"), Fault::syntax);
  EXPECT_TRUE(parsed<Comparator>("a COMPARATOR").orders.empty());
  EXPECT_EQ(parsed<Comparator>("a COMPARATOR \"i;*\" default {7+}\r\ni;octet").orders,
            (std::vector<std::string>{"i;*", "default", "i;octet"}));
  EXPECT_TRUE(parsed<Language>("a LANGUAGE").ranges.empty());
  EXPECT_EQ(parsed<Language>("a LANGUAGE fr-CA \"de\" {2+}\r\nen").ranges,
            (std::vector<std::string>{"fr-CA", "de", "en"}));
  EXPECT_EQ(fault("a LANGUAGE (de)"), Fault::syntax);
  EXPECT_EQ(fault("a DELETE R&D"), Fault::bad_mailbox_name);
  EXPECT_EQ(fault("a DELETE {2}\r\n\xc3\xa9"), Fault::bad_mailbox_name);
  EXPECT_EQ(fault("a DELETE \"\x01\"", {.utf8 = true}), Fault::bad_mailbox_name);
  EXPECT_EQ(fault("a CREATE x (USE \\Drafts)"), Fault::syntax);
  EXPECT_EQ(fault("a CREATE x (USE (Drafts))"), Fault::syntax);
  EXPECT_EQ(fault("a CREATE x (FOO)"), Fault::syntax);
  EXPECT_EQ(fault("a RENAME x"), Fault::syntax);
}

TEST(ImapCommand, ReadsStore) {
  const auto store = parsed<Store>("a UID STORE 1:* (UNCHANGEDSINCE 12) +FLAGS.SILENT (\\Seen $Junk $junk \\DELETED)");
  EXPECT_TRUE(store.uid && store.silent);
  EXPECT_EQ(store.unchanged_since, 12u);
  EXPECT_EQ(store.mode, Store::Mode::add);
  EXPECT_EQ(store.flags, (Flags{flag::kSeen | flag::kDeleted, {"$Junk"}}));
  EXPECT_EQ(parsed<Store>("a STORE $ -FLAGS \\Seen a").flags, (Flags{flag::kSeen, {"a"}}));
  EXPECT_EQ(parsed<Store>("a STORE 1 flags ()").mode, Store::Mode::replace);
  for (std::string_view text :
       {"a STORE 1 FLAGS", "a STORE 1 FLAGS ", "a STORE 1 FLAGS (\\Recent)", "a STORE 1 FLAGS (\\Foo)",
        "a STORE 1 *FLAGS (a)", "a STORE 1 +FLAGS.LOUD (a)", "a STORE 0 FLAGS ()", "a STORE 1 (X 1) FLAGS ()",
        "a STORE 1 FLAGS (a", "a STORE 1 FLAGS (a  b)", "a STORE 1 FLAGS (\"a\")"}) {
    EXPECT_EQ(fault(text), Fault::syntax) << text;
  }
  EXPECT_EQ(fault("a STORE 1 FLAGS (" + std::string(300, 'k') + ")"), Fault::limit);
  std::string many = "a STORE 1 FLAGS (x";
  for (int i = 0; i < 500; ++i) many += " k" + std::to_string(i);
  EXPECT_EQ(fault(many + ")"), Fault::limit);
}

TEST(ImapCommand, ReadsCopyAndMove) {
  EXPECT_EQ(parsed<Copy>("a COPY 2:4 inbox"), (Copy{false, *SequenceSet::parse("2:4"), "INBOX"}));
  EXPECT_EQ(parsed<Move>("a UID MOVE $ Trash"), (Move{true, SequenceSet::saved(), "Trash"}));
  EXPECT_EQ(fault("a COPY 2:4"), Fault::syntax);
  EXPECT_EQ(fault("a MOVE x Trash"), Fault::syntax);
}

TEST(ImapCommand, KnowsTheEndOfIdle) {
  EXPECT_TRUE(is_done("DONE"));
  EXPECT_TRUE(is_done("done "));
  EXPECT_FALSE(is_done("DONE x"));
  EXPECT_FALSE(is_done(""));
}

}  // namespace
}  // namespace gatepost::imap
