#include "mime/structure.hpp"

namespace gatepost::mime {

Structure::Structure() : parts(1), envelopes(1) {
  parts[0].end = 1;
  parts[0].envelope = 0;
}

std::optional<std::uint32_t> Structure::find(std::span<const std::uint32_t> number) const {
  std::uint32_t at = 0;
  bool message_root = true;  // whose own part number is 1 when it is no multipart
  for (const std::uint32_t n : number) {
    if (!message_root && parts[at].kind == Part::Kind::message) {
      ++at;
    } else if (!message_root && parts[at].kind == Part::Kind::single) {
      return std::nullopt;
    }
    message_root = false;
    if (parts[at].kind != Part::Kind::multi) {
      if (n != 1) return std::nullopt;
      continue;
    }
    const std::uint32_t end = parts[at].end;
    std::uint32_t child = at + 1;
    for (std::uint32_t i = 1; i < n && child < end; ++i) child = parts[child].end;
    if (n == 0 || child >= end) return std::nullopt;
    at = child;
  }
  return at;
}

bool Structure::operator==(const Structure& other) const {
  return parts == other.parts && envelopes == other.envelopes && parameters == other.parameters &&
         languages == other.languages && addresses == other.addresses;
}

Structure scan(std::string_view message) {
  StructureScanner scanner;
  scanner.feed(message);
  return scanner.finish();
}

}  // namespace gatepost::mime
