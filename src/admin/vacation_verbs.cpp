#include <optional>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/times.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "mailflow/vacation.hpp"

// What accounts answer while their owners are away.
namespace gatepost::admin {
namespace {

using mailflow::Vacation;

Reply vacation_show(Services& services, const Request& request, std::stop_token) {
  const auto account = opened_account(services, request);
  if (!account) return account.error();
  const auto vacation = mailflow::vacation_of(**account);
  if (!vacation) return failure(vacation.error(), request.option("address"));
  const auto time = [](const std::optional<TimePoint>& t) { return t ? date::format_rfc3339(*t) : std::string(); };
  const bool on = vacation->is_on(services.clock.now());
  const std::string state = on ? "on" : vacation->enabled ? "waiting or over" : "off";
  Reply reply;
  reply.text = fmt::format("Vacation: {}\n", state);
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) reply.text += fmt::format("{}: {}\n", name, value);
  };
  add("From", time(vacation->from));
  add("Until", time(vacation->until));
  add("Subject", vacation->subject.value_or(""));
  if (vacation->text) reply.text += "\n" + *vacation->text + (vacation->text->ends_with('\n') ? "" : "\n");
  reply.json = boost::json::serialize(boost::json::object{{"enabled", vacation->enabled},
                                                          {"on", on},
                                                          {"from", time(vacation->from)},
                                                          {"until", time(vacation->until)},
                                                          {"subject", vacation->subject.value_or("")},
                                                          {"text", vacation->text.value_or("")},
                                                          {"html", vacation->html.value_or("")}});
  return reply;
}

Reply vacation_set(Services& services, const Request& request, std::stop_token) {
  Vacation vacation{.enabled = true, .from = {}, .until = {}, .subject = {}, .text = {}, .html = {}};
  for (const auto& [name, into] : {std::pair("from", &vacation.from), std::pair("until", &vacation.until)}) {
    if (!request.has(name)) continue;
    *into = parse_day_or_time(request.option(name));
    if (!*into)
      return usage(fmt::format("--{} takes a day such as 2026-12-24, or a time in the form of RFC 3339", name));
  }
  if (vacation.from && vacation.until && *vacation.until <= *vacation.from) {
    return usage("--until has to be later than --from");
  }
  if (request.has("subject")) vacation.subject = request.option("subject");
  if (request.has("text")) vacation.text = request.option("text");
  const auto account = opened_account(services, request);
  if (!account) return account.error();
  if (const auto set = mailflow::set_vacation(**account, vacation); !set) {
    return failure(set.error(), request.option("address"));
  }
  return done(fmt::format("Who writes to {} is told so.", request.option("address")), request.option("address"));
}

Reply vacation_clear(Services& services, const Request& request, std::stop_token) {
  const auto account = opened_account(services, request);
  if (!account) return account.error();
  if (const auto set = mailflow::set_vacation(**account, {}); !set) {
    return failure(set.error(), request.option("address"));
  }
  return done(fmt::format("Nobody is answered for {} any more.", request.option("address")), request.option("address"));
}

}  // namespace

std::vector<Verb> vacation_verbs() {
  return {
      {"vacation show", "Show what an account answers while its owner is away.", false, &vacation_show},
      {"vacation set", "Answer senders, once a week each, that the owner of an account is away.", false, &vacation_set},
      {"vacation clear", "Answer nobody any more.", false, &vacation_clear}};
}

}  // namespace gatepost::admin
