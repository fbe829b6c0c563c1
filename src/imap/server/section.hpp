#pragma once

#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "imap/protocol/command_fetch.hpp"
#include "mime/structure.hpp"
#include "reading/message_reader.hpp"

namespace gatepost::imap::server {

// Messages are read by a layer that knows no protocol.
using reading::FieldFilter;
using reading::kPieceOctets;
using reading::MessageReader;
using reading::Range;
using reading::SectionReader;
using reading::structure_of;
using reading::Window;

// Where a section lies (RFC 9051 6.4.5.1). Of HEADER.FIELDS: the header block that a FieldFilter chooses from.
struct Place {
  Range range;
  std::uint32_t part = 0;  // index into Structure::parts: whose header or body it is
  bool operator==(const Place&) const = default;
};
// nullopt: no such part, or a HEADER or TEXT of a part that is no message.
std::optional<Place> find_section(const mime::Structure& structure, const Section& section);

// What `partial` leaves of `octets` octets, counted from their beginning; empty when it begins behind the end
// (RFC 9051 6.4.5).
Range clip(std::uint64_t octets, const std::optional<Partial>& partial);

// Of HEADER.FIELDS and HEADER.FIELDS.NOT.
FieldFilter filter_of(const Section& section);

// What a section comes to.
struct Measure {
  std::uint64_t octets = 0;  // all of it
  Range wanted;              // what the partial leaves of it
  bool has_nul = false;      // in that
};
Result<Measure> measure(SectionReader section, const std::optional<Partial>& partial);

}  // namespace gatepost::imap::server
