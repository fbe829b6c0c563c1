#include "converter/agent/kinds.hpp"

#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "base/ascii.hpp"
#include "base/digest.hpp"

namespace gatepost::converter {
namespace {

// Of the rules of document.cpp and of what becomes of a program's text: a change makes all attachments read again that
// gave nothing.
constexpr std::string_view kOwnVersion = "1";

struct Known {
  const char *type, *suffix, *command;
};
constexpr Known kDocuments[] = {
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx", ""},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.template", ".dotx", ""},
    {"application/vnd.ms-word.document.macroenabled.12", ".docm", ""},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx", ""},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.template", ".xltx", ""},
    {"application/vnd.ms-excel.sheet.macroenabled.12", ".xlsm", ""},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx", ""},
    {"application/vnd.openxmlformats-officedocument.presentationml.slideshow", ".ppsx", ""},
    {"application/vnd.ms-powerpoint.presentation.macroenabled.12", ".pptm", ""},
    {"application/vnd.oasis.opendocument.text", ".odt", ""},
    {"application/vnd.oasis.opendocument.text-template", ".ott", ""},
    {"application/vnd.oasis.opendocument.spreadsheet", ".ods", ""},
    {"application/vnd.oasis.opendocument.presentation", ".odp", ""},
    {"application/vnd.oasis.opendocument.graphics", ".odg", ""},
};
constexpr Known kPrograms[] = {
    {"application/pdf", ".pdf", "/usr/bin/pdftotext -q -enc UTF-8 -nopgbrk - -"},
    {"application/x-pdf", "", "/usr/bin/pdftotext -q -enc UTF-8 -nopgbrk - -"},
    {"application/msword", ".doc", "/usr/bin/catdoc -w -d utf-8"},
    {"application/rtf", ".rtf", "/usr/bin/catdoc -w -d utf-8"},
    {"text/rtf", "", "/usr/bin/catdoc -w -d utf-8"},
    {"application/vnd.ms-excel", ".xls", "/usr/bin/xls2csv -d utf-8 /dev/stdin"},
    {"application/vnd.ms-powerpoint", ".ppt", "/usr/bin/catppt -d utf-8 /dev/stdin"},
};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return out;
    text.remove_prefix(begin);
    const auto end = std::min(text.find(' '), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

}  // namespace

Result<std::vector<Way>> parse_way(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return fail(Errc::invalid, "no '=' between what and how");
  std::vector<std::string> command = words_of(text.substr(equals + 1));
  if (command.empty() || command[0].front() != '/')
    return fail(Errc::invalid, "the command has to begin with a program's whole path");
  std::vector<Way> out;
  std::string_view kinds = text.substr(0, equals);
  while (!kinds.empty()) {
    const auto comma = std::min(kinds.find(','), kinds.size());
    const std::string one = ascii::to_lower(kinds.substr(0, comma));
    kinds.remove_prefix(std::min(comma + 1, kinds.size()));
    if (one.size() < 2 || one.size() > kMaxTypeOctets) return fail(Errc::invalid, "'" + one + "' is no media type");
    if (one.front() == '.') {
      out.push_back({{"", one}, command});
    } else if (one.find('/') != std::string::npos) {
      out.push_back({{one, ""}, command});
    } else {
      return fail(Errc::invalid, "'" + one + "' is neither a media type nor the end of a name with its dot");
    }
  }
  if (out.empty()) return fail(Errc::invalid, "no media type before '='");
  return out;
}

std::vector<Way> ways(std::vector<Way> own) {
  std::vector<Way> out = std::move(own);
  for (const Known& known : kDocuments) out.push_back({{known.type, known.suffix}, {}});
  for (const Known& known : kPrograms) {
    std::vector<std::string> command = words_of(known.command);
    if (::access(command[0].c_str(), X_OK) == 0) out.push_back({{known.type, known.suffix}, std::move(command)});
  }
  if (out.size() > kMaxKinds) out.resize(kMaxKinds);
  return out;
}

std::vector<Kind> kinds_of(const std::vector<Way>& ways) {
  std::vector<Kind> out;
  std::ranges::transform(ways, std::back_inserter(out), &Way::kind);
  return out;
}

std::uint32_t version_of(const std::vector<Way>& ways) {
  std::string all(kOwnVersion);
  for (const Way& way : ways) {
    all.append("\n").append(way.kind.type).append(",").append(way.kind.suffix).append("=");
    for (const std::string& word : way.command) all.append(word).append(" ");
  }
  return crc32c(all);
}

}  // namespace gatepost::converter
