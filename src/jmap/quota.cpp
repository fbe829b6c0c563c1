#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "jmap/ids.hpp"
#include "jmap/quota.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::array<std::string_view, 10> kQuotaProperties = {
    "id", "resourceType", "used", "hardLimit", "scope", "name", "types", "warnLimit", "softLimit", "description"};

constexpr std::size_t kMostQuotaChanges = 1'000;  // from here on something came or went, surely

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

// The account's version, and the limits, which an administrator changes without one.
struct State {
  account::Modseq modseq = 0;
  std::uint64_t octets = 0, count = 0;
  std::string text() const { return fmt::format("{}-{}-{}", modseq, octets, count); }
};

Result<State> quotas_state(const Access& access) {
  State out{.modseq = access.account->modseq()};
  GP_TRY(const auto quota, access.account->quota());
  out.octets = quota.limit_octets;
  out.count = quota.limit_messages;
  return out;
}

std::optional<State> read_quota_state(std::string_view text) {
  const auto parts = ascii::split(text, '-');
  if (parts.size() != 3) return std::nullopt;
  const auto modseq = read_state(parts[0]), octets = read_state(parts[1]), count = read_state(parts[2]);
  if (!modseq || !octets || !count) return std::nullopt;
  return State{*modseq, *octets, *count};
}

}  // namespace

Result<std::string> quota_state(const Access& access) {
  GP_TRY(const State state, quotas_state(access));
  return state.text();
}

Answer quota_get(Call& call) {
  Arguments arguments(call.given);
  auto request = read_get(call, arguments, kQuotaProperties);
  if (!request) return std::unexpected(request.error());
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  JMAP_CALL_TRY(const State state, quotas_state(*request->access));
  JMAP_CALL_TRY(const auto all, quotas_of(*request->access));
  std::vector<std::string> ids;
  if (request->ids) {
    ids = *request->ids;
  } else {
    for (const json::object& one : all) ids.emplace_back(one.at("id").as_string());
  }
  return answer_get(*request, state.text(), ids, [&](const std::string& id) -> Outcome<std::optional<json::object>> {
    for (const json::object& one : all) {
      if (one.at("id").as_string() != id) continue;
      return request->wanted_of(one);
    }
    return std::nullopt;
  });
}

// Every change of the account changes what is used (RFC 9425 4.3).
Answer quota_changes(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const auto since_text = arguments.text("sinceState");
  if (!since_text) arguments.wrong("sinceState");
  if (arguments.number("maxChanges") == 0U) arguments.wrong("maxChanges");  // RFC 8620 5.2
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  const auto since = read_quota_state(*since_text);
  if (!since) return refuse("cannotCalculateChanges");
  JMAP_CALL_TRY(const State now, quotas_state(**access));
  JMAP_CALL_TRY(const auto all, (*access)->account->account_changes(since->modseq, kMostQuotaChanges));
  if (!all.known) return refuse("cannotCalculateChanges");
  Changes changes;
  const auto look = [&](const char* id, std::uint64_t before, std::uint64_t after) {
    if (before == 0 && after != 0) changes.created.emplace_back(id);
    if (before != 0 && after == 0) changes.destroyed.emplace_back(id);
    if (before != 0 && after != 0 && (before != after || all.more || !all.emails.empty()))
      changes.updated.emplace_back(id);
  };
  look("octets", since->octets, now.octets);
  look("count", since->count, now.count);
  const bool used_only = since->octets == now.octets && since->count == now.count;
  return json::object{{"accountId", account},
                      {"oldState", *since_text},
                      {"newState", now.text()},
                      {"hasMoreChanges", false},
                      {"created", strings(changes.created)},
                      {"updated", strings(changes.updated)},
                      {"destroyed", strings(changes.destroyed)},
                      {"updatedProperties", used_only ? json::value(json::array{"used"}) : json::value()}};
}

Answer quota_query(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const json::value* filter = arguments.any("filter");
  const json::array* sort = arguments.array("sort");
  const Window window = read_window(arguments);
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  using Type = FilterProperty::Type;
  static constexpr std::array<FilterProperty, 4> kFilter = {
      {{"name", Type::text}, {"scope", Type::text}, {"resourceType", Type::text}, {"type", Type::text}}};
  static constexpr std::array<std::string_view, 2> kSort = {"name", "used"};
  const auto order = read_sort(sort, kSort);
  if (!order) return std::unexpected(order.error());
  if (auto good = check_filter(filter, kFilter); !good) return std::unexpected(good.error());
  auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  JMAP_CALL_TRY(const State state, quotas_state(**access));
  JMAP_CALL_TRY(auto all, quotas_of(**access));
  std::erase_if(all, [&](const json::object& one) {
    return !meets(filter, [&](std::string_view name, const json::value& value) {
      // RFC 9425 4.4.1: the name contains it, types have it, the others are it.
      if (name == "name")
        return std::string_view(one.at(name).as_string()).find(value.get_string()) != std::string::npos;
      if (name == "type")
        return std::ranges::find(one.at("types").as_array(), value) != one.at("types").as_array().end();
      return one.at(name) == value;
    });
  });
  std::ranges::sort(all, [&](const json::object& a, const json::object& b) {
    for (const SortBy& by : *order) {
      if (by.property == "name" && a.at("name") != b.at("name")) {
        return (a.at("name").as_string() < b.at("name").as_string()) == by.ascending;
      }
      const auto x = read_unsigned(a.at("used")), y = read_unsigned(b.at("used"));
      if (by.property == "used" && x != y) return (x < y) == by.ascending;
    }
    return a.at("id").as_string() < b.at("id").as_string();
  });
  return answer_query(account, state.text(), window, all);
}

Answer quota_query_changes(Call& call) { return refuse_query_changes(call, false); }

}  // namespace gatepost::jmap
