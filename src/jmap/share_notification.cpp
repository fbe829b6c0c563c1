#include <algorithm>
#include <array>

#include "jmap/ids.hpp"
#include "jmap/principal.hpp"
#include "jmap/standard.hpp"
#include "sharing/notices.hpp"

// ShareNotification (RFC 9670 3): what people are told of changes of their rights in mailboxes of others.
namespace gatepost::jmap {
namespace {

using sharing::Notice;

constexpr std::array<std::string_view, 9> kShareNotificationProperties = {
    "id", "created", "changedBy", "objectType", "objectAccountId", "objectId", "oldRights", "newRights", "name"};

std::string notices_state(const std::vector<Notice>& notices) {
  std::string ids;
  for (const Notice& one : notices) ids += one.id + " ";
  return state_of(ids);
}

json::object describe_notice(const Notice& notice) {
  const auto or_null = [](const std::string& text) { return text.empty() ? json::value() : json::value(text); };
  return {{"id", notice.id},
          {"created", utc_date(notice.created)},
          {"changedBy",
           {{"name", notice.by_name.empty() ? notice.by_address : notice.by_name},
            {"email", or_null(notice.by_address)},
            {"principalId", notice.by ? json::value(principal_name(*notice.by)) : json::value()}}},
          {"objectType", "Mailbox"},
          {"objectAccountId", account_name(notice.account)},
          {"objectId", account::ObjectIds(notice.account).mailbox(notice.folder)},
          {"oldRights", rights_object(notice.before, true)},
          {"newRights", notice.now.empty() ? json::value() : json::value(rights_object(notice.now, true))},
          {"name", notice.path}};
}

// RFC 9670 3.4: FilterCondition; operators as everywhere (RFC 8620 5.5).
Outcome<bool> notice_matches(const json::object& filter, const Notice& notice, int depth = 0) {
  constexpr int kDeepest = 16;
  if (const auto* op = filter.if_contains("operator")) {
    const auto* conditions = filter.if_contains("conditions");
    if (depth > kDeepest || !op->is_string() || conditions == nullptr || !conditions->is_array()) {
      return bad_argument("filter");
    }
    const std::string_view name = op->get_string();
    if (name != "AND" && name != "OR" && name != "NOT") return bad_argument("filter");
    bool any = false, all = true;
    for (const json::value& one : conditions->get_array()) {
      if (!one.is_object()) return bad_argument("filter");
      const auto fit = notice_matches(one.get_object(), notice, depth + 1);
      if (!fit) return fit;
      any = any || *fit;
      all = all && *fit;
    }
    return name == "AND" ? all : name == "OR" ? any : !any;
  }
  bool out = true;
  for (const auto& [key, value] : filter) {
    const auto date = key == "after" || key == "before" ? read_date(value) : std::nullopt;
    if (date) {
      out = out && (key == "after" ? notice.created >= *date : notice.created < *date);
    } else if (key == "objectType" && value.is_string()) {
      out = out && value.get_string() == "Mailbox";
    } else if (key == "objectAccountId" && value.is_string()) {
      out = out && std::string_view(value.get_string()) == account_name(notice.account);
    } else {
      return refuse("unsupportedFilter", std::string(key));
    }
  }
  return out;
}

}  // namespace

std::string share_notification_state(account::Account& account) {
  const auto notices = sharing::notices_of(account);
  return notices_state(notices ? *notices : std::vector<Notice>());
}

Answer share_notification_get(Call& call) {
  auto request = read_own_get(call, kShareNotificationProperties);
  if (!request) return std::unexpected(request.error());
  JMAP_CALL_TRY(const auto notices, sharing::notices_of(*request->access->account));
  std::vector<std::string> ids;
  for (const Notice& one : notices) ids.push_back(one.id);
  if (request->ids) ids = *request->ids;
  return answer_get(*request, notices_state(notices), ids,
                    [&](const std::string& id) -> Outcome<std::optional<json::object>> {
                      const auto found = std::ranges::find(notices, id, &Notice::id);
                      if (found == notices.end()) return std::nullopt;
                      const json::object all = describe_notice(*found);
                      return request->wanted_of(all);
                    });
}

// They are few: whoever has another state reads them all again.
Answer share_notification_changes(Call& call) {
  return answer_no_changes(call, [](Access& access) -> Outcome<std::string> {
    JMAP_CALL_TRY(const auto notices, sharing::notices_of(*access.account));
    return notices_state(notices);
  });
}

Answer share_notification_set(Call& call) {
  Arguments arguments(call.given);
  auto access = own_access(call, arguments.id("accountId"));
  if (!access) return std::unexpected(access.error());
  account::Account& account = *(*access)->account;
  JMAP_CALL_TRY(const auto notices, sharing::notices_of(account));
  SetRun run(call, **access);
  run.state = [&]() -> Outcome<std::string> {
    JMAP_CALL_TRY(const auto now, sharing::notices_of(account));
    return notices_state(now);
  };
  // RFC 9670 3.3.
  run.create = [](const json::object&) -> Outcome<json::object> { return refuse("forbidden"); };
  run.update = [](const std::string&, const json::object&) -> Outcome<json::value> { return refuse("forbidden"); };
  run.destroy = [&](const std::string& id) -> Outcome<> {
    if (std::ranges::find(notices, id, &Notice::id) == notices.end()) return refuse("notFound");
    if (const auto gone = sharing::dismiss(account, id); !gone) {
      return std::unexpected(refusal_for_object(gone.error()));
    }
    return {};
  };
  return run.run(arguments);
}

Answer share_notification_query(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const json::value* filter = arguments.any("filter");
  const json::array* sort = arguments.array("sort");
  const Window window = read_window(arguments);
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = own_access(call, account);
  if (!access) return std::unexpected(access.error());
  using Type = FilterProperty::Type;
  static constexpr std::array<FilterProperty, 4> kFilter = {
      {{"after", Type::date}, {"before", Type::date}, {"objectType", Type::text}, {"objectAccountId", Type::text}}};
  if (auto good = check_filter(filter, kFilter); !good) return std::unexpected(good.error());
  static constexpr std::array<std::string_view, 1> kSort = {"created"};
  const auto order = read_sort(sort, kSort);
  if (!order) return std::unexpected(order.error());
  const bool newest_first = !order->empty() && !order->front().ascending;
  const json::object* const conditions = filter != nullptr ? filter->if_object() : nullptr;
  JMAP_CALL_TRY(const auto notices, sharing::notices_of(*(*access)->account));
  std::vector<json::object> all;
  for (const Notice& one : notices) {
    const auto wanted = conditions != nullptr ? notice_matches(*conditions, one) : Outcome<bool>(true);
    if (!wanted) return std::unexpected(wanted.error());
    if (*wanted) all.push_back({{"id", one.id}});
  }
  // A filter is looked at even when there is nothing.
  if (conditions != nullptr && notices.empty()) {
    if (const auto known = notice_matches(*conditions, Notice()); !known) return std::unexpected(known.error());
  }
  if (newest_first) std::ranges::reverse(all);
  return answer_query(account, notices_state(notices), window, all);
}

Answer share_notification_query_changes(Call& call) { return refuse_query_changes(call, true); }

}  // namespace gatepost::jmap
