#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "mime/structure.hpp"

namespace gatepost::mime {

// The form of a Structure that is stored with an item (docs/formats/summary.md), so that ENVELOPE, BODYSTRUCTURE and
// the place of a part are known without reading the body. A few hundred octets for an ordinary message.
std::string encode(const Structure& structure);

// Reads what encode() wrote; `encoded` need not live on. corrupt: not a summary, unsupported: of a later version. What
// is accepted satisfies all that structure.hpp promises: offsets in order, runs in range, parts nested.
Result<Structure> decode(std::string_view encoded);

// The same into a scratch that is used again and again; its views point into `encoded`.
Result<> decode(std::string_view encoded, Structure& into);

// Reads only what the message itself says: parts[0] (without those below it) and its envelope, at a cost that does not
// depend on the number of parts. `into` is a scratch that is used again and again; its views point into `encoded`.
Result<> decode_envelope(std::string_view encoded, Structure& into);

}  // namespace gatepost::mime
