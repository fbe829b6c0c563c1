#include "mime/header.hpp"

#include <gtest/gtest.h>

namespace gatepost::mime {
namespace {

TEST(MimeHeader, GoesFieldByFieldUpToTheEmptyLine) {
  const std::string_view block = "From: a\r\nSubject : b\r\n c\r\n\td\r\nX:\r\n\r\nbody: no field\r\n";
  HeaderReader reader(block);
  auto field = reader.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->name, "From");
  EXPECT_EQ(field->value, " a");
  EXPECT_EQ(field->whole, "From: a\r\n");
  EXPECT_EQ(field->offset, 0U);
  field = reader.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->name, "Subject");
  EXPECT_EQ(field->value, " b\r\n c\r\n\td");
  EXPECT_EQ(field->whole, "Subject : b\r\n c\r\n\td\r\n");
  EXPECT_EQ(field->offset, 9U);
  field = reader.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(field->name, "X");
  EXPECT_EQ(field->value, "");
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(block.substr(reader.offset()), "\r\nbody: no field\r\n");
}

TEST(MimeHeader, LinesMayEndWithLfOrNotAtAll) {
  HeaderReader reader("A: 1\n 2\nB: 3");
  EXPECT_EQ(reader.next()->value, " 1\n 2");
  const auto last = reader.next();
  EXPECT_EQ(last->name, "B");
  EXPECT_EQ(last->whole, "B: 3");
  EXPECT_FALSE(reader.next());
}

TEST(MimeHeader, ALineWithoutFieldNameIsAFieldWithoutName) {
  for (const char* line :
       {"no colon here", " continues nothing: x", ": empty name", "From john Mon 10:00:00", "a\x7f: b"}) {
    HeaderReader reader(line);
    const auto field = reader.next();
    ASSERT_TRUE(field) << line;
    EXPECT_EQ(field->name, "") << line;
    EXPECT_EQ(field->value, line);
    EXPECT_FALSE(reader.next()) << line;
  }
}

TEST(MimeHeader, AnyOctetMayBeInAValue) {
  const std::string_view block("X: a\0b\xff\r\nY: z\r\n", 15);
  HeaderReader reader(block);
  EXPECT_EQ(reader.next()->value, std::string_view(" a\0b\xff", 5));
  EXPECT_EQ(reader.next()->name, "Y");
}

TEST(MimeHeader, FindsTheFirstFieldWithoutRegardToCase) {
  EXPECT_EQ(find_field("a: 1\r\nB: 2\r\nb: 3\r\n", "b"), " 2");
  EXPECT_FALSE(find_field("a: 1\r\n\r\nb: 2\r\n", "b"));
  EXPECT_FALSE(find_field("", "b"));
}

TEST(MimeHeader, UnfoldingTakesLineEndsAwayAndKeepsBlanks) {
  EXPECT_EQ(unfold(" a\r\n b\r\n\tc\n  d \r\n"), "a b\tc  d");
  EXPECT_EQ(unfold(std::string_view("\0 a\0\r b \0", 9)), "a b");
  EXPECT_EQ(unfold(""), "");
  EXPECT_EQ(unfold(" \r\n \r\n"), "");
}

}  // namespace
}  // namespace gatepost::mime
