#include "converter/agent/document.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace gatepost::converter {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

std::string package(const Files& files) {
  std::size_t room = 1 << 20;
  for (const auto& [name, content] : files) room += content.size();
  std::string out(room, '\0');
  std::size_t used = 0;
  archive* const to = ::archive_write_new();
  ::archive_write_set_format_zip(to);
  ::archive_write_open_memory(to, out.data(), out.size(), &used);
  for (const auto& [name, content] : files) {
    archive_entry* const entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, name.c_str());
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_entry_set_perm(entry, 0644);
    ::archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    ::archive_write_header(to, entry);
    ::archive_write_data(to, content.data(), content.size());
    ::archive_entry_free(entry);
  }
  ::archive_write_close(to);
  ::archive_write_free(to);
  out.resize(used);
  return out;
}

std::string text_of(const Files& files) {
  auto text = document_text(package(files));
  return text ? *text : "error: " + text.error().detail;
}

TEST(ConverterDocument, ReadsWordProcessing) {
  EXPECT_EQ(text_of({{"[Content_Types].xml", "<Types/>"},
                     {"word/footer1.xml", "<w:ftr><w:p><w:r><w:t>Page</w:t></w:r></w:p></w:ftr>"},
                     {"word/document.xml",
                      "<?xml version=\"1.0\"?><w:document xmlns:w=\"w\"><w:body><w:p><w:r><w:t>Annual </w:t></w:r><w:r>"
                      "<w:t>rep</w:t></w:r><w:r><w:t>ort &amp; more</w:t><w:tab/><w:t>x</w:t></w:r></w:p>"
                      "<w:p><w:r><w:instrText>PAGE</w:instrText><w:t>Stra\xc3\x9f"
                      "e</w:t></w:r></w:p></w:body></w:document>"}}),
            "Annual report & more\tx\nStra\xc3\x9f"
            "e\nPage\n");
}

TEST(ConverterDocument, ReadsSpreadsheets) {
  EXPECT_EQ(
      text_of({{"xl/worksheets/sheet10.xml", "<worksheet><c t=\"inlineStr\"><is><t>ten</t></is></c></worksheet>"},
               {"xl/worksheets/sheet2.xml",
                "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c><c><f>1+1</f><v>4711</v></c></row></sheetData>"
                "</worksheet>"},
               {"xl/sharedStrings.xml", "<sst><si><t>turn</t><r><t>over</t></r></si><si><t>cost</t></si></sst>"}}),
      "turnover\ncost\n4711\nten\n");
}

TEST(ConverterDocument, ReadsPresentationsInOrder) {
  EXPECT_EQ(text_of({{"ppt/slides/slide10.xml", "<p:sld><a:p><a:t>last</a:t></a:p></p:sld>"},
                     {"ppt/slides/slide9.xml", "<p:sld><a:p><a:t>first</a:t></a:p></p:sld>"},
                     {"ppt/slides/_rels/slide9.xml.rels", "<t>no</t>"}}),
            "first\nlast\n");
}

TEST(ConverterDocument, ReadsOpenDocument) {
  EXPECT_EQ(
      text_of({{"mimetype", "application/vnd.oasis.opendocument.text"},
               {"content.xml",
                "<office:document-content><office:automatic-styles><x>style</x></office:automatic-styles>"
                "<office:body><office:text><text:h>Title</text:h><text:p>two<text:s/>words<text:line-break/>"
                "<text:span>and</text:span> more</text:p></office:text></office:body></office:document-content>"}}),
      "Title\ntwo words\nand more\n");
}

TEST(ConverterDocument, WhatIsNoDocumentIsRefused) {
  EXPECT_EQ(document_text("no package").error().code, Errc::invalid);
  EXPECT_EQ(document_text("").error().code, Errc::invalid);
  EXPECT_EQ(document_text(package({{"a.txt", "text"}})).error().code, Errc::invalid);
  EXPECT_EQ(document_text(package({{"content.xml", "<a><b></a>"}})).error().code, Errc::invalid);
  std::string cut = package({{"word/document.xml", std::string(100'000, 'x')}});
  cut.resize(cut.size() / 2);
  EXPECT_FALSE(document_text(cut));
}

TEST(ConverterDocument, BombsMeetTheLimits) {
  const DocumentLimits limits{.unpacked_octets = 3 << 20, .file_octets = 2 << 20, .files = 10};
  const std::string large = "<a>" + std::string(3 << 20, ' ') + "</a>";
  EXPECT_EQ(document_text(package({{"word/document.xml", large}}), limits).error().code, Errc::too_large);
  const std::string half(1 << 20, ' ');
  Files many;
  for (int i = 0; i < 4; ++i) many.emplace_back("xl/worksheets/sheet" + std::to_string(i) + ".xml", half);
  EXPECT_EQ(document_text(package(many), limits).error().code, Errc::too_large);
  Files names;
  for (int i = 0; i < 20; ++i) names.emplace_back("file" + std::to_string(i), "");
  EXPECT_EQ(document_text(package(names), limits).error().code, Errc::too_large);
}

TEST(ConverterDocument, DeepXmlNeedsNoStack) {
  std::string deep = "<w:document>";
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  deep += "<w:t>deep</w:t>";
  for (int i = 0; i < 200'000; ++i) deep += "</a>";
  deep += "</w:document>";
  EXPECT_EQ(text_of({{"word/document.xml", deep}}), "deep\n");
}

TEST(ConverterDocument, TextIsBounded) {
  std::string long_text = "<w:document>";
  for (int i = 0; i < 100'000; ++i) long_text += "<w:p><w:t>0123456789</w:t></w:p>";
  const auto text = document_text(package({{"word/document.xml", long_text + "</w:document>"}}), {.text_octets = 1000});
  ASSERT_TRUE(text);
  EXPECT_LT(text->size(), 1100U);
}

}  // namespace
}  // namespace gatepost::converter
