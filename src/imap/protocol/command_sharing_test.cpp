#include "imap/protocol/command_sharing.hpp"

#include <gtest/gtest.h>

#include "imap/protocol/command.hpp"
#include "imap/protocol/response.hpp"
#include "imap/protocol/test_support.hpp"

namespace gatepost::imap {
namespace {

template <class T>
T parsed_sharing(std::string_view text) {
  auto command = parse_command(text);
  if (!command || !std::holds_alternative<T>(command->body)) {
    ADD_FAILURE() << text << ": " << (command ? "another command" : command.error().detail);
    return {};
  }
  const auto again = parse_command(test::write(*command, false));
  EXPECT_TRUE(again && *again == *command) << test::write(*command, false);
  return std::get<T>(std::move(command->body));
}

TEST(ImapSharingCommand, ReadsRights) {
  EXPECT_EQ(parsed_sharing<GetAcl>("a GETACL inbox").mailbox, "INBOX");
  EXPECT_EQ(parsed_sharing<MyRights>("a MYRIGHTS \"a b\"").mailbox, "a b");
  const auto set = parsed_sharing<SetAcl>("a SETACL INBOX {3}\r\nbob +lrs");
  EXPECT_EQ(set.identifier, "bob");
  EXPECT_EQ(set.mode, SetAcl::Mode::add);
  EXPECT_EQ(set.rights, "lrs");
  EXPECT_EQ(parsed_sharing<SetAcl>("a SETACL INBOX -bob -0k").mode, SetAcl::Mode::remove);
  EXPECT_EQ(parsed_sharing<SetAcl>("a SETACL INBOX bob \"\"").rights, "");
  EXPECT_EQ(parsed_sharing<DeleteAcl>("a DELETEACL INBOX anyone").identifier, "anyone");
  EXPECT_EQ(parsed_sharing<ListRights>("a LISTRIGHTS INBOX \"a b\"").identifier, "a b");
}

TEST(ImapSharingCommand, ReadsEntriesAndTheirOptions) {
  auto get = parsed_sharing<GetMetadata>("a GETMETADATA \"\" /Shared/Comment");
  EXPECT_EQ(get.mailbox, "");
  EXPECT_EQ(get.entries, std::vector<std::string>{"/shared/comment"});
  get = parsed_sharing<GetMetadata>("a GETMETADATA (MAXSIZE 1024 DEPTH infinity) INBOX (/private/a /shared/b)");
  EXPECT_EQ(get.max_size, 1024U);
  EXPECT_EQ(get.depth, GetMetadata::Depth::infinity);
  EXPECT_EQ(get.entries.size(), 2U);
  EXPECT_EQ(parsed_sharing<GetMetadata>("a GETMETADATA INBOX (DEPTH 1) (/private/a)").depth, GetMetadata::Depth::one);
  EXPECT_EQ(parsed_sharing<GetMetadata>("a GETMETADATA INBOX (MAXSIZE 0) /private/a").max_size, 0U);
}

TEST(ImapSharingCommand, ReadsValues) {
  const auto set =
      parsed_sharing<SetMetadata>("a SETMETADATA INBOX (/private/a NIL /private/b \"NIL\" /shared/c {2}\r\n\r\n)");
  ASSERT_EQ(set.values.size(), 3U);
  EXPECT_EQ(set.values[0].second, std::nullopt);
  EXPECT_EQ(set.values[1].second, "NIL");
  EXPECT_EQ(set.values[2].second, "\r\n");
  const std::string binary = "a SETMETADATA INBOX (/private/a ~{3}\r\na" + std::string(1, '\0') + "b)";
  EXPECT_EQ(parsed_sharing<SetMetadata>(binary).values[0].second, std::string("a\0b", 3));
}

TEST(ImapSharingCommand, ReadsWhatListReturns) {
  const auto list =
      parsed_sharing<List>("a LIST \"\" % RETURN (MYRIGHTS METADATA (/shared/comment /private/x) CHILDREN)");
  EXPECT_TRUE(list.returns.my_rights);
  EXPECT_EQ(list.returns.metadata.size(), 2U);
  EXPECT_TRUE(list.returns.children);
}

TEST(ImapSharingCommand, RefusesWhatTheGrammarDoesNotHave) {
  for (const std::string_view text : {"a GETACL",
                                      "a SETACL INBOX",
                                      "a SETACL INBOX bob",
                                      "a SETACL INBOX bob lrQ",
                                      "a SETACL INBOX bob +-l",
                                      "a SETACL INBOX \"\" l",
                                      "a DELETEACL INBOX \"\"",
                                      "a LISTRIGHTS INBOX",
                                      "a MYRIGHTS a b",
                                      "a GETMETADATA INBOX",
                                      "a GETMETADATA INBOX ()",
                                      "a GETMETADATA INBOX comment",
                                      "a GETMETADATA INBOX /comment",
                                      "a GETMETADATA INBOX /shared/",
                                      "a GETMETADATA INBOX /shared//x",
                                      "a GETMETADATA INBOX \"/shared/a*\"",
                                      "a GETMETADATA INBOX \"/shared/a%\"",
                                      "a GETMETADATA (DEPTH 2) INBOX /shared/a",
                                      "a GETMETADATA (FOO) INBOX /shared/a",
                                      "a GETMETADATA INBOX {2}\r\n\xc3\xa9",
                                      "a SETMETADATA INBOX",
                                      "a SETMETADATA INBOX ()",
                                      "a SETMETADATA INBOX (/shared/a)",
                                      "a SETMETADATA INBOX (/shared/a x)",
                                      "a SETMETADATA INBOX (/shared/a ~x)",
                                      "a LIST \"\" % RETURN (METADATA)"}) {
    EXPECT_FALSE(parse_command(text)) << text;
  }
}

TEST(ImapSharingResponse, IsWrittenInOneLineEach) {
  std::string out;
  const std::vector<std::pair<std::string, std::string>> pairs{{"anna@example.org", "lr"}, {"-anyone", ""}};
  write_acl(out, "INBOX", pairs, false);
  EXPECT_EQ(out, "* ACL INBOX anna@example.org lr -anyone \"\"\r\n");
  out.clear();
  const std::vector<std::string> optional{"l", "r"};
  write_list_rights(out, "a b", "bob", "", optional, false);
  EXPECT_EQ(out, "* LISTRIGHTS \"a b\" bob \"\" l r\r\n");
  out.clear();
  write_my_rights(out, "é", "lr", false);
  EXPECT_EQ(out, "* MYRIGHTS &AOk- lr\r\n");
}

TEST(ImapSharingResponse, WritesValuesOfAnyKind) {
  std::string out;
  const std::vector<MetadataValue> values{
      {"/shared/a", "x"}, {"/shared/b", std::nullopt}, {"/private/c", std::string("\0", 1)}, {"/private/d", "a\r\nb"}};
  write_metadata(out, "", values, false);
  EXPECT_EQ(out, "* METADATA \"\" (/shared/a \"x\" /shared/b NIL /private/c ~{1}\r\n" + std::string(1, '\0') +
                     " /private/d {4}\r\na\r\nb)\r\n");
  out.clear();
  const std::vector<std::string> names{"/shared/a", "/private/b c"};
  write_metadata_changed(out, "INBOX", names, false);
  EXPECT_EQ(out, "* METADATA INBOX /shared/a \"/private/b c\"\r\n");
  out.clear();
  write_metadata(out, "INBOX", {}, false);
  write_metadata_changed(out, "INBOX", {}, false);
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace gatepost::imap
