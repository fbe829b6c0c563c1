#include "search/index_file.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "search/query.hpp"
#include "search/test_support.hpp"

namespace gatepost::search {
namespace {

namespace fs = std::filesystem;

class SearchIndexFile : public testing::Test {
 protected:
  SearchIndexFile() {
    std::string name = (fs::temp_directory_path() / "gatepost-search-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    path = directory_ / "00" / "7.index";
  }
  ~SearchIndexFile() override {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  // Puts these texts, of items from `first` on, into a segment of the file.
  static Result<> add(IndexFile& file, const std::vector<std::string>& texts, std::uint64_t first = 1) {
    return file.commit([&](IndexFile::Change& change) -> Result<IndexHead> {
      IndexHead head = file.head();
      SegmentInfo segment{.number = head.next_segment++, .salt = 77 + first, .items = texts.size()};
      const test::Blocks blocks = test::index_of(texts, first);
      const PutBlock put = change.writer(segment);
      for (const auto& [number, block] : blocks.all) GP_CHECK(put(number, block));
      head.segments.push_back(segment);
      head.next_item = first + texts.size();
      return head;
    });
  }
  void fill() {
    test::Texts random(3);
    for (int i = 0; i < 60; ++i) texts.push_back(random.text(30));
    const auto file = IndexFile::create(path, 7).value();
    ASSERT_TRUE(add(*file, {texts.begin(), texts.begin() + 40}));
    ASSERT_TRUE(add(*file, {texts.begin() + 40, texts.end()}, 41));
  }
  // How many answers are given; every one must be right.
  std::size_t ask() {
    const auto file = IndexFile::open(path, 7);
    if (!file) return 0;
    std::vector<Query> queries;
    for (const char* needle : {"a", "invoice", "be", "\u6f22", "12", "abc", "strasse"})
      queries.push_back({needle, field::kBody});
    auto answers = look_up(**file, queries);
    if (!answers) return 0;
    std::size_t known = 0;
    for (std::size_t q = 0; q < queries.size(); ++q) {
      for (std::size_t i = 0; i < texts.size(); ++i) {
        const Says says = answers->of(q, test::row_of(i + 1, texts[i]));
        if (says == Says::unknown) continue;
        ++known;
        EXPECT_EQ(says == Says::yes, texts[i].find(queries[q].needle) != std::string::npos) << queries[q].needle;
      }
    }
    return known;
  }
  static std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const fs::path& file, const std::string& octets) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << octets;
  }

  fs::path path;
  std::vector<std::string> texts;

 private:
  fs::path directory_;
};

TEST_F(SearchIndexFile, IsMadeAndFoundAgain) {
  EXPECT_EQ(IndexFile::open(path, 7).error().code, Errc::not_found);
  {
    const auto file = IndexFile::create(path, 7);
    ASSERT_TRUE(file) << file.error().detail;
    EXPECT_EQ((*file)->head(), IndexHead{.owner = 7});
    ASSERT_TRUE(add(**file, {"one", "two"}));
  }
  {
    const auto file = IndexFile::create(path, 7);
    ASSERT_TRUE(file) << file.error().detail;
    ASSERT_TRUE(add(**file, {"three"}, 3));
  }
  const auto file = IndexFile::open(path, 7);
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ((*file)->head().items(), 3U);
  EXPECT_EQ((*file)->head().next_item, 4U);
  EXPECT_EQ(IndexFile::open(path, 8).error().code, Errc::corrupt);  // of another account
}

TEST_F(SearchIndexFile, KeepsItsStateForWhoReads) {
  fill();
  const auto reader = IndexFile::open(path, 7).value();
  {
    const auto writer = IndexFile::create(path, 7).value();
    ASSERT_TRUE(writer->commit([&](IndexFile::Change& change) -> Result<IndexHead> {
      IndexHead head = writer->head();
      for (const SegmentInfo& segment : head.segments) GP_CHECK(change.drop(segment));
      head.segments.clear();
      return head;
    }));
    ASSERT_TRUE(writer->shrink());
  }
  const std::vector<Query> queries{{"a", field::kBody}};
  EXPECT_TRUE(look_up(*reader, queries));
  EXPECT_TRUE(IndexFile::open(path, 7).value()->head().segments.empty());
}

TEST_F(SearchIndexFile, IsAsBeforeWhenAChangeFails) {
  fill();
  const auto file = IndexFile::create(path, 7).value();
  const IndexHead before = file->head();
  const auto failed = file->commit([&](IndexFile::Change& change) -> Result<IndexHead> {
    GP_CHECK(change.drop(before.segments[0]));
    return fail(Errc::closed, "no");
  });
  EXPECT_EQ(failed.error().code, Errc::closed);
  EXPECT_EQ(file->head(), before);
  EXPECT_GT(ask(), 100U);
}

TEST_F(SearchIndexFile, NeverAnswersWronglyWhenItIsDamaged) {
  fill();
  const std::string good = read(path);
  ASSERT_GT(good.size(), 8'192U);
  const std::size_t all = ask();
  ASSERT_GT(all, 100U);
  std::size_t noticed = 0, tried = 0;
  for (std::size_t at = 0; at < good.size(); at += 397) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    write(path, bad);
    ++tried;
    noticed += ask() == 0 ? 1 : 0;
  }
  EXPECT_GT(noticed, tried / 4);  // the rest hit what nobody reads
  for (std::size_t size = 0; size < good.size(); size += 1'999) {
    write(path, good.substr(0, size));
    EXPECT_EQ(ask(), 0U) << size;
  }
  for (std::size_t page = 0; page < good.size() / 4096; ++page) {
    std::string bad = good;
    std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(page * 4096), 4096, '\0');
    write(path, bad);
    (void)ask();
  }
}

TEST_F(SearchIndexFile, RefusesWhatIsNoIndex) {
  fs::create_directories(path.parent_path());
  write(path, "this is not a database, though it is long enough to look at: " + std::string(5'000, 'x'));
  EXPECT_EQ(IndexFile::open(path, 7).error().code, Errc::corrupt);
  EXPECT_EQ(IndexFile::create(path, 7).error().code, Errc::corrupt);
  IndexFile::remove(path);
  EXPECT_TRUE(IndexFile::create(path, 7));
}

}  // namespace
}  // namespace gatepost::search
