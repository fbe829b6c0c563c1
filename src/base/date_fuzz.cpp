#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/date.hpp"
#include "base/result.hpp"

// Any text: no crash, and a date that was read is written and read back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  int zone = 0;
  if (const auto t = date::parse_rfc5322(text, &zone)) {
    GP_ASSERT(date::parse_rfc5322(date::format_rfc5322(*t, zone)) == t);
  }
  if (const auto t = date::parse_imap_datetime(text)) {
    GP_ASSERT(date::parse_imap_datetime(date::format_imap_datetime(*t)) == t);
  }
  date::parse_imap_date(text);
  if (const auto t = date::parse_rfc3339(text)) {
    using std::chrono::milliseconds;
    GP_ASSERT(date::parse_rfc3339(date::format_rfc3339(*t)) == std::chrono::floor<milliseconds>(*t));
  }
  return 0;
}
