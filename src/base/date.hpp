#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gatepost {

using TimePoint = std::chrono::system_clock::time_point;  // microseconds at most are kept on disk

namespace date {

// RFC 5322 3.3 date-time, with the obsolete forms of 4.3 (two-digit years, named zones, comments). nullopt if no date.
// `zone_minutes`, when not null, receives the offset east of UTC that the text names.
std::optional<TimePoint> parse_rfc5322(std::string_view text, int* zone_minutes = nullptr);
// "Tue, 24 Nov 2026 08:35:18 +0000"
std::string format_rfc5322(TimePoint t, int zone_minutes = 0);
// IMAP date-time (RFC 9051 9): "24-Nov-2026 08:35:18 +0000", day may be space-padded; without the quotes.
std::optional<TimePoint> parse_imap_datetime(std::string_view text);
std::string format_imap_datetime(TimePoint t, int zone_minutes = 0);
// IMAP date (search keys): "1-Feb-1994". Midnight UTC of that day.
std::optional<TimePoint> parse_imap_date(std::string_view text);
// RFC 3339 in UTC with milliseconds: "2026-11-24T08:35:18.123Z" for logs and JSON.
std::string format_rfc3339(TimePoint t);
std::optional<TimePoint> parse_rfc3339(std::string_view text);

}  // namespace date
}  // namespace gatepost
