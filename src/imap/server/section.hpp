#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imap/protocol/command_fetch.hpp"
#include "mime/structure.hpp"

namespace gatepost::imap::server {

// Octets [begin, end) of a message.
struct Range {
  std::uint64_t begin = 0, end = 0;
  std::uint64_t octets() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

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

// Keeps of a header block that passes by in pieces the fields that HEADER.FIELDS or HEADER.FIELDS.NOT names, exactly as
// they are, and the empty line when there is one (RFC 9051 6.4.5.1). The same however it is cut; memory does not depend
// on the block. A line without colon belongs to no name.
class FieldFilter {
 public:
  explicit FieldFilter(const Section& section);
  void append(std::string_view piece, std::string& out);
  void finish(std::string& out);  // the block is complete

 private:
  enum class At : std::uint8_t { line, name, rest, done };
  std::size_t begin_line(std::string_view piece, std::string& out);
  std::size_t read_name(std::string_view piece, std::string& out);
  void decide(bool has_name, std::string& out);
  bool names(std::string_view name) const;

  std::vector<std::string> names_;  // lower case, sorted
  std::size_t longest_ = 0;
  bool except_;
  At at_ = At::line;
  bool keep_;  // the field that is passing by
  std::string held_;
};

}  // namespace gatepost::imap::server
