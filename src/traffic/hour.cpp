#include "traffic/hour.hpp"

#include <algorithm>
#include <limits>

#include "base/bytes.hpp"

namespace gatepost::traffic {
namespace {

constexpr std::uint8_t kHourFormat = 1;
constexpr std::array<std::string_view, kServices> kNames = {"all",  "smtp", "submission", "imap",
                                                            "pop3", "http", "ldap",       "other"};

std::uint32_t narrow(std::uint64_t v) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(v, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

Hour hour_of(TimePoint at) {
  const auto hours = std::chrono::floor<std::chrono::hours>(at.time_since_epoch()).count();
  return Hour{narrow(static_cast<std::uint64_t>(std::max<std::int64_t>(hours, 0)))};
}

TimePoint begin_of(Hour hour) { return TimePoint(std::chrono::hours(static_cast<std::uint32_t>(hour))); }

std::string_view to_string(Service s) { return kNames[static_cast<std::size_t>(s)]; }

Service service_named(std::string_view name) {
  if (name == "https" || name == "web") name = "http";  // "web": browsers
  if (name == "ldaps") name = "ldap";
  const auto at = std::find(kNames.begin() + 1, kNames.end(), name);
  return at == kNames.end() ? Service::other : static_cast<Service>(at - kNames.begin());
}

std::string encode(const HourRecord& record) {
  std::string out;
  put_u8(out, kHourFormat);
  put_varint(out, record.covered);
  put_varint(out, record.queue_peak);
  put_varint(out, record.backup_seconds);
  const auto used = std::ranges::count_if(record.services, [](const Counts& c) { return c != Counts{}; });
  put_u8(out, static_cast<std::uint8_t>(used));
  for (std::size_t i = 0; i < kServices; ++i) {
    const Counts& c = record.services[i];
    if (c == Counts{}) continue;
    put_u8(out, static_cast<std::uint8_t>(i));
    for (const std::uint64_t v : {c.sessions, c.failed, c.messages_in, c.messages_out, c.users, c.presence})
      put_varint(out, v);
  }
  return out;
}

Result<HourRecord> decode_hour(Hour hour, std::string_view value) {
  ByteReader in(value);
  const std::uint8_t format = in.u8();
  if (format != kHourFormat)
    return fail(format > kHourFormat ? Errc::unsupported : Errc::corrupt, "traffic record format");
  HourRecord out;
  out.hour = hour;
  out.covered = narrow(in.varint());
  out.queue_peak = in.varint();
  out.backup_seconds = narrow(in.varint());
  const std::size_t used = in.u8();
  std::size_t next = 0;  // services come in order, each once
  for (std::size_t i = 0; i < used && in.ok(); ++i) {
    const std::size_t service = in.u8();
    if (service < next || service >= kServices) return fail(Errc::corrupt, "traffic record");
    next = service + 1;
    Counts& c = out.services[service];
    for (std::uint64_t* v : {&c.sessions, &c.failed, &c.messages_in, &c.messages_out, &c.users, &c.presence})
      *v = in.varint();
    if (c == Counts{}) return fail(Errc::corrupt, "traffic record");
  }
  if (!in.ok() || !in.at_end()) return fail(Errc::corrupt, "traffic record");
  return out;
}

std::string hour_key(Hour hour) {
  std::string out(1, kHourKey);
  put_u32(out, static_cast<std::uint32_t>(hour));
  return out;
}

Result<Hour> parse_hour_key(std::string_view key) {
  ByteReader in(key);
  const bool ours = static_cast<char>(in.u8()) == kHourKey;
  const Hour hour{in.u32()};
  if (!ours || !in.ok() || !in.at_end()) return fail(Errc::corrupt, "traffic key");
  return hour;
}

}  // namespace gatepost::traffic
