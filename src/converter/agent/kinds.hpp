#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "converter/protocol/message.hpp"

namespace gatepost::converter {

// How one kind of attachment becomes text.
struct Way {
  Kind kind;
  // A program with its arguments, which reads octets on its standard input and writes UTF-8; empty: an office document
  // that is read here (document.hpp).
  std::vector<std::string> command;
  bool operator==(const Way&) const = default;
};

// "application/x-drawing,.drw=/usr/bin/drw2txt -": a media type, ends of names, or both, and a command, whose words are
// separated by spaces (no shell reads it). Errc::invalid with the reason.
Result<std::vector<Way>> parse_way(std::string_view text);

// What this machine can convert: the administrator's own first, then documents, then what programs of Debian packages
// do (poppler-utils, catdoc) that are there.
std::vector<Way> ways(std::vector<Way> own);
std::vector<Kind> kinds_of(const std::vector<Way>& ways);
// Another number for other ways, or another version of what is read here.
std::uint32_t version_of(const std::vector<Way>& ways);

}  // namespace gatepost::converter
