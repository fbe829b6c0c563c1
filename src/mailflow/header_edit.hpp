#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace gatepost::mailflow {

inline constexpr std::size_t kReadHeaderOctets = 128 << 10;  // of a message whose header is looked at
inline constexpr std::size_t kMaxReturnedHeader = 64 << 10;  // in a report

// Octets of `text` up to and including the empty line that ends a message's header, or npos while it has not come yet.
// A message that begins with an empty line has a header of those two octets. Line ends are CRLF. `from`: where to go on
// looking.
std::size_t header_end(std::string_view text, std::size_t from = 0);

// Received fields in a header block: how many servers the message passed (RFC 5321 6.3).
std::uint32_t count_received(std::string_view header);

struct SubmissionEdit {
  std::string date;        // value for a missing Date field
  std::string message_id;  // value for a missing Message-ID field, with angle brackets
  // Value of the Sender field, in place of any there is; "": there is none. nullopt: as it came.
  std::optional<std::string> sender = {};
};

// Calls visit(name, value) for each field of a header block, in order; views into it. The value is folded as it came,
// without the line end.
void for_each_field(std::string_view header,
                    const std::function<void(std::string_view name, std::string_view value)>& visit);

// What a submission server does to a header (RFC 6409 8.1 to 8.3; RFC 5322 3.6.3): adds Date and Message-ID when they
// are missing, sets Sender and drops Bcc and Resent-Bcc. Every other octet stays as it is.
std::string edit_for_submission(std::string_view header, const SubmissionEdit& edit);

}  // namespace gatepost::mailflow
