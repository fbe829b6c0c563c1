#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/date.hpp"
#include "base/result.hpp"

// How much went on in each hour, by service: what the quiet hour is found from (plan.hpp).
namespace gatepost::traffic {

enum class Hour : std::uint32_t {};  // hours since 1970 in UTC, whatever zone people live in
Hour hour_of(TimePoint at);
TimePoint begin_of(Hour hour);

// `all`: people of any service, each once. Numbers are on disk.
enum class Service : std::uint8_t { all, smtp, submission, imap, pop3, http, ldap, other };
inline constexpr std::size_t kServices = 8;
std::string_view to_string(Service);
// The names that the directory's door and the listeners use; what is not known is `other`.
Service service_named(std::string_view name);

struct Counts {
  std::uint64_t sessions = 0;  // that were opened
  std::uint64_t failed = 0;    // sign-ins
  std::uint64_t messages_in = 0, messages_out = 0;
  std::uint64_t users = 0;  // different people who were signed in at some time of the hour, about
  std::uint64_t presence =
      0;  // people signed in, times the seconds they were seen: divided by `covered`, how many at a time
  bool operator==(const Counts&) const = default;
};

struct HourRecord {
  Hour hour{};
  std::uint32_t covered = 0;         // seconds the server ran in; more than 3600 when the clock was set back
  std::uint64_t queue_peak = 0;      // messages that waited, at most
  std::uint32_t backup_seconds = 0;  // a backup was being made
  std::array<Counts, kServices> services{};

  Counts& of(Service s) { return services[static_cast<std::size_t>(s)]; }
  const Counts& of(Service s) const { return services[static_cast<std::size_t>(s)]; }
  bool operator==(const HourRecord&) const = default;
};

// docs/formats/traffic.md
std::string encode(const HourRecord&);  // without `hour`, which is the key
Result<HourRecord> decode_hour(Hour hour, std::string_view value);
inline constexpr char kHourKey = 't', kSketchKey = 'u';
std::string hour_key(Hour hour);
Result<Hour> parse_hour_key(std::string_view key);

}  // namespace gatepost::traffic
