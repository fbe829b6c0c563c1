#include "imap/server/namespaces.hpp"

#include <gtest/gtest.h>

namespace gatepost::imap::server {
namespace {

TEST(ImapNamespaces, AreNamedAfterTheAccount) {
  directory::Principal principal;
  principal.address = "anna@example.org";
  EXPECT_EQ(root_of(principal), "Other Users/anna@example.org");
  principal.kind = directory::PrincipalKind::room;
  EXPECT_EQ(root_of(principal), "Shared/anna@example.org");
  principal.address = "50%/a%2Fb@example.org";
  EXPECT_EQ(root_of(principal), "Shared/50%25%2Fa%252Fb@example.org");
  EXPECT_EQ(parse_foreign(root_of(principal) + "/INBOX")->address, principal.address);
}

TEST(ImapNamespaces, AreReadFromNames) {
  EXPECT_FALSE(parse_foreign("INBOX"));
  EXPECT_FALSE(parse_foreign("SharedX/y"));
  EXPECT_FALSE(parse_foreign("shared/a@b/INBOX"));
  EXPECT_EQ(parse_foreign("Shared")->address, "");
  EXPECT_EQ(parse_foreign("Shared/")->address, "");
  const auto deep = parse_foreign("Other Users/anna@example.org/a/b");
  EXPECT_EQ(deep->root, kOtherUsers);
  EXPECT_EQ(deep->address, "anna@example.org");
  EXPECT_EQ(deep->path, "a/b");
  EXPECT_EQ(parse_foreign("Other Users/anna@example.org")->path, "");
  EXPECT_EQ(parse_foreign("Other Users/anna@example.org/")->path, "");
}

}  // namespace
}  // namespace gatepost::imap::server
