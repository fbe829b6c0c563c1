#include "imap/server/extensions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatepost::imap::server {
namespace {

TEST(Extensions, HaveADocumentAndATestEach) { EXPECT_THAT(undocumented_capabilities(), ::testing::IsEmpty()); }

TEST(Extensions, AreATable) { EXPECT_NE(extensions_page().find("| `IDLE` | RFC 2177 | IDLE | "), std::string::npos); }

}  // namespace
}  // namespace gatepost::imap::server
