#include "mime/message_ids.hpp"

#include <gmock/gmock.h>

namespace gatepost::mime {
namespace {

TEST(MessageIds, AreReadFromAFieldsValue) {
  EXPECT_THAT(message_ids("<a@b> (c) <\"d e\"@f>\r\n <g\r\n @h>"), testing::ElementsAre("a@b", "d e@f", "g@h"));
  EXPECT_THAT(message_ids("<a\\b><c> <\"d>e\"@f> <g<h> <\"i\\\"j\"> <k>"),
              testing::ElementsAre("a\\b", "c", "d>e@f", "h", "i\"j", "k"));
  EXPECT_THAT(message_ids("no ids, <> and <never ended"), testing::IsEmpty());
}

}  // namespace
}  // namespace gatepost::mime
