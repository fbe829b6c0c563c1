#include "search/attachment_texts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "store/blob_store.hpp"
#include "store/memory_store.hpp"
#include "store/store.hpp"

namespace gatepost::search {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

account::Body body_of(std::string_view text) { return {sha256(text), text.size()}; }

class SearchAttachmentTexts : public testing::Test {
 protected:
  ~SearchAttachmentTexts() override {
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  }
  void put(std::string_view body, std::uint32_t part, std::string_view octets, AttachmentTexts::Content content) {
    ASSERT_TRUE(texts.put(body_of(body), part, sha256(octets), content));
  }
  static fs::path fresh() {
    std::string name = (fs::temp_directory_path() / "gatepost-texts-XXXXXX").string();
    return ::mkdtemp(name.data());
  }
  fs::path directory = fresh();
  AttachmentTexts texts{directory / "below" / "texts.sqlite"};
};

TEST_F(SearchAttachmentTexts, KeepsEachContentOnce) {
  EXPECT_THAT(texts.texts_of(body_of("a")), IsEmpty());
  put("a", 3, "pdf", {.version = 1, .text = "of a pdf"});
  put("a", 2, "doc", {.version = 1, .text = "of a document"});
  put("b", 1, "pdf", {.version = 1, .text = "of a pdf"});
  put("b", 2, "image", {.version = 1});
  put("b", 3, "broken", {.failed = true, .version = 1});
  EXPECT_THAT(texts.texts_of(body_of("a")), ElementsAre("of a document", "of a pdf"));
  EXPECT_THAT(texts.texts_of(body_of("b")), ElementsAre("of a pdf"));
  EXPECT_EQ(texts.totals()->contents, 4U);
  EXPECT_EQ(texts.totals()->failed, 1U);
  EXPECT_EQ((*texts.of_octets(sha256("pdf")))->text, "of a pdf");
  EXPECT_TRUE((*texts.of_part(body_of("b"), 3))->failed);
  EXPECT_FALSE(*texts.of_part(body_of("b"), 4));
  // It can be read now.
  put("b", 3, "broken", {.version = 2, .text = "mended"});
  EXPECT_THAT(texts.texts_of(body_of("b")), ElementsAre("of a pdf", "mended"));
  AttachmentTexts again(directory / "below" / "texts.sqlite");
  const auto totals = again.totals();
  ASSERT_TRUE(totals) << totals.error().detail;
  EXPECT_EQ(totals->contents, 4U);
  EXPECT_THAT(again.texts_of(body_of("b")), ElementsAre("of a pdf", "mended"));
}

TEST_F(SearchAttachmentTexts, ForgetsWhatTheStoreDoesNotHave) {
  ManualClock clock;
  const auto store = store::open_memory({.engine = "memory"}, clock);
  auto writer = *store->bodies().create(0);
  ASSERT_TRUE(writer->append("kept"));
  ASSERT_TRUE(writer->finish());
  put("kept", 1, "pdf", {.version = 1, .text = "one"});
  put("gone", 1, "pdf", {.version = 1, .text = "one"});
  put("gone", 2, "doc", {.version = 1, .text = "two"});
  const auto swept = texts.sweep(*store, {});
  ASSERT_TRUE(swept) << swept.error().detail;
  EXPECT_EQ(*swept, 1U);
  EXPECT_THAT(texts.texts_of(body_of("kept")), ElementsAre("one"));
  EXPECT_THAT(texts.texts_of(body_of("gone")), IsEmpty());
  EXPECT_EQ(texts.totals()->contents, 1U);
}

TEST_F(SearchAttachmentTexts, BeginsAgainWhenItIsDamaged) {
  for (int i = 0; i < 200; ++i)
    put("a" + std::to_string(i), 1, std::to_string(i), {.version = 1, .text = std::string(1000, 'x')});
  const fs::path path = directory / "below" / "texts.sqlite";
  {
    AttachmentTexts other(path);
    std::ofstream(path, std::ios::trunc) << "no database at all, but long enough to be read as one";
    fs::remove(path.string() + "-wal");
  }
  AttachmentTexts again(path);
  EXPECT_THAT(again.texts_of(body_of("a1")), IsEmpty());
  ASSERT_TRUE(again.put(body_of("a1"), 1, sha256("x"), {.version = 1, .text = "new"}));
  EXPECT_THAT(again.texts_of(body_of("a1")), ElementsAre("new"));
}

}  // namespace
}  // namespace gatepost::search
