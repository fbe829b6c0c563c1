#include "directory/photo.hpp"

#include <gtest/gtest.h>

#include "directory/test_support.hpp"

namespace gatepost::directory {
namespace {

using namespace std::string_literals;

std::string jpeg(std::string_view before_frame, unsigned width, unsigned height) {
  std::string out = "\xff\xd8"s;
  out += before_frame;
  out += "\xff\xc0\x00\x0b\x08"s;
  for (const unsigned side : {height, width}) {
    out += static_cast<char>(side >> 8);
    out += static_cast<char>(side);
  }
  return out + "\x01\x01\x11\x00\xff\xd9"s;
}

std::string png(std::string_view sides) {
  return "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"s + std::string(sides) +
         "\x08\x06\x00\x00\x00"
         "crc!"s;
}

TEST(Photo, KnowsASizeFromTheHeadOfAFile) {
  const auto a = read_photo(jpeg("", 96, 64));
  ASSERT_TRUE(a);
  EXPECT_EQ(a->type, PhotoType::jpeg);
  EXPECT_EQ(a->width, 96);
  EXPECT_EQ(a->height, 64);
  // Behind an application segment, a restart marker and fill octets (ITU-T T.81 B.1.1.2).
  const auto b = read_photo(jpeg("\xff\xe0\x00\x04JF\xff\xd0\xff\xff\xff\xc4\x00\x02"s, 4096, 1));
  ASSERT_TRUE(b);
  EXPECT_EQ(b->width, 4096);
  const auto c = read_photo(png("\x00\x00\x01\x00\x00\x00\x00\x20"s));
  ASSERT_TRUE(c);
  EXPECT_EQ(c->type, PhotoType::png);
  EXPECT_EQ(c->width, 256);
  EXPECT_EQ(c->height, 32);
}

TEST(Photo, RefusesWhatIsNoPicture) {
  for (const std::string& octets :
       {""s, "GIF89a\x01\x00\x01\x00"s, "\xff\xd8"s, "\xff\xd8\xff"s, "\xff\xd8\xff\xe0\x00\x01"s,
        "\xff\xd8\xff\xe0\xff\xffshort"s, "\xff\xd8\xff\xda\x00\x02"s, "\xff\xd8\xff\xc0\x00\x02"s,
        "\xff\xd8"
        "text"s,
        jpeg("", 0, 5), png("\x00\x00\x00\x00\x00\x00\x00\x20"s), png("").substr(0, 20)}) {
    EXPECT_EQ(code(read_photo(octets)), Errc::invalid);
  }
}

TEST(Photo, RefusesWhatIsTooLarge) {
  EXPECT_EQ(code(read_photo(jpeg("", 4097, 5))), Errc::too_large);
  EXPECT_EQ(code(read_photo(png("\xff\xff\xff\xff\x00\x00\x00\x20"s))), Errc::too_large);
  EXPECT_EQ(code(read_photo(jpeg("", 5, 5) + std::string(kMaxPhotoOctets, ' '))), Errc::too_large);
}

TEST(Photo, IsKeptBesideTheDirectoryAndOverARestart) {
  TestDirectory dir;
  ASSERT_TRUE(dir->add_domain("example.org"));
  const Principal anna = dir.person("anna@example.org");
  EXPECT_EQ(code(dir->photo(anna.id)), Errc::not_found);
  EXPECT_EQ(code(dir->set_photo(anna.id, "no picture")), Errc::invalid);
  // In several pieces.
  const std::string large = jpeg("", 300, 300) + std::string(200'000, '\x17');
  ASSERT_TRUE(dir->set_photo(anna.id, large));
  dir.reopen();
  EXPECT_EQ(*dir->photo(anna.id), large);
  const Principal now = *dir->principal(anna.id);
  EXPECT_EQ(now.photo.type, PhotoType::jpeg);
  EXPECT_EQ(now.photo.octets, large.size());
  EXPECT_GT(now.change, anna.change);
  // A smaller one leaves nothing of the larger one.
  ASSERT_TRUE(dir->set_photo(anna.id, jpeg("", 5, 5)));
  EXPECT_EQ(*dir->photo(anna.id), jpeg("", 5, 5));
  EXPECT_NE(to_text(dir->principal(anna.id)->photo), to_text(now.photo));
  // Other changes keep it.
  Principal renamed = *dir->principal(anna.id);
  renamed.display_name = "Anna";
  renamed.photo = {};
  ASSERT_TRUE(dir->update_principal(renamed));
  EXPECT_EQ(*dir->photo(anna.id), jpeg("", 5, 5));
  ASSERT_TRUE(dir->set_photo(anna.id, ""));
  EXPECT_EQ(code(dir->photo(anna.id)), Errc::not_found);
  dir.reopen();
  EXPECT_EQ(dir->principal(anna.id)->photo.type, PhotoType::none);
}

TEST(Photo, OfSomebodyWhoIsGoneIsGone) {
  TestDirectory dir;
  ASSERT_TRUE(dir->add_domain("example.org"));
  const Principal anna = dir.person("anna@example.org");
  ASSERT_TRUE(dir->set_photo(anna.id, jpeg("", 5, 5)));
  ASSERT_TRUE(dir->remove_principal(anna.id));
  EXPECT_EQ(code(dir->photo(anna.id)), Errc::not_found);
  const auto snapshot = dir.keys.snapshot(store::kDirectoryPartition, std::chrono::seconds(9));
  ASSERT_TRUE(snapshot);
  int rows = 0;
  ASSERT_TRUE((*snapshot)->scan("i", "j", false, 10, [&](store::Entry) { return ++rows > 0; }));
  EXPECT_EQ(rows, 0);
}

}  // namespace
}  // namespace gatepost::directory
