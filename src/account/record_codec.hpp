#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "account/records.hpp"
#include "base/bytes.hpp"
#include "store/keys.hpp"

// What the files that write and read records share; nobody else includes it.
namespace gatepost::account::records {

inline constexpr std::uint64_t kMaxSeconds = 253'402'300'799;  // the year 9999: a Date that says more is damage
// Times of ours: what the clock's nanoseconds hold.
inline constexpr std::int64_t kMaxTime =
    std::chrono::floor<std::chrono::seconds>(TimePoint::max()).time_since_epoch().count();

inline constexpr std::uint8_t kLongFormat = 2;  // with what an older program did not know (docs/formats/account.md)

inline std::string start(std::size_t reserve) {
  std::string out;
  out.reserve(reserve);
  put_u8(out, store::kRecordFormat);
  return out;
}

inline std::uint32_t number(FolderId id) { return static_cast<std::uint32_t>(id); }

inline std::uint64_t number(ItemId id) { return static_cast<std::uint64_t>(id); }

inline std::int64_t seconds_of(TimePoint t) {
  return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

// Small whether before or after 0.
inline std::uint64_t zigzag(std::int64_t s) {
  return (static_cast<std::uint64_t>(s) << 1) ^ static_cast<std::uint64_t>(s >> 63);
}

inline std::uint64_t zigzag(TimePoint t) { return zigzag(seconds_of(t)); }

// At most twice kMaxSeconds from 0.
inline std::int64_t read_seconds(ByteReader& in, bool& ok) {
  constexpr auto kMost = 2 * static_cast<std::int64_t>(kMaxSeconds);
  const std::uint64_t v = in.varint();
  const auto s = static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  ok = ok && s <= kMost && s >= -kMost;
  return ok ? s : 0;
}

inline TimePoint read_time(ByteReader& in, bool& ok) {
  const std::int64_t s = read_seconds(in, ok);
  if (s > kMaxTime || s < -kMaxTime) {
    ok = false;
    return {};
  }
  return TimePoint(std::chrono::seconds(s));
}

inline Result<ByteReader> begin(std::string_view value, const char* what, std::uint8_t newest = store::kRecordFormat) {
  ByteReader in(value);
  const std::uint8_t format = in.u8();
  if (!in.ok()) return fail(Errc::corrupt, std::string("empty ") + what);
  if (format == 0 || format > newest) {
    return fail(format > newest ? Errc::unsupported : Errc::corrupt, std::string("format of ") + what);
  }
  return in;
}

inline bool is_long(std::string_view value) { return static_cast<std::uint8_t>(value[0]) >= kLongFormat; }

inline std::unexpected<Error> damaged(const char* what) { return fail(Errc::corrupt, std::string("damaged ") + what); }

template <class T>
bool narrow(std::uint64_t from, T& to) {
  to = static_cast<T>(from);
  return static_cast<std::uint64_t>(to) == from;
}

}  // namespace gatepost::account::records
