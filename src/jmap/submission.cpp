#include "jmap/submission.hpp"

#include <algorithm>
#include <array>

#include "jmap/email.hpp"
#include "jmap/ids.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::array<std::string_view, 10> kSubmissionProperties = {
    "id",     "identityId", "emailId",        "threadId",   "envelope",
    "sendAt", "undoStatus", "deliveryStatus", "dsnBlobIds", "mdnBlobIds"};

const json::object* find_submission(const Submissions::Kept& kept, std::string_view id) {
  const auto found =
      std::ranges::find_if(kept.all, [&](const json::object& one) { return one.at("id").as_string() == id; });
  return found == kept.all.end() ? nullptr : &*found;
}

}  // namespace

Answer submission_get(Call& call) {
  auto request = read_own_get(call, kSubmissionProperties);
  if (!request) return std::unexpected(request.error());
  Submissions& submissions = call.context.submissions;
  JMAP_CALL_TRY(const auto kept, call.context.submissions.read(*request->access->account));
  std::vector<std::string> ids;
  if (request->ids) {
    ids = *request->ids;
  } else {
    for (const json::object& one : kept.all) ids.emplace_back(one.at("id").as_string());
  }
  return answer_get(*request, state_name(kept.state), ids,
                    [&](const std::string& id) -> Outcome<std::optional<json::object>> {
                      const auto found = find_submission(kept, id);
                      if (found == nullptr) return std::nullopt;
                      json::object out;
                      for (const std::string_view property : kSubmissionProperties) {
                        if (!request->wants(property)) continue;
                        if (property == "deliveryStatus")
                          out[property] = submissions.delivery_status(*found);
                        else
                          out[property] = found->at(property);
                      }
                      return out;
                    });
}

Answer submission_changes(Call& call) {
  auto request = read_changes(call);
  if (!request) return std::unexpected(request.error());
  if (!request->access->own) return refuse("accountNotSupportedByMethod");
  JMAP_CALL_TRY(const auto kept, call.context.submissions.read(*request->access->account));
  if (request->since > kept.state || request->since < kept.gone_since) return refuse("cannotCalculateChanges");
  // By the state at which each thing happened, so that few at a time can be told.
  struct Happened {
    std::uint64_t state = 0;
    std::string id;
    std::vector<std::string> Changes::* list = nullptr;
  };
  std::vector<Happened> happened;
  for (const json::object& one : kept.all) {
    const auto created = read_unsigned(one.at(Submissions::kCreated)).value_or(0);
    const auto changed = read_unsigned(one.at(Submissions::kChanged)).value_or(0);
    if (changed <= request->since) continue;
    happened.push_back({changed, std::string(one.at("id").as_string()),
                        created > request->since ? &Changes::created : &Changes::updated});
  }
  for (const auto& gone : kept.gone) {
    if (gone.state > request->since) {
      happened.push_back({gone.state, "S" + std::to_string(gone.number), &Changes::destroyed});
    }
  }
  std::ranges::sort(happened, {}, &Happened::state);
  Changes changes{.created = {}, .updated = {}, .destroyed = {}, .to = kept.state, .more = false};
  std::size_t told = 0;
  for (const Happened& one : happened) {
    // Things of one state are told together.
    if (told >= request->at_most && one.state != changes.to) {
      changes.more = true;
      break;
    }
    (changes.*one.list).push_back(one.id);
    changes.to = one.state;
    ++told;
  }
  if (!changes.more) changes.to = kept.state;
  return answer_changes(*request, changes);
}

Answer submission_query(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const json::value* filter = arguments.any("filter");
  const json::array* sort_given = arguments.array("sort");
  const Window window = read_window(arguments);
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  auto access = own_access(call, account);
  if (!access) return std::unexpected(access.error());
  // RFC 8621 7.3.
  using Type = FilterProperty::Type;
  static constexpr std::array<FilterProperty, 6> kFilter = {{{"identityIds", Type::texts},
                                                             {"emailIds", Type::texts},
                                                             {"threadIds", Type::texts},
                                                             {"undoStatus", Type::text},
                                                             {"before", Type::date},
                                                             {"after", Type::date}}};
  static constexpr std::array<std::string_view, 3> kSort = {"emailId", "threadId", "sentAt"};
  const auto sort = read_sort(sort_given, kSort);
  if (!sort) return std::unexpected(sort.error());
  if (auto good = check_filter(filter, kFilter); !good) return std::unexpected(good.error());
  JMAP_CALL_TRY(const auto kept, call.context.submissions.read(*(*access)->account));
  std::vector<json::object> all = kept.all;
  std::erase_if(all, [&](const json::object& one) {
    return !meets(filter, [&](std::string_view name, const json::value& value) {
      if (name == "undoStatus") return one.at(name) == value;
      if (name == "before" || name == "after") {
        const bool earlier = read_date(one.at("sendAt")) < read_date(value);
        return earlier == (name == "before");
      }
      const auto& wanted = value.get_array();  // of "emailIds" and so on: "emailId" is one of them
      return std::ranges::find(wanted, one.at(name.substr(0, name.size() - 1))) != wanted.end();
    });
  });
  std::vector<std::pair<std::string, bool>> order;  // property of the object, ascending
  for (const SortBy& by : *sort) order.emplace_back(by.property == "sentAt" ? "sendAt" : by.property, by.ascending);
  if (!order.empty()) {
    order.emplace_back("id", true);  // RFC 8620 5.5: what is equal has an order too, always the same
    std::ranges::sort(all, [&](const json::object& x, const json::object& y) {
      for (const auto& [property, ascending] : order) {
        const std::string_view left = x.at(property).as_string(), right = y.at(property).as_string();
        if (left != right) return (left < right) == ascending;
      }
      return false;
    });
  }
  return answer_query(account, state_name(kept.state), window, all);
}

Answer submission_query_changes(Call& call) { return refuse_query_changes(call, true); }

Answer submission_set(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  auto access = own_access(call, account);
  if (!access) return std::unexpected(access.error());
  account::Account& owner = *(*access)->account;
  Submissions& submissions = call.context.submissions;
  JMAP_CALL_TRY(const auto at_first, submissions.read(owner));
  const json::object* on_update = nullptr;
  std::optional<std::vector<std::string>> on_destroy;
  SetRun run(call, **access);
  run.state = [&]() -> Outcome<std::string> {
    JMAP_CALL_TRY(const auto now, submissions.read(owner));
    return state_name(now.state);
  };
  std::map<std::string, std::string> emails;  // by submission
  run.create = [&](const json::object& wish) -> Outcome<json::object> {
    auto sent = send(run, wish);
    if (sent) emails[std::string((*sent)["id"].as_string())] = *call.context.id_of(wish.at("emailId").as_string());
    return sent;
  };
  run.update = [&](const std::string& id, const json::object& patch) -> Outcome<json::value> {
    JMAP_OBJECT_TRY(const auto kept, submissions.read(owner));
    const auto found = find_submission(kept, id);
    if (found == nullptr) return refuse("notFound");
    emails[id] = std::string(found->at("emailId").as_string());
    bool takes_back = false;
    for (const auto& [key, value] : patch) {
      const bool known = std::ranges::find(kSubmissionProperties, std::string_view(key)) != kSubmissionProperties.end();
      if (key == "undoStatus" && value == "canceled")
        takes_back = true;
      else if (!known || key == "deliveryStatus" || found->at(key) != value)
        return bad_property(key);
    }
    if (!takes_back) return json::value();
    // RFC 8621 7.5: what has gone cannot be called back.
    const auto done = submissions.cancel(owner, id);
    if (!done && done.error().code == Errc::conflict) return refuse("cannotUnsend");
    if (!done) return std::unexpected(refusal_for_object(done.error()));
    return json::value();
  };
  run.destroy = [&](const std::string& id) -> Outcome<> {
    if (const auto found = find_submission(at_first, id)) emails[id] = std::string(found->at("emailId").as_string());
    const auto done = submissions.remove(owner, id);
    if (!done && done.error().code == Errc::not_found) return refuse("notFound");
    if (!done) return std::unexpected(refusal_for_object(done.error()));
    return {};
  };
  auto answer = run.run(arguments, [&] {
    on_update = arguments.object("onSuccessUpdateEmail");
    on_destroy = arguments.texts("onSuccessDestroyEmail");
  });
  if (!answer) return answer;
  // RFC 8621 7.5: the email of each submission that was made, changed or destroyed, by its id or creation id.
  json::object updates;
  json::array destroys;
  const auto email_of = [&](const std::string& name) -> std::optional<std::string> {
    const auto id = call.context.id_of(name);
    if (!id) return std::nullopt;
    const auto among = [&](const std::vector<std::string>& ids) { return std::ranges::find(ids, *id) != ids.end(); };
    if (!among(run.created_ids) && !among(run.updated_ids) && !among(run.destroyed_ids)) return std::nullopt;
    if (const auto made = emails.find(*id); made != emails.end()) return made->second;
    return std::nullopt;
  };
  for (const auto& [key, patch] : on_update != nullptr ? *on_update : json::object()) {
    if (const auto email = email_of(std::string(key))) updates[*email] = patch;
  }
  for (const std::string& name : on_destroy.value_or(std::vector<std::string>())) {
    if (const auto email = email_of(name)) destroys.emplace_back(*email);
  }
  if (!updates.empty() || !destroys.empty()) {
    json::object set{{"accountId", account}};
    if (!updates.empty()) set["update"] = std::move(updates);
    if (!destroys.empty()) set["destroy"] = std::move(destroys);
    call.implicit.push_back({"Email/set", std::move(set), call.id});
  }
  return answer;
}

}  // namespace gatepost::jmap
