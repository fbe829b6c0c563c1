// Targets, authorities, ranges, dates and conditions: no crash, and what they promise of their results.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "http/protocol/etag.hpp"
#include "http/protocol/http_date.hpp"
#include "http/protocol/range.hpp"
#include "http/protocol/uri.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto target = parse_target(text)) {
    for (const auto& segment : target->segments) {
      GP_ASSERT(segment != "." && segment != "..");
      GP_ASSERT(segment.find('/') == std::string::npos && segment.find('\0') == std::string::npos);
    }
    (void)query_value(target->query, "a");
  }
  if (const auto authority = parse_authority(text)) {
    GP_ASSERT(parse_authority(authority->host)->host == authority->host);
  }
  GP_ASSERT(percent_decoded(percent_encoded(text)) == text);
  const RangeAnswer range = parse_range(text, 1000);
  if (range.kind == RangeAnswer::Kind::part) GP_ASSERT(range.part.first <= range.part.last && range.part.last < 1000);
  if (const auto date = parse_date(text)) GP_ASSERT(parse_date(format_date(*date)) == date);
  Fields fields;
  fields.add("if-none-match", text);
  fields.add("if-range", text);
  fields.add("connection", text);
  (void)evaluate_conditions("GET", fields, {.etag = "\"a\""});
  (void)if_range_holds(fields, {.etag = "\"a\""});
  (void)fields.lists("connection", "close");
  return 0;
}
