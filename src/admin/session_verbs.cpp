#include <charconv>

#include <fmt/format.h>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "directory/door.hpp"
#include "directory/web_sessions.hpp"

// Who is signed in as somebody: browsers, and the connections of programs.
namespace gatepost::admin {
namespace {

Reply session_list(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  Table table({"id", "service", "since", "used", "from", "program"});
  for (const directory::WebSession& one : services.web_sessions->list(principal->id)) {
    table.row().text(one.id).text("web").text(date::format_rfc3339(one.created)).text(date::format_rfc3339(one.used));
    table.text(one.remote.to_string()).text(one.agent);
  }
  for (const directory::SeenSession& one : services.door->seen(principal->id)) {
    if (!one.web_session.empty()) continue;
    table.row().text(std::to_string(one.number)).text(one.service).text(date::format_rfc3339(one.since)).text("");
    table.text(one.remote.to_string()).text(one.program);
  }
  return table.reply("Nobody is signed in as " + principal->address + ".");
}

Reply session_end(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  const std::string id = request.option("id");
  if (id.empty() == !request.has("all")) return usage("name one by --id (see gatepost session list), or say --all");
  if (id.empty()) {
    const auto web = services.web_sessions->end_all(principal->id);
    if (!web) return failure(web.error(), principal->address);
    services.door->end_others(principal->id, "");
    return done(fmt::format("All browsers and programs of {} are signed out. Programs that have a password come back.",
                            principal->address),
                principal->address);
  }
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (ec == std::errc{} && end == id.data() + id.size() && services.door->end_session(principal->id, number)) {
    return done("It is signed out. A program that has a password comes back.", principal->address);
  }
  if (const auto ended = services.web_sessions->end(principal->id, id); !ended) return failure(ended.error(), id);
  services.door->end_web_session(principal->id, id);
  return done("The browser is signed out.", principal->address);
}

}  // namespace

std::vector<Verb> session_verbs() {
  return {{"session list", "List the browsers and programs that are signed in as somebody.", true, &session_list},
          {"session end", "Sign one of them out, or all.", true, &session_end}};
}

}  // namespace gatepost::admin
