#include "mailflow/queue_record.hpp"

#include <algorithm>
#include <optional>

#include "base/bytes.hpp"

namespace gatepost::mailflow {
namespace {

constexpr std::uint8_t kQueueFormat = 1;
constexpr std::uint8_t kDsnFormat = 2;  // of an entry whose sender wants to hear something in particular
constexpr std::uint8_t kSmtpUtf8 = 1, kDelayReported = 2, kHeld = 4;

std::uint64_t micros(TimePoint t) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(t.time_since_epoch()).count());
}
constexpr std::uint64_t kMaxMicros = static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::microseconds>(TimePoint::max().time_since_epoch()).count());
// nullopt: no time that can be told.
std::optional<TimePoint> from_micros(std::uint64_t us) {
  if (us > kMaxMicros) return std::nullopt;
  return TimePoint(std::chrono::microseconds(static_cast<std::int64_t>(us)));
}

constexpr std::uint8_t kNotifyGiven = 1, kNotifySuccess = 2, kNotifyFailure = 4, kNotifyDelay = 8, kOriginalGiven = 16,
                       kPassedOn = 32;
constexpr std::uint8_t kRetGiven = 1, kRetHeaders = 2, kEnvidGiven = 4;

bool has_dsn(const QueueEntry& e) {
  return e.ret || e.envid || std::ranges::any_of(e.recipients, [](const RecipientState& r) {
           return r.dsn != DsnRequest{} || r.passed_on || r.status == RecipientState::Status::expanded;
         });
}

void put_dsn(std::string& out, const RecipientState& r) {
  const smtp::Notify notify = r.dsn.notify.value_or(smtp::Notify{});
  put_u8(out, static_cast<std::uint8_t>((r.dsn.notify ? kNotifyGiven : 0) | (notify.success ? kNotifySuccess : 0) |
                                        (notify.failure ? kNotifyFailure : 0) | (notify.delay ? kNotifyDelay : 0) |
                                        (r.dsn.original ? kOriginalGiven : 0) | (r.passed_on ? kPassedOn : 0)));
  if (!r.dsn.original) return;
  put_text(out, r.dsn.original->type);
  put_text(out, r.dsn.original->address);
}

void get_dsn(ByteReader& in, RecipientState& r) {
  const std::uint8_t bits = in.u8();
  if ((bits & kNotifyGiven) != 0) {
    r.dsn.notify = smtp::Notify{.success = (bits & kNotifySuccess) != 0,
                                .failure = (bits & kNotifyFailure) != 0,
                                .delay = (bits & kNotifyDelay) != 0};
  }
  r.passed_on = (bits & kPassedOn) != 0;
  if ((bits & kOriginalGiven) == 0) return;
  r.dsn.original.emplace();
  r.dsn.original->type = in.text();
  r.dsn.original->address = in.text();
}

void put_recipient(std::string& out, const RecipientState& r) {
  put_text(out, r.address);
  put_text(out, r.original);
  put_varint(out, r.account ? static_cast<std::uint64_t>(*r.account) + 1 : 0);
  put_u8(out, static_cast<std::uint8_t>(r.status));
  put_text(out, r.last_reply);
  put_text(out, r.last_host);
}

RecipientState get_recipient(ByteReader& in) {
  RecipientState r;
  r.address = in.text();
  r.original = in.text();
  if (const std::uint64_t account = in.varint(); account != 0)
    r.account = static_cast<directory::PrincipalId>(account - 1);
  r.status = static_cast<RecipientState::Status>(std::min<std::uint8_t>(in.u8(), 3));
  r.last_reply = in.text();
  r.last_host = in.text();
  return r;
}

}  // namespace

std::string encode(const QueueEntry& e) {
  std::string out;
  const bool dsn = has_dsn(e);
  put_u8(out, dsn ? kDsnFormat : kQueueFormat);
  out.append(reinterpret_cast<const char*>(e.body.sha256.data()), e.body.sha256.size());
  put_varint(out, e.body.size);
  put_text(out, e.reverse_path);
  put_u8(out, static_cast<std::uint8_t>(e.body_type));
  put_u8(out, static_cast<std::uint8_t>((e.smtputf8 ? kSmtpUtf8 : 0) | (e.delay_reported ? kDelayReported : 0) |
                                        (e.held ? kHeld : 0)));
  put_varint(out, micros(e.created));
  put_varint(out, micros(e.due));
  put_varint(out, e.attempts);
  put_varint(out, e.recipients.size());
  for (const auto& r : e.recipients) put_recipient(out, r);
  put_text(out, e.summary);
  if (!dsn) return out;
  put_u8(out, static_cast<std::uint8_t>((e.ret ? kRetGiven : 0) | (e.ret == smtp::Ret::headers ? kRetHeaders : 0) |
                                        (e.envid ? kEnvidGiven : 0)));
  if (e.envid) put_text(out, *e.envid);
  for (const auto& r : e.recipients) put_dsn(out, r);
  return out;
}

Result<QueueEntry> decode_queue_entry(QueueId id, std::string_view record) {
  ByteReader in(record);
  const std::uint8_t format = in.u8();
  if (format != kQueueFormat && format != kDsnFormat) {
    return fail(format > kDsnFormat ? Errc::unsupported : Errc::corrupt,
                "queue record format " + std::to_string(format));
  }
  QueueEntry e;
  e.id = id;
  const std::string_view hash = in.take(e.body.sha256.size());
  if (in.ok()) std::copy(hash.begin(), hash.end(), e.body.sha256.begin());
  e.body.size = in.varint();
  e.reverse_path = in.text();
  e.body_type = static_cast<BodyType>(std::min<std::uint8_t>(in.u8(), 2));
  const std::uint8_t flags = in.u8();
  e.smtputf8 = (flags & kSmtpUtf8) != 0;
  e.delay_reported = (flags & kDelayReported) != 0;
  e.held = (flags & kHeld) != 0;
  const auto created = from_micros(in.varint());
  const auto due = from_micros(in.varint());
  e.attempts = static_cast<std::uint32_t>(in.varint());
  const std::uint64_t count = in.varint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) e.recipients.push_back(get_recipient(in));
  e.summary = in.text();
  if (format == kDsnFormat) {
    const std::uint8_t bits = in.u8();
    if ((bits & kRetGiven) != 0) e.ret = (bits & kRetHeaders) != 0 ? smtp::Ret::headers : smtp::Ret::full;
    if ((bits & kEnvidGiven) != 0) e.envid = in.text();
    for (auto& r : e.recipients) get_dsn(in, r);
  }
  const bool whole = in.ok() && in.at_end() && created && due;
  if (!whole) return fail(Errc::corrupt, "queue record " + to_string(id) + " is damaged");
  e.created = *created;
  e.due = *due;
  return e;
}

}  // namespace gatepost::mailflow
