#include "certificates/renewal.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <boost/json.hpp>

namespace gatepost::certificates {
namespace {

namespace json = boost::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kBeforeEnd = 3;  // the last third
constexpr int kEarlier = 20;   // and a twentieth of the lifetime

json::value time_value(TimePoint at) {
  return at == TimePoint{} ? json::value() : json::value(date::format_rfc3339(at));
}

TimePoint time_in(const json::object& from, std::string_view key) {
  const json::value* const value = from.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return date::parse_rfc3339({value->as_string().data(), value->as_string().size()}).value_or(TimePoint{});
}

std::string text_in(const json::object& from, std::string_view key) {
  const json::value* const value = from.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

}  // namespace

TimePoint renewal_time(TimePoint not_before, TimePoint not_after, const State& state) {
  const double share = std::clamp(state.share, 0.0, 1.0);
  const auto part_of = [share](TimePoint::duration whole) {
    return TimePoint::duration(static_cast<TimePoint::rep>(static_cast<double>(whole.count()) * share));
  };
  if (state.suggestion) {
    // RFC 9773 4.2: a random moment of the window.
    const Suggestion& s = *state.suggestion;
    return s.end > s.start ? s.start + part_of(s.end - s.start) : s.start;
  }
  const auto lifetime = std::max(not_after - not_before, TimePoint::duration::zero());
  return not_after - lifetime / kBeforeEnd - part_of(lifetime / kEarlier);
}

TimePoint next_attempt(TimePoint not_before, TimePoint not_after, const State& state) {
  return std::max(renewal_time(not_before, not_after, state), state.retry_at);
}

seconds back_off(unsigned failures, double share) {
  constexpr std::array<seconds, 6> kWaits = {minutes(15), minutes(30), hours(2), hours(6), hours(12), hours(24)};
  if (failures == 0) return seconds(0);
  const seconds wait = kWaits[std::min<std::size_t>(failures, kWaits.size()) - 1];
  return wait - seconds(static_cast<seconds::rep>(static_cast<double>(wait.count() / 5) * std::clamp(share, 0.0, 1.0)));
}

std::string to_json(const State& state) {
  json::object out{{"share", state.share},
                   {"failures", state.failures},
                   {"retry_at", time_value(state.retry_at)},
                   {"tried_at", time_value(state.tried_at)},
                   {"cause", state.cause},
                   {"remedy", state.remedy}};
  if (state.suggestion) {
    out["suggestion"] = json::object{{"start", time_value(state.suggestion->start)},
                                     {"end", time_value(state.suggestion->end)},
                                     {"ask_again", time_value(state.suggestion->ask_again)},
                                     {"explanation", state.suggestion->explanation}};
  }
  return json::serialize(out);
}

Result<State> state_from_json(std::string_view text) {
  boost::system::error_code ec;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), ec);
  if (ec || !value.is_object()) return fail(Errc::corrupt, "no JSON object");
  const json::object& object = value.as_object();
  State out;
  if (const auto* share = object.if_contains("share"); share != nullptr && share->is_number())
    out.share = std::clamp(share->to_number<double>(ec), 0.0, 1.0);
  if (const auto* failures = object.if_contains("failures"); failures != nullptr && failures->is_int64())
    out.failures = static_cast<unsigned>(std::clamp<std::int64_t>(failures->as_int64(), 0, 1'000'000));
  out.retry_at = time_in(object, "retry_at");
  out.tried_at = time_in(object, "tried_at");
  out.cause = text_in(object, "cause");
  out.remedy = text_in(object, "remedy");
  if (const auto* s = object.if_contains("suggestion"); s != nullptr && s->is_object()) {
    const json::object& from = s->as_object();
    out.suggestion = Suggestion{time_in(from, "start"), time_in(from, "end"), time_in(from, "ask_again"),
                                text_in(from, "explanation")};
  }
  return out;
}

}  // namespace gatepost::certificates
