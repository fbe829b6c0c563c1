#include "ldap/server/sync.hpp"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/matching.hpp"

namespace gatepost::ldap::server {
namespace {

constexpr std::int64_t kFirstMicros = 946'684'800'000'000;  // 2000-01-01, the time of change 0
constexpr std::int64_t kMicros = 1'000'000;
constexpr std::uint64_t kMaxChange = std::uint64_t{1} << 56;

template <std::size_t N>
std::optional<std::int64_t> digits(std::string_view text, std::size_t at) {
  std::int64_t value = 0;
  const auto part = text.substr(at, N);
  const auto [end, ec] = std::from_chars(part.data(), part.data() + part.size(), value);
  if (ec != std::errc{} || end != part.data() + N) return std::nullopt;
  return value;
}

}  // namespace

// "rid=000,csn=YYYYmmddHHMMSS.ffffffZ#000000#000#000000"; limited: #001#.
std::string make_sync_cookie(SyncPlace place) {
  const auto micros = static_cast<std::int64_t>(place.change);
  std::string seconds = generalized_time(kFirstMicros + micros);
  seconds.pop_back();
  return fmt::format("rid=000,csn={}.{:06}Z#000000#00{}#000000", seconds, micros % kMicros, place.limited ? 1 : 0);
}

std::optional<SyncPlace> read_sync_cookie(std::string_view cookie) {
  using namespace std::chrono;
  const std::size_t at = cookie.find("csn=");
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view text = cookie.substr(at + 4);
  constexpr std::size_t kTime = 22;  // YYYYmmddHHMMSS.ffffffZ
  if (text.size() < kTime || text[14] != '.' || text[kTime - 1] != 'Z') return std::nullopt;
  const auto y = digits<4>(text, 0), m = digits<2>(text, 4), d = digits<2>(text, 6), h = digits<2>(text, 8),
             min = digits<2>(text, 10), s = digits<2>(text, 12), f = digits<6>(text, 15);
  if (!y || !m || !d || !h || !min || !s || !f) return std::nullopt;
  const year_month_day day{year(static_cast<int>(*y)), month(static_cast<unsigned>(*m)),
                           std::chrono::day(static_cast<unsigned>(*d))};
  if (!day.ok() || *h > 23 || *min > 59 || *s > 59) return std::nullopt;
  const microseconds when =
      sys_days(day).time_since_epoch() + hours(*h) + minutes(*min) + seconds(*s) + microseconds(*f);
  const std::int64_t change = when.count() - kFirstMicros;
  if (change < 0 || static_cast<std::uint64_t>(change) > kMaxChange) return std::nullopt;
  return SyncPlace{static_cast<std::uint64_t>(change), text.substr(kTime).starts_with("#000000#001#")};
}

std::string write_sync_state(SyncState state, const std::array<char, 16>& uuid) {
  std::string out;
  ber::Writer writer(out);
  const std::size_t mark = writer.begin(ber::kSequence);
  writer.integer(static_cast<std::int64_t>(state), ber::kEnumerated);
  writer.octets({uuid.data(), uuid.size()});
  writer.end(mark);
  return out;
}

std::string write_sync_done(std::string_view cookie, bool deletes) {
  std::string out;
  ber::Writer writer(out);
  const std::size_t mark = writer.begin(ber::kSequence);
  writer.octets(cookie);
  if (deletes) writer.boolean(true);
  writer.end(mark);
  return out;
}

std::string write_sync_info(std::string_view cookie) {
  std::string out;
  ber::Writer(out).octets(cookie, ber::context(0));
  return out;
}

std::string write_sync_refreshed(std::string_view cookie, bool deletes) {
  std::string out;
  ber::Writer writer(out);
  const std::size_t mark = writer.begin(ber::context_constructed(deletes ? 1 : 2));
  writer.octets(cookie);
  writer.end(mark);
  return out;
}

void SyncWakers::enter(const void* key, std::shared_ptr<runtime::Waker> waker) {
  const std::scoped_lock lock(mutex_);
  wakers_[key] = std::move(waker);
}

void SyncWakers::leave(const void* key) {
  const std::scoped_lock lock(mutex_);
  wakers_.erase(key);
}

void SyncWakers::wake_all() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [key, waker] : wakers_) waker->wake();
}

}  // namespace gatepost::ldap::server
