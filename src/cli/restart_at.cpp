#include "cli/restart_at.hpp"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <thread>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/clock.hpp"
#include "base/date.hpp"
#include "cli/run_verb.hpp"
#include "traffic/zone.hpp"

namespace gatepost::cli {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kAnnouncedBefore[] = {minutes(5), minutes(1)};
constexpr seconds kLongestSleep{10};  // the clock may be set meanwhile

TimePoint now() { return SystemClock().now(); }

void sleep_until(TimePoint at) {
  for (TimePoint t = now(); t < at; t = now()) {
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(kLongestSleep, at - t));
  }
}

// "03:10": the next time the clock on the wall shows it.
std::optional<TimePoint> next_time(std::string_view text, const traffic::Zone& zone) {
  unsigned hour = 24;
  unsigned minute = 60;
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto take = [](std::string_view digits, unsigned& out) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (!take(text.substr(0, 2), hour) || !take(text.substr(3), minute) || hour > 23 || minute > 59) return std::nullopt;
  const auto today = std::chrono::floor<std::chrono::days>(zone.wall(now()));
  for (int day = 0; day < 3; ++day) {
    const auto at = zone.moment(today + std::chrono::days(day) + std::chrono::hours(hour) + minutes(minute));
    if (at && *at > now()) return at;
  }
  return std::nullopt;
}

// The best start of `gatepost maintenance plan`.
std::optional<TimePoint> quiet_hour(Context& context, const config::Config& config, const std::string& within) {
  admin::Request request{"maintenance plan", {}};
  if (!within.empty()) request.options["within"] = {within};
  const admin::Reply reply = reply_to(config, request);
  boost::system::error_code ec;
  const boost::json::value plan = boost::json::parse(reply.json, ec);
  const auto* object = ec ? nullptr : plan.if_object();
  const auto* best = object != nullptr ? object->if_contains("best") : nullptr;
  if (reply.exit_code == 0 && best != nullptr && best->is_array() && !best->get_array().empty()) {
    return date::parse_rfc3339(std::string(best->get_array().front().at("begin").as_string()));
  }
  std::cerr << reply.text;
  context.exit_code = reply.exit_code == 0 ? 1 : reply.exit_code;
  return std::nullopt;
}

void announce(const config::Config& config, const std::string& message, minutes before) {
  std::string text = message;
  if (text.empty())
    text = fmt::format("The mail server is restarted in {} minute(s). Nothing is lost.", before.count());
  (void)reply_to(config, admin::Request{"maintenance announce", {{"message", {text}}}});
}

}  // namespace

bool wait_for_time(Context& context, const config::Config& config, const RestartTime& time) {
  if (time.at.empty() && !time.quiet_hour) return true;
  const auto zone = traffic::Zone::named(config.maintenance.time_zone);
  if (!zone) {
    std::cerr << zone.error().detail << "\n";
    context.exit_code = 2;
    return false;
  }
  std::optional<TimePoint> at;
  if (time.quiet_hour) {
    at = quiet_hour(context, config, time.within);
    if (!at) return false;
  } else {
    at = time.at.size() == 5 ? next_time(time.at, *zone) : date::parse_rfc3339(time.at);
    if (!at || *at <= now()) {
      std::cerr << "--at wants a time to come: 03:10, or 2026-11-29T03:10:00Z\n";
      context.exit_code = 2;
      return false;
    }
  }
  std::cout << fmt::format("Waiting until {} ({}), {}.\n", traffic::format_wall(zone->wall(*at)), zone->name(),
                           date::format_rfc3339(*at))
            << std::flush;
  for (const minutes before : kAnnouncedBefore) {
    if (*at - before <= now()) continue;
    sleep_until(*at - before);
    announce(config, time.message, before);
  }
  sleep_until(*at);
  return true;
}

}  // namespace gatepost::cli
