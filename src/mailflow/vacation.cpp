#include "mailflow/vacation.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "mailflow/memory.hpp"

// What is kept of a vacation: two annotations of the account that no client sees.
namespace gatepost::mailflow {
namespace {

constexpr account::Reader kVacationReader = std::numeric_limits<account::Reader>::max() - 2;
constexpr std::string_view kVacationName = "/vacation", kTold = "/told";
constexpr std::uint8_t kVacationFormat = 1;
constexpr std::uint8_t kVacationEnabled = 1, kFrom = 2, kUntil = 4, kSubject = 8, kText = 16, kHtml = 32;
constexpr std::size_t kToldOctets = 12;  // a digest's first 8, and a day
constexpr std::size_t kMaxTold = 2'400;  // below what an annotation may have; beyond, the oldest are forgotten

TimePoint time_of(std::uint64_t seconds) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 33;
  return TimePoint(std::chrono::seconds(static_cast<std::int64_t>(std::min(seconds, kMost))));
}

std::string encode_vacation(const Vacation& v) {
  std::string out;
  put_u8(out, kVacationFormat);
  put_u8(out,
         static_cast<std::uint8_t>((v.enabled ? kVacationEnabled : 0) | (v.from ? kFrom : 0) | (v.until ? kUntil : 0) |
                                   (v.subject ? kSubject : 0) | (v.text ? kText : 0) | (v.html ? kHtml : 0)));
  if (v.from) put_u64(out, seconds_of(*v.from));
  if (v.until) put_u64(out, seconds_of(*v.until));
  if (v.subject) put_text(out, *v.subject);
  if (v.text) put_text(out, *v.text);
  if (v.html) put_text(out, *v.html);
  return out;
}

Result<Vacation> decode_vacation(std::string_view record) {
  ByteReader in(record);
  if (const std::uint8_t format = in.u8(); format != kVacationFormat) {
    return fail(format > kVacationFormat ? Errc::unsupported : Errc::corrupt,
                "vacation format " + std::to_string(format));
  }
  Vacation v;
  const std::uint8_t bits = in.u8();
  v.enabled = (bits & kVacationEnabled) != 0;
  if ((bits & kFrom) != 0) v.from = time_of(in.u64());
  if ((bits & kUntil) != 0) v.until = time_of(in.u64());
  if ((bits & kSubject) != 0) v.subject = in.text();
  if ((bits & kText) != 0) v.text = in.text();
  if ((bits & kHtml) != 0) v.html = in.text();
  if (!in.ok() || !in.at_end()) return fail(Errc::corrupt, "vacation record is damaged");
  return v;
}

Result<std::optional<std::string>> read(account::Account& account, std::string_view name) {
  GP_TRY(const auto all, account.annotations(account::kRoot, kVacationReader));
  const auto found = std::ranges::find(all, name, &account::Annotation::name);
  return found == all.end() ? std::nullopt : std::optional(found->value);
}

account::AnnotationChange change_annotation(std::string_view name, std::optional<std::string> value) {
  return {.reader = kVacationReader, .name = std::string(name), .value = std::move(value)};
}

}  // namespace

Result<Vacation> vacation_of(account::Account& account) {
  GP_TRY(const auto kept, read(account, kVacationName));
  if (!kept) return Vacation();
  return decode_vacation(*kept);
}

Result<> set_vacation(account::Account& account, const Vacation& vacation) {
  const auto octets = [](const std::optional<std::string>& text) { return text ? text->size() : 0; };
  if (octets(vacation.subject) + octets(vacation.text) + octets(vacation.html) > kMaxVacationOctets) {
    return fail(Errc::too_large, "the texts of a vacation");
  }
  const account::AnnotationChange changes[] = {change_annotation(kVacationName, encode_vacation(vacation)),
                                               change_annotation(kTold, std::nullopt)};
  return account.set_annotations(account::kRoot, changes, 0);
}

Result<bool> note_vacation_told(account::Account& account, std::string_view sender, TimePoint now) {
  GP_TRY(const auto kept, read(account, kTold));
  const Sha256Value hash = sha256(ascii::to_lower(sender));
  const std::string_view name(reinterpret_cast<const char*>(hash.data()), 8);
  const auto today = static_cast<std::uint32_t>(std::chrono::floor<std::chrono::days>(now).time_since_epoch().count());
  const std::string told = kept.value_or("");
  std::string next;
  for (std::string_view rest = told; rest.size() >= kToldOctets; rest.remove_prefix(kToldOctets)) {
    const std::uint32_t day = ByteReader(rest.substr(name.size())).u32();
    if (today < day || today - day >= static_cast<std::uint32_t>(kVacationSilence.count())) continue;
    if (rest.starts_with(name)) return false;
    next.append(rest.substr(0, kToldOctets));
  }
  next += name;
  put_u32(next, today);
  if (next.size() > kMaxTold * kToldOctets) next.erase(0, kToldOctets);
  const account::AnnotationChange note = change_annotation(kTold, std::move(next));
  GP_CHECK(account.set_annotations(account::kRoot, std::span(&note, 1), 0));
  return true;
}

}  // namespace gatepost::mailflow
