#include <optional>

#include <fmt/format.h>

#include "admin/api_tokens.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "config/units.hpp"
#include "store/store.hpp"

// Tokens by which scripts ask for these verbs.
namespace gatepost::admin {
namespace {

constexpr std::chrono::hours kDefaultLife{24 * 90}, kLongestLife{24 * 732};
constexpr std::chrono::minutes kShortestLife{1};

Reply token_add(Services& services, const Request& request, std::stop_token) {
  const auto role = directory::role_named(request.option("role"));
  if (!role || *role == directory::Role::none) return usage("--role is auditor, helpdesk or admin");
  const auto life = request.has("expires") ? config::parse_duration(request.option("expires"))
                                           : std::optional<std::chrono::seconds>(kDefaultLife);
  if (!life || *life < kShortestLife || *life > kLongestLife) {
    return usage("--expires takes a time from 1m to two years, such as 12h or \"90 days\"");
  }
  const TimePoint now = services.clock.now();
  const std::string name = request.option("name");
  const auto token = add_api_token(
      services.store.keys(), services.random,
      {.id = {}, .name = name, .role = *role, .by = request.asked_by, .created = now, .expires = now + *life});
  if (!token) return failure(token.error(), "token");
  Reply reply =
      done(fmt::format("Token {} is good until {}; it is shown only now.", name, date::format_rfc3339(now + *life)),
           name, {{"token", std::string(token->reveal())}});
  reply.text += fmt::format("{}\n", token->reveal());
  return reply;
}

Reply token_list(Services& services, const Request&, std::stop_token) {
  const auto all = api_tokens(services.store.keys());
  if (!all) return failure(all.error(), "tokens");
  Table table({"id", "name", "role", "by", "created", "expires", "expired", "used"});
  const TimePoint now = services.clock.now();
  for (const ApiToken& t : *all) {
    table.row().text(t.id).text(t.name).text(directory::to_string(t.role)).text(t.by);
    table.text(date::format_rfc3339(t.created)).text(date::format_rfc3339(t.expires)).boolean(now >= t.expires);
    table.text(t.used == TimePoint{} ? "never" : date::format_rfc3339(t.used));
  }
  return table.reply("No token yet: gatepost token add NAME --role ROLE");
}

Reply token_delete(Services& services, const Request& request, std::stop_token) {
  const std::string id = request.option("id");
  if (auto gone = remove_api_token(services.store.keys(), id); !gone) return failure(gone.error(), "token " + id);
  return done(fmt::format("Token {} no longer works.", id), id);
}

}  // namespace

std::vector<Verb> token_verbs() {
  return {
      {"token add", "Make a token by which a script may ask for administrators' verbs; shown once.", false, token_add},
      {"token list", "The tokens: what each may, and when it was used.", false, token_list},
      {"token delete", "Let a token work no longer.", false, token_delete}};
}

}  // namespace gatepost::admin
