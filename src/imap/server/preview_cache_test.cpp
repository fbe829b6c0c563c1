#include "imap/server/preview_cache.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace gatepost::imap::server {
namespace {

account::Body body(std::uint64_t n) {
  account::Body out{.sha256 = {}, .size = n};
  std::memcpy(out.sha256.data(), &n, sizeof n);
  return out;
}
constexpr account::AccountId kAnnasAccount{1}, kBertsAccount{2};

TEST(ImapPreviewCache, KnowsWhatItWasToldByTheAccount) {
  PreviewCache cache;
  EXPECT_FALSE(cache.find(kAnnasAccount, body(1)));
  cache.keep(kAnnasAccount, body(1), "text");
  EXPECT_EQ(cache.find(kAnnasAccount, body(1)), "text");
  EXPECT_FALSE(cache.find(kBertsAccount, body(1)));
  EXPECT_FALSE(cache.find(kAnnasAccount, body(2)));
}

TEST(ImapPreviewCache, ForgetsWhatNobodyAskedForInALongTime) {
  PreviewCache cache;
  cache.keep(kAnnasAccount, body(1), "asked for");
  cache.keep(kAnnasAccount, body(2), "not");
  for (std::uint64_t n = 10; n < 10 + PreviewCache::kKept; ++n) {
    cache.keep(kAnnasAccount, body(n), "");
    if (n % 1'000 == 0) EXPECT_TRUE(cache.find(kAnnasAccount, body(1)));
  }
  EXPECT_TRUE(cache.find(kAnnasAccount, body(1)));
  EXPECT_FALSE(cache.find(kAnnasAccount, body(2)));
}

}  // namespace
}  // namespace gatepost::imap::server
