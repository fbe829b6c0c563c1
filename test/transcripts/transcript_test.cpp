#include <algorithm>
#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

#include "transcripts/player.hpp"
#include "transcripts/transcript.hpp"

namespace gatepost::transcripts {
namespace {

constexpr std::size_t kLargestChunk = 8;

class OneTranscript final : public testing::Test {
 public:
  explicit OneTranscript(std::filesystem::path file) : file_(std::move(file)) {}
  void TestBody() override {
    for (std::size_t chunk = 0; chunk <= kLargestChunk; ++chunk) {
      const auto played = play(file_, chunk);
      ASSERT_TRUE(played) << file_.string() << (chunk == 0 ? " whole" : " cut at " + std::to_string(chunk)) << "\n"
                          << played.error().detail;
    }
  }

 private:
  std::filesystem::path file_;
};

void register_all(const std::filesystem::path& top) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(top)) {
    // Those of JMAP are requests over HTTP: play_jmap.py.
    const bool here = entry.path().parent_path().filename() != "jmap";
    if (here && entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    testing::RegisterTest(file.parent_path().filename().c_str(), file.stem().c_str(), nullptr, nullptr, __FILE__,
                          __LINE__, [file]() -> testing::Test* { return new OneTranscript(file); });
  }
}

const Variables kNames = {{"user1", "a@b"}};

TEST(TranscriptFormat, ExpandsEscapesVariablesAndFunctions) {
  const auto parsed =
      parse("listener: x\n\nC: a\\r\\x41 $user1 $Forwarded $(base64 \\0$user1) $(repeat 3 ab)\nC+ z\n", kNames);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  ASSERT_EQ(parsed->steps.size(), 1U);
  EXPECT_EQ(parsed->steps[0].text, "a\rA a@b $Forwarded AGFAYg== ababab\r\nz");
}

TEST(TranscriptFormat, ComparesLinesWithWildcards) {
  const auto parsed = parse("listener: x\n\nS: 250-a\nS: ...\nS: 250 ** end ** \\**\n", kNames);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  const auto& patterns = parsed->steps.at(0).patterns;
  EXPECT_TRUE(compare("250-a\r\n250-b\r\n250 x end y **\r\n", patterns));
  EXPECT_TRUE(compare("250-a\r\n250  end  **\r\n", patterns));
  EXPECT_FALSE(compare("250-a\r\n250 x end y **\r\n250 more\r\n", patterns));
  EXPECT_FALSE(compare("250-b\r\n250 x end y **\r\n", patterns));
  EXPECT_FALSE(compare("250-a\r\n250 x end y **", patterns));
  EXPECT_FALSE(compare("", patterns));
}

TEST(TranscriptFormat, NamesTheLineThatIsWrong) {
  EXPECT_EQ(parse("listener: x\n\nsing a song\n", kNames).error().detail, "line 3: not a step: sing a song");
  EXPECT_FALSE(parse("listener: x\n\nC: $(base64 x\n", kNames));
  EXPECT_FALSE(parse("listener: x\n\nwait forever\n", kNames));
}

}  // namespace
}  // namespace gatepost::transcripts

int main(int argc, char** argv) {
  gatepost::transcripts::register_all(TRANSCRIPTS);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
