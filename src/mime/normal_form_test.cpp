#include "mime/normal_form.hpp"

#include <gtest/gtest.h>

namespace gatepost::mime {
namespace {

TEST(MimeNormalForm, ComposesWhatCanBeComposed) {
  EXPECT_EQ(to_nfc("Entwu\xcc\x88rfe"), "Entw\xc3\xbcrfe");
  EXPECT_EQ(to_nfc("Entw\xc3\xbcrfe"), "Entw\xc3\xbcrfe");
  EXPECT_EQ(to_nfc("\xe2\x84\xab"), "\xc3\x85") << "the Angstrom sign is the letter";
  EXPECT_EQ(to_nfc("\xef\xac\x81"), "\xef\xac\x81") << "a ligature stays one";
  EXPECT_EQ(to_nfc("plain"), "plain");
  EXPECT_EQ(to_nfc(""), "");
}

TEST(MimeNormalForm, LeavesAloneWhatIsNoText) { EXPECT_EQ(to_nfc("a\xff\xcc\x88"), "a\xff\xcc\x88"); }

}  // namespace
}  // namespace gatepost::mime
