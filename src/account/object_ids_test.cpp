#include "account/object_ids.hpp"

#include <gtest/gtest.h>

namespace gatepost::account {
namespace {

TEST(ObjectIds, AreOneNameForOneThing) {
  const ObjectIds ids(AccountId{7});
  EXPECT_EQ(ids.mailbox(FolderId{5}), "F7-5");
  EXPECT_EQ(ids.email(ItemId{18446744073709551615U}), "M7-18446744073709551615");
  EXPECT_EQ(ids.thread(ItemId{4}), "T7-4");
  EXPECT_EQ(ids.find_mailbox(ids.mailbox(FolderId{4294967295U})), FolderId{4294967295U});
  EXPECT_EQ(ids.find_email(ids.email(ItemId{6})), ItemId{6});
  EXPECT_EQ(ids.find_thread(ids.thread(ItemId{6})), ItemId{6});
}

TEST(ObjectIds, AreNotFoundUnderOtherNames) {
  const ObjectIds ids(AccountId{7});
  for (const std::string_view name :
       {"", "F", "F7", "F7-", "F-5", "F7-0", "F7-05", "F07-5", "F8-5", "f7-5", "M7-5", " F7-5", "F7-5 ", "F7-+5",
        "F7--5", "F7-5-5", "F7-4294967296", "F7-99999999999999999999"}) {
    EXPECT_EQ(ids.find_mailbox(name), std::nullopt) << name;
  }
  EXPECT_EQ(ids.find_email("F7-5"), std::nullopt);
  EXPECT_EQ(ids.find_thread("T77-5"), std::nullopt);
}

}  // namespace
}  // namespace gatepost::account
