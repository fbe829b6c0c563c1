#include <algorithm>
#include <array>

#include "jmap/ids.hpp"
#include "jmap/quota.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::array<std::string_view, 10> kProperties = {
    "id", "resourceType", "used", "hardLimit", "scope", "name", "types", "warnLimit", "softLimit", "description"};

// Only what has a limit is a quota (RFC 9425 4).
Result<std::vector<json::object>> quotas_of(const Access& access) {
  std::vector<json::object> out;
  GP_TRY(const auto quota, access.account->quota());
  const auto add = [&](const char* id, const char* resource, std::uint64_t used, std::uint64_t limit) {
    if (limit == 0) return;
    out.push_back({{"id", id},
                   {"resourceType", resource},
                   {"used", used},
                   {"hardLimit", limit},
                   {"scope", "account"},
                   {"name", access.owner.address},
                   {"types", json::array{"Mail"}},
                   {"warnLimit", nullptr},
                   {"softLimit", nullptr},
                   {"description", nullptr}});
  };
  add("octets", "octets", quota.used_octets, quota.limit_octets);
  add("count", "count", quota.messages, quota.limit_messages);
  return out;
}

}  // namespace

Answer quota_get(Call& call) {
  Arguments arguments(call.given);
  auto request = read_get(call, arguments, kProperties);
  if (!request) return std::unexpected(request.error());
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const account::Modseq state = request->access->account->modseq();
  JMAP_CALL_TRY(const auto all, quotas_of(*request->access));
  std::vector<std::string> ids;
  if (request->ids) {
    ids = *request->ids;
  } else {
    for (const json::object& one : all) ids.emplace_back(one.at("id").as_string());
  }
  return answer_get(*request, state, ids, [&](const std::string& id) -> Outcome<std::optional<json::object>> {
    for (const json::object& one : all) {
      if (one.at("id").as_string() != id) continue;
      json::object out;
      for (const std::string_view property : kProperties) {
        if (request->wants(property)) out[property] = one.at(property);
      }
      return out;
    }
    return std::nullopt;
  });
}

// Every change of the account changes what is used (RFC 9425 4.3).
Answer quota_changes(Call& call) {
  auto request = read_changes(call);
  if (!request) return std::unexpected(request.error());
  auto all = changes_of(*request);
  if (!all) return std::unexpected(all.error());
  Changes changes{.to = all->to, .more = all->more};
  if (!all->items.empty()) {
    JMAP_CALL_TRY(const auto quotas, quotas_of(*request->access));
    for (const json::object& one : quotas) changes.updated.emplace_back(one.at("id").as_string());
  }
  json::object out = answer_changes(*request, changes);
  out["updatedProperties"] = json::array{"used"};
  return out;
}

Answer quota_query(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const json::object* filter = arguments.object("filter");
  const json::array* sort = arguments.array("sort");
  const Window window = read_window(arguments);
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (sort != nullptr && !sort->empty()) return refuse("unsupportedSort");
  auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  const account::Modseq state = (*access)->account->modseq();
  JMAP_CALL_TRY(auto all, quotas_of(**access));
  for (const auto& [key, value] : filter != nullptr ? *filter : json::object()) {
    const std::string name(key);
    if (name == "type") {
      std::erase_if(all, [&](const json::object&) { return value != "Mail"; });
    } else if (name == "scope" || name == "resourceType" || name == "name") {
      std::erase_if(all, [&](const json::object& one) { return one.at(name) != value; });
    } else {
      return refuse("unsupportedFilter", name);
    }
  }
  return answer_query(account, state_name(state), window, all);
}

Answer quota_query_changes(Call& call) {
  Arguments arguments(call.given);
  auto access = call.context.access(arguments.id("accountId"));
  if (!access) return std::unexpected(access.error());
  return refuse("cannotCalculateChanges");
}

}  // namespace gatepost::jmap
