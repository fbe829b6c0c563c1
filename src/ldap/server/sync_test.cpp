#include "ldap/server/sync.hpp"

#include <gtest/gtest.h>

namespace gatepost::ldap::server {
namespace {

TEST(LdapSync, CookiesSayWhichChangeTheyAreOf) {
  EXPECT_EQ(make_sync_cookie({}), "rid=000,csn=20000101000000.000000Z#000000#000#000000");
  EXPECT_EQ(make_sync_cookie({61'000'007}), "rid=000,csn=20000101000101.000007Z#000000#000#000000");
  std::string before;
  for (const std::uint64_t change : {0ULL, 1ULL, 999'999ULL, 1'000'000ULL, 123'456'789'012ULL}) {
    const std::string cookie = make_sync_cookie({change});
    EXPECT_EQ(read_sync_cookie(cookie), SyncPlace{change});
    EXPECT_LT(before, cookie) << "consumers compare them as text";
    before = cookie;
  }
  const SyncPlace limited{7, true};
  EXPECT_EQ(read_sync_cookie(make_sync_cookie(limited)), limited);
}

TEST(LdapSync, RefusesCookiesOfOthers) {
  for (const char* cookie : {"", "rid=1", "csn=", "csn=20000101000000.00000Z", "csn=19991231235959.999999Z#",
                             "csn=20001301000000.000000Z", "csn=2000010100000x.000000Z"}) {
    EXPECT_FALSE(read_sync_cookie(cookie)) << cookie;
  }
}

}  // namespace
}  // namespace gatepost::ldap::server
