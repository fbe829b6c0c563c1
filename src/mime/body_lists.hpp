#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mime/structure.hpp"

namespace gatepost::mime {

// Which parts are shown as the text, as HTML, and as attachments (RFC 8621 4.1.4): indexes into the structure.
struct BodyLists {
  std::vector<std::uint32_t> text, html, attachments;
};
BodyLists body_lists(const Structure& structure);
// Whether people would say that something is attached.
bool has_attachment(const Structure& structure);
// What a part is called as a file, decoded.
std::optional<std::string> part_name(const Structure& structure, const Part& part);

}  // namespace gatepost::mime
