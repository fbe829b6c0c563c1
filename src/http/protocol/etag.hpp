#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/date.hpp"
#include "http/protocol/head.hpp"

namespace gatepost::http {

// What a server knows of a representation it has; `etag` with its quotes, and "W/" where it is weak; empty: none.
struct Validators {
  std::string etag;
  std::optional<TimePoint> modified;
  bool exists = true;  // false: nothing is there yet (for If-Match: *, If-None-Match: *)
};

// "\"abc\"" out of any text without quotes and controls.
std::string make_etag(std::string_view opaque);

// What the conditions of a request come to, in the order of RFC 9110 13.2.2.
enum class Condition : std::uint8_t { go_on, not_modified, failed };  // 304, 412
Condition evaluate_conditions(std::string_view method, const Fields& request, const Validators& have);
// Whether Range counts (RFC 9110 13.1.5): there is no If-Range, or it fits.
bool if_range_holds(const Fields& request, const Validators& have);

}  // namespace gatepost::http
