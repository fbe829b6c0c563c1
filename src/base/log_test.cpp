#include "base/log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace gatepost {
namespace {

constexpr Event kAccepted{"smtp.accepted", Level::info, "A message was accepted.", "Normal.", "Nothing."};
constexpr Event kNoise{"smtp.noise", Level::debug, "Noise.", "Normal.", "Nothing."};

std::string line_of(std::initializer_list<Field> fields) {
  MemorySink sink;
  ManualClock clock;
  Log(sink, clock).write(kAccepted, fields);
  return sink.lines().at(0);
}

TEST(Log, WritesTimeLevelNameAndFields) {
  EXPECT_EQ(line_of({{"conn", "4f2a"}, {"size", 1234}, {"from", "a@b"}}),
            "2026-01-01T00:00:00.000Z info smtp.accepted conn=4f2a size=1234 from=a@b");
}

TEST(Log, NoValueCanForgeALineOrAField) {
  const std::string line =
      line_of({{"helo", "x\r\n2026-01-01T00:00:00.000Z info smtp.accepted from=root"}, {"q", "a\" b=\"c\\"}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\r'), std::string::npos);
  EXPECT_TRUE(
      line.ends_with(" helo=\"x\\r\\n2026-01-01T00:00:00.000Z info smtp.accepted from=root\" q=\"a\\\" b=\\\"c\\\\\""));
}

TEST(Log, EscapesControlsBrokenUtf8AndDirectionMarks) {
  EXPECT_TRUE(line_of({{"v", std::string("\0\x1b[2J\x7f", 6)}}).ends_with("v=\"\\x00\\x1b[2J\\x7f\""));
  EXPECT_TRUE(line_of({{"v",
                        "\xff"
                        "a"}})
                  .ends_with("v=\"\\xffa\""));
  EXPECT_TRUE(line_of({{"v",
                        "\xc2\x9b"
                        "31m"}})
                  .ends_with("v=\"\\u{9b}31m\""));
  EXPECT_TRUE(line_of({{"v",
                        "a\xe2\x80\xae"
                        "b"}})
                  .ends_with("v=\"a\\u{202e}b\""));
  EXPECT_TRUE(line_of({{"v", "gr\xc3\xbc\xc3\x9f"}}).ends_with("v=\"gr\xc3\xbc\xc3\x9f\""));
  EXPECT_TRUE(line_of({{"v", ""}}).ends_with("v=\"\""));
}

TEST(Log, CutsALongValue) {
  const std::string line = line_of({{"v", std::string(100'000, 'x')}});
  EXPECT_LT(line.size(), 1200u);
  EXPECT_TRUE(line.ends_with("xxx..."));
}

TEST(Log, DropsWhatIsBelowItsLevel) {
  MemorySink sink;
  ManualClock clock;
  Log log(sink, clock);
  log.write(kNoise, {});
  EXPECT_TRUE(sink.lines().empty());
  log.set_lowest(Level::debug);
  log.write(kNoise, std::vector<Field>{{"a", true}});
  EXPECT_EQ(sink.lines().size(), 1u);
  EXPECT_FALSE(null_log().enabled(Level::error));
}

TEST(Log, FileSinkGoesOnInANewFileAfterRotation) {
  const auto folder = std::filesystem::temp_directory_path() / ("gatepost_log_test." + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const auto path = folder / "log";
  auto sink = FileSink::open(path);
  ASSERT_TRUE(sink);
  (*sink)->write(Level::info, "one");
  std::filesystem::rename(path, folder / "log.1");
  (*sink)->write(Level::info, "two");
  ASSERT_TRUE((*sink)->reopen());
  (*sink)->write(Level::info, "three");
  auto read = [](const std::filesystem::path& file) {
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(read(folder / "log.1"), "one\ntwo\n");
  EXPECT_EQ(read(path), "three\n");
  EXPECT_FALSE(FileSink::open(folder / "none" / "log"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace gatepost
