#include <gtest/gtest.h>

#include <random>

#include "mime/structure.hpp"
#include "mime/summary.hpp"
#include "mime/test_support.hpp"

namespace gatepost::mime {
namespace {

// Writes random messages and knows where each part is.
class Author {
 public:
  struct Expected {
    Part::Kind kind;
    std::uint64_t header_begin, body_begin, body_end;
  };

  explicit Author(std::uint32_t seed) : random_(seed) {}

  void write() {
    message_.clear();
    parts_.clear();
    boundaries_ = 0;
    entity(0, true);
  }
  const std::string& message() const { return message_; }
  const std::vector<Expected>& parts() const { return parts_; }

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  void line(std::string_view text) {
    message_ += text;
    message_ += below(4) == 0 ? "\n" : "\r\n";
  }

  void entity(std::uint32_t depth, bool may_be_composite) {
    const std::size_t me = parts_.size();
    parts_.push_back({Part::Kind::single, message_.size(), 0, 0});
    if (below(2) == 0) line("Subject: some text");
    if (below(3) == 0) line("X-Long: a\r\n  folded -- line\r\n\t--b1");
    const std::uint32_t choice = may_be_composite && depth < 6 ? below(4) : 3;
    if (choice <= 1) {
      parts_[me].kind = Part::Kind::multi;
      multipart(me, depth);
    } else if (choice == 2) {
      parts_[me].kind = Part::Kind::message;
      line("Content-Type: message/rfc822");
      line("");
      parts_[me].body_begin = message_.size();
      entity(depth + 1, true);
    } else {
      if (below(2) == 0) line("Content-Type: text/html; charset=utf-8");
      line("");
      parts_[me].body_begin = message_.size();
      text();
    }
    parts_[me].body_end = message_.size();
  }

  void text() {
    for (std::uint32_t n = below(6); n > 0; --n) {
      static constexpr std::string_view kLines[] = {"",           "--",    "-",     "--b", "--b1x",
                                                    "plain text", "--b--", " --b1", "\r"};
      line(kLines[below(std::size(kLines))]);
    }
    if (below(2) == 0) message_ += "no line end";
  }

  void multipart(std::size_t me, std::uint32_t depth) {
    const std::string boundary = "b" + std::string(below(2), '-') + std::to_string(1000 + boundaries_++);
    line("Content-Type: multipart/mixed; boundary=\"" + boundary + "\"");
    line("");
    parts_[me].body_begin = message_.size();
    text();
    if (!message_.ends_with('\n')) line("");
    for (std::uint32_t n = below(4); n > 0; --n) {
      line("--" + boundary + (below(4) == 0 ? " \t" : ""));
      entity(depth + 1, true);
      line("");
    }
    line("--" + boundary + "--");
    text();
  }

  std::mt19937 random_;
  std::string message_;
  std::vector<Expected> parts_;
  std::uint32_t boundaries_ = 0;
};

TEST(MimeStructure, OffsetsOfRandomMessagesAreExactHoweverTheyAreCut) {
  std::size_t parts = 0;
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    Author author(seed);
    author.write();
    const std::string& message = author.message();
    const Structure s = scan(message);
    ASSERT_EQ(s.parts.size(), author.parts().size()) << seed << "\n" << message;
    for (std::size_t i = 0; i < s.parts.size(); ++i) {
      const auto& expected = author.parts()[i];
      ASSERT_EQ(s.parts[i].kind, expected.kind) << seed << " part " << i << "\n" << message;
      ASSERT_EQ(s.parts[i].header_begin, expected.header_begin) << seed << " part " << i << "\n" << message;
      ASSERT_EQ(s.parts[i].body_begin, expected.body_begin) << seed << " part " << i << "\n" << message;
      ASSERT_EQ(s.parts[i].body_end, expected.body_end) << seed << " part " << i << "\n" << message;
    }
    ASSERT_TRUE(test::is_sound(s, message)) << seed << "\n" << message;
    ASSERT_EQ(test::chunk_that_differs(message), 0U) << seed << "\n" << message;
    const auto decoded = decode(encode(s));
    ASSERT_TRUE(decoded) << seed;
    ASSERT_EQ(*decoded, s) << seed;
    parts += s.parts.size();
  }
  EXPECT_GT(parts, 10'000U);
}

}  // namespace
}  // namespace gatepost::mime
