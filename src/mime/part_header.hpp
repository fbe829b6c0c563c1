#pragma once

#include <string>
#include <string_view>

#include "mime/structure.hpp"

namespace gatepost::mime {

// What the surroundings say about a part before its header is read.
struct PartContext {
  bool message_root = false;   // the header is a message's: it has an envelope
  bool in_digest = false;      // RFC 2046 5.1.5
  bool may_have_parts = true;  // depth and number of parts allow it
};

// Reads the header block of a part into `part`, which is not (yet) in `structure`, and into the vectors of `structure`.
// What it returns is the boundary, not empty exactly for a multipart.
std::string read_part_header(std::string_view block, const PartContext& context, Part& part, Structure& structure);

}  // namespace gatepost::mime
