#include "converter/agent/document.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <pugixml.hpp>
#include <vector>

namespace gatepost::converter {
namespace {

using Archive = std::unique_ptr<archive, decltype([](archive* a) { ::archive_read_free(a); })>;

std::string_view local_name(const pugi::xml_node& node) {
  std::string_view name = node.name();
  if (const auto colon = name.rfind(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
  return name;
}

// "word/header12.xml" by "word/header": numbered files of a kind.
bool is_numbered(std::string_view path, std::string_view stem) {
  if (!path.starts_with(stem) || !path.ends_with(".xml")) return false;
  const std::string_view number = path.substr(stem.size(), path.size() - stem.size() - 4);
  return std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
}

// In which order what is looked at comes; nullopt: it is not.
std::optional<int> rank_of(std::string_view path) {
  if (path == "word/document.xml" || path == "content.xml" || path == "xl/sharedStrings.xml") return 0;
  if (is_numbered(path, "ppt/slides/slide") || is_numbered(path, "xl/worksheets/sheet")) return 1;
  if (path == "word/footnotes.xml" || path == "word/endnotes.xml" || path == "word/comments.xml") return 2;
  if (is_numbered(path, "ppt/notesSlides/notesSlide") || is_numbered(path, "xl/comments")) return 2;
  if (is_numbered(path, "word/header") || is_numbered(path, "word/footer")) return 3;
  return std::nullopt;
}

// slide10 after slide9.
std::uint32_t number_in(std::string_view path) {
  std::uint32_t number = 0;
  const auto digit = path.find_first_of("0123456789");
  if (digit != std::string_view::npos) std::from_chars(path.data() + digit, path.data() + path.size(), number);
  return number;
}

void end_line(std::string& out) {
  if (!out.empty() && out.back() != '\n') out += '\n';
}

// What an element means when it ends, or stands for itself.
void after(const pugi::xml_node& node, std::string& out) {
  const std::string_view name = local_name(node);
  if (name == "p" || name == "h" || name == "br" || name == "cr" || name == "line-break" || name == "si" ||
      name == "c" || name == "table-cell" || name == "list-item") {
    end_line(out);
  } else if (name == "tab") {
    out += '\t';
  } else if (name == "s" && node.first_child().empty()) {
    out += ' ';  // OpenDocument: more spaces than one
  }
}

// What is shown of the texts of an element: in Office Open XML what is in <t>, and numbers of cells; in OpenDocument
// all of the body.
bool is_shown(const pugi::xml_node& element, bool open_document) {
  if (open_document) return true;
  const std::string_view name = local_name(element);
  if (name == "t") return true;
  // The value of a cell; those of type "s" are numbers of shared strings.
  return name == "v" && std::string_view(element.parent().attribute("t").value()) != "s";
}

}  // namespace

Result<> append_xml_text(std::string& xml, std::size_t text_octets, std::string& out) {
  pugi::xml_document document;
  constexpr unsigned kHow = pugi::parse_cdata | pugi::parse_escapes | pugi::parse_ws_pcdata | pugi::parse_eol;
  if (const auto parsed = document.load_buffer_inplace(xml.data(), xml.size(), kHow); !parsed)
    return fail(Errc::invalid, parsed.description());
  pugi::xml_node root = document.document_element();
  const bool open_document = local_name(root) == "document-content";
  if (open_document) {
    pugi::xml_node body;
    for (const pugi::xml_node& child : root.children()) {
      if (local_name(child) == "body") body = child;
    }
    root = body;
  }
  // Without recursion: how deep it is, a stranger says.
  pugi::xml_node at = root;
  while (at && out.size() <= text_octets) {
    if (at.type() == pugi::node_pcdata || at.type() == pugi::node_cdata) {
      if (is_shown(at.parent(), open_document)) out += at.value();
    }
    if (const pugi::xml_node child = at.first_child()) {
      at = child;
      continue;
    }
    while (at) {
      if (at.type() == pugi::node_element) after(at, out);
      if (at == root) return {};
      if (const pugi::xml_node next = at.next_sibling()) {
        at = next;
        break;
      }
      at = at.parent();
    }
  }
  return {};
}

Result<std::string> document_text(std::string_view octets, const DocumentLimits& limits) {
  const auto damaged = [](archive* from) {
    const char* const why = ::archive_error_string(from);
    return fail(Errc::invalid, why != nullptr ? why : "damaged");
  };
  Archive package(::archive_read_new());
  if (!package || ::archive_read_support_format_zip(package.get()) != ARCHIVE_OK ||
      ::archive_read_open_memory(package.get(), octets.data(), octets.size()) != ARCHIVE_OK) {
    return damaged(package.get());
  }
  struct File {
    int rank;
    std::uint32_t number;
    std::string path, octets;
  };
  std::vector<File> files;
  std::uint64_t room = limits.unpacked_octets;
  std::size_t seen = 0;
  archive_entry* entry = nullptr;
  for (int result; (result = ::archive_read_next_header(package.get(), &entry)) != ARCHIVE_EOF;) {
    if (result < ARCHIVE_WARN) return damaged(package.get());
    if (++seen > limits.files) return fail(Errc::too_large, "too many files in it");
    const char* const name = ::archive_entry_pathname(entry);
    const std::string path = name != nullptr ? name : "";
    const auto rank = rank_of(path);
    if (!rank || ::archive_entry_filetype(entry) != AE_IFREG) continue;
    if (::archive_entry_is_data_encrypted(entry) == 1) return fail(Errc::invalid, "encrypted");
    File file{*rank, number_in(path), path, {}};
    std::string piece(64 << 10, '\0');
    for (la_ssize_t got; (got = ::archive_read_data(package.get(), piece.data(), piece.size())) != 0;) {
      if (got < 0) return damaged(package.get());
      const auto count = static_cast<std::uint64_t>(got);
      if (count > room || file.octets.size() + count > limits.file_octets)
        return fail(Errc::too_large, path + " is too large when unpacked");
      room -= count;
      file.octets.append(piece.data(), count);
    }
    files.push_back(std::move(file));
  }
  if (files.empty()) return fail(Errc::invalid, "no office document");
  std::ranges::sort(files, [](const File& a, const File& b) {
    return std::tie(a.rank, a.number, a.path) < std::tie(b.rank, b.number, b.path);
  });
  std::string out;
  for (File& file : files) {
    if (out.size() > limits.text_octets) break;
    GP_CHECK(append_xml_text(file.octets, limits.text_octets, out));
    end_line(out);
    file.octets = {};
  }
  return out;
}

}  // namespace gatepost::converter
