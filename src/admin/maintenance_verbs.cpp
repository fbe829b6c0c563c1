// When to restart, what went on in each hour, and a word to whoever is here.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "base/utf8.hpp"
#include "config/units.hpp"
#include "store/store.hpp"
#include "traffic/plan.hpp"
#include "traffic/recorder.hpp"

namespace gatepost::admin {
namespace {

namespace json = boost::json;
using std::chrono::hours;
using std::chrono::minutes;
using traffic::Avoided;
using traffic::Plan;
using traffic::Spread;
using traffic::Window;

constexpr std::size_t kMaxAnnouncement = 500, kMaxWindowMessage = 200;

std::optional<std::int64_t> number_option(const Request& request, std::string_view name, std::int64_t otherwise) {
  if (!request.has(name)) return otherwise;
  const std::string text = request.option(name);
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// "7d", "36h"; a number alone is days.
std::optional<hours> view(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || n <= 0 || n > 10'000) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "h") return hours(n);
  if (unit == "d" || unit.empty()) return hours(24 * n);
  return std::nullopt;
}

std::string round(double value) { return fmt::format("{:.0f}", value); }

std::string shown(const Spread& s) {
  return fmt::format("{} ({} to {})", round(s.median), round(s.low), round(s.high));
}

// "Fri 2026-11-27 03:10" without what everybody knows.
std::string compared(const Window& one, const std::optional<Window>& now) {
  if (!now || now->people.median < 1) return "";
  if (one.people.median < 0.5) return fmt::format("nobody, instead of {}", round(now->people.median));
  const double times = now->people.median / one.people.median;
  if (times >= 1.2) return fmt::format("{:.1f} times fewer people", times);
  if (times <= 1 / 1.2) return fmt::format("{:.1f} times more people", 1 / times);
  return "about the same";
}

std::string_view reason(Avoided::Why why) {
  switch (why) {
    case Avoided::Why::backup:
      return "a backup was being made";
    case Avoided::Why::queue:
      return "the queue was long";
    case Avoided::Why::peak:
      return "there was far more traffic than usual";
  }
  return "?";
}

std::string_view word(Avoided::Why why) {
  return why == Avoided::Why::backup ? "backup" : why == Avoided::Why::queue ? "queue" : "peak";
}

std::string_view word(Plan::Confidence c) {
  return c == Plan::Confidence::good ? "good" : c == Plan::Confidence::little ? "little" : "none";
}

json::object window_json(const Window& w, const traffic::Zone& zone) {
  const auto of = [](const Spread& s) { return json::object{{"median", s.median}, {"low", s.low}, {"high", s.high}}; };
  return {{"begin", date::format_rfc3339(w.begin)},
          {"local", traffic::format_wall(zone.wall(w.begin))},
          {"people", of(w.people)},
          {"messages", of(w.messages)},
          {"samples", w.samples},
          {"same_weekday", w.same_weekday}};
}

std::string plan_json(const Plan& plan, const traffic::Zone& zone, const traffic::PlanOptions& options) {
  json::array best;
  for (const Window& w : plan.best) best.push_back(window_json(w, zone));
  json::array avoided;
  for (const Avoided& a : plan.avoided) {
    avoided.push_back(json::object{{"why", word(a.why)},
                                   {"local", traffic::format_wall(a.begin)},
                                   {"times", a.times},
                                   {"of", a.of},
                                   {"windows", a.windows}});
  }
  json::object out{{"confidence", word(plan.confidence)},
                   {"time_zone", zone.name()},
                   {"minutes", options.length.count()},
                   {"hours_counted", plan.covered.count()},
                   {"hours_since_first", plan.span.count()}};
  out["now"] = plan.now ? json::value(window_json(*plan.now, zone)) : json::value();
  out["best"] = std::move(best);
  out["avoided"] = std::move(avoided);
  return json::serialize(out);
}

constexpr std::string_view kWhatItMeans =
    "People: those who are signed in, or sign in, within these minutes; in brackets what it was nine times of ten.\n"
    "Their mail programs connect again by themselves. Mail from other servers is delayed, not lost: a server that\n"
    "cannot deliver tries again, mostly after 5 to 30 minutes and for days. Programs that send while nobody answers\n"
    "keep the message in their outbox or show an error. `gatepost restart` itself refuses no connection: whoever\n"
    "connects meanwhile waits for some tenths of a second.\n";

std::string plan_text(const Plan& plan, const traffic::Zone& zone, const traffic::PlanOptions& options) {
  const auto days = [](hours h) { return static_cast<double>(h.count()) / 24; };
  if (plan.confidence == Plan::Confidence::none) {
    return fmt::format(
        "Too little is known: {:.1f} day(s) were counted. From two days on a first guess can be made, after three "
        "weeks "
        "a good one.\n",
        days(plan.covered));
  }
  std::string out =
      fmt::format("The best times for {} minute(s) within {} hours, from {:.0f} days of counting ({}):\n\n",
                  options.length.count(), options.within.count(), days(plan.covered), zone.name());
  const auto line = [&](std::string_view a, std::string_view b, std::string_view c, std::string_view d) {
    out += fmt::format("  {:<26}{:<18}{:<20}{}\n", a, b, c, d);
  };
  line("when", "people", "messages", "compared with now");
  for (const Window& w : plan.best) {
    line(traffic::format_wall(zone.wall(w.begin)), shown(w.people), shown(w.messages), compared(w, plan.now));
  }
  if (plan.now) {
    line("now " + traffic::format_wall(zone.wall(plan.now->begin)), shown(plan.now->people), shown(plan.now->messages),
         "");
  }
  out += "\n";
  if (plan.confidence == Plan::Confidence::little) {
    out += fmt::format("With caution: the counts reach back {:.0f} day(s), with {:.0f} of them counted.\n",
                       days(plan.span), days(plan.covered));
  }
  if (std::ranges::any_of(plan.best, [](const Window& w) { return !w.same_weekday; })) {
    out += "For some of these weekdays there is too little: other days of the week, or of the weekend, had to do.\n";
  }
  for (const Avoided& a : plan.avoided) {
    out += fmt::format("Not proposed: {:02}:00 to {:02}:59 on {} start(s); {} at {} of {} such times before.\n",
                       (a.begin - std::chrono::floor<std::chrono::days>(a.begin)) / hours(1),
                       (a.begin - std::chrono::floor<std::chrono::days>(a.begin)) / hours(1), a.windows, reason(a.why),
                       a.times, a.of);
  }
  return out + std::string(kWhatItMeans);
}

Reply maintenance_plan(Services& services, const Request& request, std::stop_token) {
  const auto length = number_option(request, "minutes", 10);
  if (!length || *length < 1 || minutes(*length) > traffic::kLongestMaintenance)
    return usage("--minutes wants a number from 1 to 1440");
  const auto within = view(request.option("within", "7d"));
  if (!within || *within > traffic::kLongestView)
    return usage("--within wants days or hours, as in 7d or 36h; 14d at most");
  const auto zone = traffic::Zone::named(request.option("zone", services.time_zone));
  if (!zone) return usage(zone.error().detail);
  const auto hours_known = traffic::history(services.store.keys());
  if (!hours_known) return failure(hours_known.error(), "maintenance plan");
  const traffic::PlanOptions options{.now = services.clock.now(), .length = minutes(*length), .within = *within};
  const Plan plan = traffic::make_plan(*hours_known, *zone, options);
  Reply reply;
  reply.exit_code = plan.confidence == Plan::Confidence::none ? 1 : 0;
  reply.text = plan_text(plan, *zone, options);
  reply.json = plan_json(plan, *zone, options);
  return reply;
}

json::object hour_json(const traffic::HourRecord& one) {
  json::object by_service;
  const double covered = std::max<double>(one.covered, 1);
  for (std::size_t i = 0; i < traffic::kServices; ++i) {
    const traffic::Counts& c = one.services[i];
    if (c == traffic::Counts{}) continue;
    by_service[json::string_view(to_string(static_cast<traffic::Service>(i)))] = json::object{
        {"sessions", c.sessions},         {"failed", c.failed}, {"messages_in", c.messages_in},
        {"messages_out", c.messages_out}, {"users", c.users},   {"present", static_cast<double>(c.presence) / covered}};
  }
  return {{"hour", date::format_rfc3339(begin_of(one.hour))},
          {"covered_s", one.covered},
          {"queue_peak", one.queue_peak},
          {"backup_s", one.backup_seconds},
          {"services", std::move(by_service)}};
}

Reply maintenance_traffic(Services& services, const Request& request, std::stop_token) {
  const auto span = view(request.option("within", "24h"));
  if (!span) return usage("--within wants days or hours, as in 7d or 36h");
  const auto zone = traffic::Zone::named(request.option("zone", services.time_zone));
  if (!zone) return usage(zone.error().detail);
  const auto all = traffic::history(services.store.keys());
  if (!all) return failure(all.error(), "maintenance traffic");
  const TimePoint from = services.clock.now() - *span;
  Table table({"hour", "people", "sessions", "failed sign-ins", "messages in", "messages out", "queue"});
  json::array list;
  for (const traffic::HourRecord& one : *all) {
    if (begin_of(one.hour) < from) continue;
    traffic::Counts sum;
    for (const traffic::Counts& c : one.services) {
      sum.sessions += c.sessions;
      sum.failed += c.failed;
      sum.messages_in += c.messages_in;
      sum.messages_out += c.messages_out;
    }
    table.row().text(traffic::format_wall(zone->wall(begin_of(one.hour)))).number(one.of(traffic::Service::all).users);
    table.number(sum.sessions)
        .number(sum.failed)
        .number(sum.messages_in)
        .number(sum.messages_out)
        .number(one.queue_peak);
    list.push_back(hour_json(one));
  }
  Reply reply = table.reply("Nothing was counted then.");
  reply.json = json::serialize(list);
  return reply;
}

bool is_one_line(std::string_view text) {
  return utf8::is_ascii(text) &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Reply maintenance_announce(Services& services, const Request& request, std::stop_token) {
  // RFC 9051 9: resp-text is one line.
  const std::string text = request.option("message");
  if (text.empty() || text.size() > kMaxAnnouncement || !is_one_line(text) || text.starts_with('['))
    return usage("--message wants one line of ASCII, 500 characters at most");
  const std::size_t reached = services.server.announce(text);
  return done(fmt::format("Said to {} connection(s); IMAP programs show it.", reached), "announce");
}

Reply maintenance_begin(Services& services, const Request& request, std::stop_token) {
  constexpr std::chrono::hours kLongest{24};
  const auto length = request.has("for") ? config::parse_duration(request.option("for"))
                                         : std::optional<std::chrono::seconds>(hours(1));
  if (!length || length->count() < 1 || *length > kLongest)
    return usage("--for takes a time from 1s to 24h, such as 30m or \"2 hours\"");
  const std::string text = request.option("message");
  if (text.size() > kMaxWindowMessage || !is_one_line(text))
    return usage("--message wants one line of ASCII, 200 characters at most");
  return services.server.begin_maintenance(*length, text);
}

Reply maintenance_end(Services& services, const Request&, std::stop_token) { return services.server.end_maintenance(); }

}  // namespace

std::vector<Verb> maintenance_verbs() {
  return {
      {"maintenance plan", "When a restart or a maintenance disturbs least.", false, maintenance_plan},
      {"maintenance traffic", "What went on in each hour.", false, maintenance_traffic},
      {"maintenance begin", "Serve nobody but administrators for a time; all others are refused politely.", true,
       maintenance_begin},
      {"maintenance end", "Serve everybody again.", true, maintenance_end},
      {"maintenance announce", "Show a message to everybody who is signed in by IMAP.", true, maintenance_announce}};
}

}  // namespace gatepost::admin
