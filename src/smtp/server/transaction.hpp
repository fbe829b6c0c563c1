#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "mailflow/reception.hpp"
#include "smtp/protocol/line_ends.hpp"

namespace gatepost::smtp::server {

// From MAIL to the end of the message (RFC 5321 3.3). Dropped whole by RSET, HELO, EHLO, STARTTLS and the end.
struct Transaction {
  mailflow::Envelope envelope;
  std::uint64_t declared_octets = 0;  // SIZE=
  std::size_t destinations = 0;       // of all recipients together
  // While content comes: from DATA or the first BDAT on. Dropped when it is refused.
  std::unique_ptr<mailflow::Intake> intake;
  std::uint64_t octets = 0;               // of content, as it came
  std::optional<LineEndChecker> checker;  // BDAT of a message that is not BINARYMIME
};

}  // namespace gatepost::smtp::server
