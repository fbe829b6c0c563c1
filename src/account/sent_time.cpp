#include "account/sent_time.hpp"

#include "base/date.hpp"
#include "mime/summary.hpp"

namespace gatepost::account {

std::optional<std::int64_t> sent_time(std::string_view summary, TimePoint received) {
  mime::Structure structure;
  if (summary.empty() || !mime::decode_envelope(summary, structure) || structure.envelopes.empty()) return std::nullopt;
  const mime::OptionalText& text = structure.envelopes.front().date;
  const auto sent = text ? date::parse_rfc5322(*text) : std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(sent.value_or(received)).time_since_epoch().count();
}

}  // namespace gatepost::account
