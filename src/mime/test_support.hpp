#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "mime/structure.hpp"

namespace gatepost::mime::test {

inline Structure scan_in_chunks(std::string_view message, std::size_t octets) {
  StructureScanner scanner;
  for (std::size_t i = 0; i < message.size(); i += octets) scanner.feed(message.substr(i, octets));
  return scanner.finish();
}

// The size of the chunk with which a message has another structure than whole, 0 if there is none.
inline std::size_t chunk_that_differs(std::string_view message) {
  const Structure whole = scan(message);
  for (std::size_t octets = 1; octets <= 8; ++octets) {
    if (scan_in_chunks(message, octets) != whole) return octets;
  }
  return 0;
}

inline std::string_view header_of(std::string_view message, const Part& part) {
  return message.substr(part.header_begin, part.header_octets());
}
inline std::string_view body_of(std::string_view message, const Part& part) {
  return message.substr(part.body_begin, part.body_octets());
}

// One line a part: indentation by depth, kind, type, and of single parts the body, with "|" for a line end.
inline std::string outline(std::string_view message, const Structure& s) {
  std::string out;
  for (const Part& part : s.parts) {
    out.append(part.depth * 2, ' ');
    out += part.type;
    out += '/';
    out += part.subtype;
    if (part.kind == Part::Kind::multi) out += " multi";
    if (part.kind == Part::Kind::message) out += " message";
    if (part.kind == Part::Kind::single) {
      out += " [";
      for (const char c : body_of(message, part)) {
        if (c == '\n') out += '|';
        if (c != '\n' && c != '\r') out += c;
      }
      out += ']';
    }
    out += '\n';
  }
  return out;
}

// What structure.hpp promises of every structure.
inline bool is_sound(const Structure& s, std::string_view message) {
  if (s.parts.empty() || s.parts.size() > kMaxParts || s.octets() != message.size() || s.parts[0].header_begin != 0)
    return false;
  for (std::uint32_t i = 0; i < s.parts.size(); ++i) {
    const Part& part = s.parts[i];
    if (part.header_begin > part.body_begin || part.body_begin > part.body_end || part.end <= i ||
        part.end > s.parts.size())
      return false;
    if (part.depth > kMaxDepth || (part.kind == Part::Kind::single && part.end != i + 1)) return false;
    const std::string_view body = body_of(message, part);
    if (part.lines != static_cast<std::uint64_t>(std::ranges::count(body, '\n'))) return false;
    std::uint64_t from = part.body_begin;
    std::uint32_t children = 0;
    for (std::uint32_t c = i + 1; c < part.end; c = s.parts[c].end, ++children) {
      const Part& child = s.parts[c];
      if (child.parent != i || child.depth != part.depth + 1) return false;
      if (child.header_begin < from || child.body_end > part.body_end) return false;
      from = child.body_end;
    }
    const bool message_root = i == 0 || s.parts[part.parent].kind == Part::Kind::message;
    if (message_root != (part.envelope < s.envelopes.size())) return false;
    if (part.kind == Part::Kind::message &&
        (children != 1 || s.parts[i + 1].header_begin != part.body_begin || s.parts[i + 1].body_end != part.body_end))
      return false;
  }
  return true;
}

}  // namespace gatepost::mime::test
