#include <array>

#include "jmap/principal.hpp"
#include "jmap/standard.hpp"

// RFC 9670 3 lets a server make notifications; this one makes none, so that there is never any.
namespace gatepost::jmap {
namespace {

constexpr std::array<std::string_view, 9> kProperties = {
    "id", "created", "changedBy", "objectType", "objectAccountId", "objectId", "oldRights", "newRights", "name"};
constexpr std::string_view kState = "0";

Outcome<Access*> own_account(Call& call, std::string_view id) {
  auto access = call.context.access(id);
  if (access && !(*access)->own) return refuse("accountNotSupportedByMethod");
  return access;
}

}  // namespace

Answer share_notification_get(Call& call) {
  Arguments arguments(call.given);
  auto request = read_get(call, arguments, kProperties);
  if (!request) return std::unexpected(request.error());
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (!request->access->own) return refuse("accountNotSupportedByMethod");
  auto answer = answer_get(*request, 0, request->ids.value_or(std::vector<std::string>()),
                           [](const std::string&) -> Outcome<std::optional<json::object>> { return std::nullopt; });
  if (answer) (*answer)["state"] = kState;
  return answer;
}

Answer share_notification_changes(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const auto since = arguments.text("sinceState");
  (void)arguments.number("maxChanges");
  if (!since) arguments.wrong("sinceState");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (auto access = own_account(call, account); !access) return std::unexpected(access.error());
  if (*since != kState) return refuse("cannotCalculateChanges");
  return json::object{{"accountId", account},      {"oldState", kState},       {"newState", kState},
                      {"hasMoreChanges", false},   {"created", json::array()}, {"updated", json::array()},
                      {"destroyed", json::array()}};
}

Answer share_notification_set(Call& call) {
  Arguments arguments(call.given);
  auto access = own_account(call, arguments.id("accountId"));
  if (!access) return std::unexpected(access.error());
  if (const auto* wanted = call.given.if_contains("ifInState"); wanted != nullptr && wanted->is_string()) {
    if (wanted->get_string() != kState) return refuse("stateMismatch");
  }
  json::object given = call.given;
  given.erase("ifInState");
  Arguments rest(given);
  SetRun run(call, **access);
  // RFC 9670 3.5.
  run.create = [](const json::object&) -> Outcome<json::object> { return refuse("forbidden"); };
  run.update = [](const std::string&, const json::object&) -> Outcome<json::value> { return refuse("forbidden"); };
  run.destroy = [](const std::string&) -> Outcome<> { return refuse("notFound"); };
  auto answer = run.run(rest);
  if (answer) (*answer)["oldState"] = (*answer)["newState"] = kState;
  return answer;
}

Answer share_notification_query(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const json::object* filter = arguments.object("filter");
  const json::array* sort = arguments.array("sort");
  const Window window = read_window(arguments);
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (auto access = own_account(call, account); !access) return std::unexpected(access.error());
  for (const auto& [key, value] : filter != nullptr ? *filter : json::object()) {
    if (key != "after" && key != "before" && key != "objectType" && key != "objectAccountId" && key != "operator" &&
        key != "conditions") {
      return refuse("unsupportedFilter", std::string(key));
    }
  }
  for (const json::value& one : sort != nullptr ? *sort : json::array()) {
    const auto* object = one.if_object();
    const auto* property = object != nullptr ? object->if_contains("property") : nullptr;
    if (property == nullptr || !property->is_string()) return bad_argument("sort");
    if (property->get_string() != "created") return refuse("unsupportedSort");
  }
  return answer_query(account, std::string(kState), window, {});
}

Answer share_notification_query_changes(Call& call) {
  Arguments arguments(call.given);
  if (auto access = own_account(call, arguments.id("accountId")); !access) return std::unexpected(access.error());
  return refuse("cannotCalculateChanges");
}

}  // namespace gatepost::jmap
