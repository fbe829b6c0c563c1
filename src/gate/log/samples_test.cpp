#include <fstream>
#include <iterator>

#include <boost/json.hpp>

#include <gmock/gmock.h>

#include "gate/log/print.hpp"
#include "gate/log/reader.hpp"
#include "gate/log/text.hpp"

// Every line of test/data/firewall-logs/ as its manifest says, and what becomes of the same lines when they are
// damaged.
namespace gatepost::gate::log {
namespace {

namespace json = boost::json;

std::string file(const std::string& name) {
  std::ifstream in(std::string(FIREWALL_LOGS "/") + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

const json::object& manifest() {
  static const json::value value = json::parse(file("manifest.json"));
  return value.as_object();
}

Context sample_context() {
  const json::object& from = manifest().at("context").as_object();
  Context context;
  context.reference_year = static_cast<int>(from.at("reference_year").as_int64());
  context.utc_offset_minutes = static_cast<int>(from.at("utc_offset_minutes").as_int64());
  context.boot_time = TimePoint(std::chrono::microseconds(1'794'186'724'123'456));  // 2026-11-09T01:12:04.123456Z
  return context;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  LineSplitter splitter;
  const auto take = [&](std::string_view line, bool) { lines.emplace_back(line); };
  splitter.push(text, take);
  splitter.finish(take);
  return lines;
}

std::vector<json::object> parse(Format format, std::string_view text, std::size_t piece, Format* told = nullptr) {
  Reader reader(format, sample_context());
  std::vector<json::object> items;
  const auto take = [&](const Item& item) { items.push_back(json::parse(format_json(item)).as_object()); };
  while (!text.empty()) {
    reader.push(text.substr(0, piece), take);
    text.remove_prefix(std::min(piece, text.size()));
  }
  reader.finish(take);
  if (told != nullptr) *told = reader.format();
  return items;
}

void expect_as_manifest(const std::vector<json::object>& got, const json::array& expected, const std::string& where) {
  ASSERT_EQ(got.size(), expected.size()) << where;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::string line = where + " line " + std::to_string(i + 1) + ": " + json::serialize(got[i]);
    EXPECT_EQ(got[i].at("kind"), expected[i].at("kind")) << line;
    for (const auto& [key, value] : expected[i].as_object()) {
      if (key == "why") continue;
      if (key == "rule" && value.is_null()) EXPECT_FALSE(got[i].contains(key)) << line;
      const json::value* const found = got[i].if_contains(key);
      EXPECT_EQ(found != nullptr ? *found : json::value(), value) << key << " of " << line;
    }
  }
}

template <class Do>
void for_each_file(Do&& act) {
  for (const auto& [name, about] : manifest().at("files").as_object()) {
    const auto format = parse_format(std::string_view(about.at("format").as_string()));
    ASSERT_TRUE(format) << name;
    act(std::string(name), *format, about.at("expected").as_array());
  }
}

TEST(FirewallLogSamples, AreReadAsTheManifestSays) {
  std::size_t lines = 0;
  for_each_file([&](const std::string& name, Format format, const json::array& expected) {
    expect_as_manifest(parse(format, file(name), 1 << 20), expected, name);
    lines += expected.size();
  });
  EXPECT_EQ(lines, 151U);
}

TEST(FirewallLogSamples, AreTheSameHoweverTheyAreCut) {
  for_each_file([&](const std::string& name, Format format, const json::array& expected) {
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U, 1000U}) {
      expect_as_manifest(parse(format, file(name), piece), expected, name + " in pieces of " + std::to_string(piece));
    }
  });
}

TEST(FirewallLogSamples, GiveTheirFormatAway) {
  for_each_file([&](const std::string& name, Format format, const json::array& expected) {
    Format told{};
    expect_as_manifest(parse(Format::automatic, file(name), 100, &told), expected, name);
    EXPECT_EQ(told, format) << name << " was taken for " << to_string(told);
  });
}

TEST(FirewallLogSamples, MayHaveWindowsLineEnds) {
  for_each_file([&](const std::string& name, Format format, const json::array& expected) {
    std::string text;
    for (const std::string& line : lines_of(file(name))) text += line + "\r\n";
    expect_as_manifest(parse(format, text, 1 << 20), expected, name);
  });
}

// A line that lost its end may be refused or say less, but what it says is what the whole line said.
TEST(FirewallLogSamples, SayNothingWrongWhereverALineIsCut) {
  std::size_t cuts = 0;
  for_each_file([&](const std::string& name, Format format, const json::array& expected) {
    const std::vector<std::string> lines = lines_of(file(name));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (expected[i].at("kind") != json::value("event")) continue;
      Reader reader(format, sample_context());
      for (std::size_t before = 0; before < i; ++before) reader.read(lines[before]);
      const json::object& whole = expected[i].as_object();
      for (std::size_t size = 0; size < lines[i].size(); ++size, ++cuts) {
        // A copy with nothing behind it: the sanitizers see every step too far.
        const std::vector<char> cut(lines[i].begin(), lines[i].begin() + static_cast<std::ptrdiff_t>(size));
        const Item& item = reader.read({cut.data(), cut.size()});
        if (item.kind != Kind::event) continue;
        const json::object got = json::parse(format_json(item)).as_object();
        for (const char* const key :
             {"src", "dst", "sport", "dport", "proto", "verdict", "how", "direction", "rule", "time"}) {
          const json::value* const found = got.if_contains(key);
          if (found != nullptr)
            EXPECT_EQ(*found, whole.at(key)) << key << " of " << std::string(cut.begin(), cut.end());
        }
        EXPECT_TRUE(got.contains("src") && got.contains("dst"));
      }
    }
  });
  EXPECT_GT(cuts, 20'000U);
}

TEST(FirewallLogSamples, SurviveEveryOctetInEveryPlace) {
  for_each_file([&](const std::string& name, Format format, const json::array&) {
    const std::vector<std::string> lines = lines_of(file(name));
    Reader reader(format, sample_context());
    for (std::size_t i = 0; i < lines.size(); i += 3) {
      std::string line = lines[i];
      for (std::size_t at = 0; at < line.size(); ++at) {
        const char kept = line[at];
        for (const char c : {'\0', ' ', '"', '\\', ']', '[', '=', '9', ':', ',', '\x7f', '\xff'}) {
          line[at] = c;
          const Item& item = reader.read(line);
          if (item.kind == Kind::event) {
            EXPECT_TRUE(item.event.source.known && item.event.destination.known) << line;
          }
        }
        line[at] = kept;
      }
    }
  });
}

}  // namespace
}  // namespace gatepost::gate::log
