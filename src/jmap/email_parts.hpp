#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jmap/email_header.hpp"
#include "jmap/standard.hpp"
#include "mime/structure.hpp"
#include "reading/message_reader.hpp"

// The parts of a message as JMAP shows them (RFC 8621 4.1.4).
namespace gatepost::jmap {

// What a client asks for of each part.
struct PartProperties {
  std::vector<std::string> names;
  std::vector<HeaderProperty> headers;  // of the names that are header properties
  static Outcome<PartProperties> read(const std::optional<std::vector<std::string>>& given);
  bool has(std::string_view name) const;
};

// A message whose parts are looked at. Borrows all of it. Blocks where it reads.
struct MessageParts {
  reading::MessageReader& reader;
  const mime::Structure& structure;
  std::string blob;  // of the message

  Result<json::object> part(std::uint32_t index, const PartProperties& properties, bool with_children);
  // An EmailBodyValue of a text part. `max_octets`: of UTF-8; 0: no limit. Reads at most `budget` octets, which it
  // takes from there.
  Result<json::object> value(std::uint32_t index, std::uint64_t max_octets, std::uint64_t& budget);
  Result<std::string_view> header(std::uint32_t index);
};

// As read by clients: a part's number within its message. Multiparts have none.
std::string part_id(std::uint32_t index);

}  // namespace gatepost::jmap
