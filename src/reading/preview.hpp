#pragma once

#include <string>

#include "mime/structure.hpp"
#include "reading/message_reader.hpp"

namespace gatepost::reading {

// The first words of the message that `reader` has open, as a list of messages shows them (RFC 8970 3.1): at most 200
// characters of UTF-8 on one line; "" when there is no text. Blocks.
Result<std::string> preview(MessageReader& reader, const mime::Structure& structure);

// Without reading anything: there is text that a preview could be made of.
bool has_preview(const mime::Structure& structure);

}  // namespace gatepost::reading
