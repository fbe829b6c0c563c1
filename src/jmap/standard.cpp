#include "jmap/standard.hpp"

#include <algorithm>
#include <set>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "jmap/ids.hpp"

namespace gatepost::jmap {

bool GetRequest::wants(std::string_view property) const {
  return !properties || property == "id" || std::ranges::find(*properties, property) != properties->end();
}

json::array strings(const std::vector<std::string>& texts) {
  json::array out;
  out.reserve(texts.size());
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

json::object GetRequest::wanted_of(const json::object& all) const {
  json::object out;
  for (const auto& [property, value] : all) {
    if (wants(property)) out[property] = value;
  }
  return out;
}

Outcome<GetRequest> read_get(Call& call, Arguments& arguments, std::span<const std::string_view> known) {
  GetRequest out;
  const std::string account = arguments.id("accountId");
  out.ids = arguments.texts("ids");
  out.properties = arguments.texts("properties");
  out.at_most = call.context.limits.objects_in_get;
  if (account.empty()) return bad_argument("accountId");
  auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  out.access = *access;
  if (out.ids) {
    if (out.ids->size() > out.at_most) return refuse("requestTooLarge");
    for (std::string& id : *out.ids) {
      if (auto found = call.context.id_of(id)) id = std::move(*found);
    }
  }
  if (out.properties) {
    // Only what has a header has its fields as properties (RFC 8621 4.1.3).
    const bool fields = std::ranges::find(known, std::string_view("headers")) != known.end();
    for (const std::string& property : *out.properties) {
      if (std::ranges::find(known, property) == known.end() && !(fields && property.starts_with("header:"))) {
        return bad_argument("properties");
      }
    }
  }
  return out;
}

Outcome<Access*> own_access(Call& call, std::string_view account) {
  auto access = call.context.access(account);
  if (access && !(*access)->own) return refuse("accountNotSupportedByMethod");
  return access;
}

Outcome<GetRequest> read_own_get(Call& call, std::span<const std::string_view> known) {
  Arguments arguments(call.given);
  auto request = read_get(call, arguments, known);
  if (!request) return request;
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (!request->access->own) return refuse("accountNotSupportedByMethod");
  return request;
}

Answer answer_get(const GetRequest& request, const std::string& state, const std::vector<std::string>& ids,
                  const std::function<Outcome<std::optional<json::object>>(const std::string&)>& object) {
  if (ids.size() > request.at_most) return refuse("requestTooLarge");
  json::array list;
  std::vector<std::string> missing;
  std::set<std::string_view> seen;
  for (const std::string& id : ids) {
    if (!seen.insert(id).second) continue;
    auto made = object(id);
    if (!made) return std::unexpected(made.error());
    if (*made)
      list.push_back(std::move(**made));
    else
      missing.push_back(id);
  }
  return json::object{{"accountId", account_name(request.access->id())},
                      {"state", state},
                      {"list", std::move(list)},
                      {"notFound", strings(missing)}};
}

std::string state_of(std::string_view told) {
  const Sha256Value hash = sha256(told);
  return to_hex({reinterpret_cast<const char*>(hash.data()), 8});
}

Answer answer_no_changes(Call& call, const std::function<Outcome<std::string>(Access&)>& state) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const auto since = arguments.text("sinceState");
  if (arguments.number("maxChanges") == 0U) arguments.wrong("maxChanges");  // RFC 8620 5.2
  if (!since) arguments.wrong("sinceState");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = own_access(call, account);
  if (!access) return std::unexpected(access.error());
  const auto now = state(**access);
  if (!now) return std::unexpected(now.error());
  if (*now != *since) return refuse("cannotCalculateChanges");
  return json::object{{"accountId", account},      {"oldState", *now},         {"newState", *now},
                      {"hasMoreChanges", false},   {"created", json::array()}, {"updated", json::array()},
                      {"destroyed", json::array()}};
}

Outcome<ChangesRequest> read_changes(Call& call) {
  Arguments arguments(call.given);
  ChangesRequest out;
  const std::string account = arguments.id("accountId");
  const auto since = arguments.text("sinceState");
  const auto at_most = arguments.number("maxChanges");
  if (!since) arguments.wrong("sinceState");
  if (at_most && *at_most == 0) arguments.wrong("maxChanges");  // RFC 8620 5.2: greater than 0
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  out.access = *access;
  out.since_text = *since;
  out.at_most = at_most ? std::min<std::uint64_t>(*at_most, 100'000) : 100'000;
  const auto state = read_state(*since);
  if (!state) return refuse("cannotCalculateChanges");
  out.since = *state;
  return out;
}

Outcome<account::AccountChanges> changes_of(const ChangesRequest& request) {
  JMAP_CALL_TRY(auto changes, request.access->account->account_changes(request.since, request.at_most));
  if (!changes.known) return refuse("cannotCalculateChanges");
  return changes;
}

json::object answer_changes(const ChangesRequest& request, const Changes& changes) {
  return {{"accountId", account_name(request.access->id())},
          {"oldState", request.since_text},
          {"newState", state_name(changes.to)},
          {"hasMoreChanges", changes.more},
          {"created", strings(changes.created)},
          {"updated", strings(changes.updated)},
          {"destroyed", strings(changes.destroyed)}};
}

Outcome<> SetRun::create_all(const json::object& wanted, json::object& done, json::object& failed) {
  // RFC 8620 5.3: an object may refer to another one that is created in the same call.
  std::vector<std::pair<std::string, const json::object*>> rest;
  for (const auto& [name, value] : wanted) {
    if (!is_id(name)) return bad_argument("create");
    rest.emplace_back(name, value.if_object());
  }
  while (!rest.empty()) {
    const auto waits = [&](const auto& one) {
      if (parent_property.empty()) return false;
      const json::value* parent = one.second->if_contains(parent_property);
      if (parent == nullptr || !parent->is_string() || !parent->get_string().starts_with('#')) return false;
      const std::string name(std::string_view(parent->get_string()).substr(1));
      return std::ranges::any_of(rest, [&](const auto& other) { return other.first == name; });
    };
    auto next = std::ranges::find_if_not(rest, waits);
    if (next == rest.end()) next = rest.begin();  // they wait for each other: its reference is refused
    const auto [name, given] = *next;
    rest.erase(next);
    auto made = create(*given);
    if (!made) {
      failed[name] = to_json(made.error());
      continue;
    }
    const std::string id((*made)["id"].as_string());
    call_.context.created[name] = id;
    created_ids.push_back(id);
    creations.push_back(name);
    done[name] = std::move(*made);
  }
  return {};
}

void SetRun::update_each(const json::object& wanted, const std::vector<std::string>& to_go, json::object& done,
                         json::object& failed) {
  std::set<std::string> going;
  for (const std::string& name : to_go) going.insert(call_.context.id_of(name).value_or(name));
  Patches patches;
  for (const auto& [key, value] : wanted) {
    const std::string name(key);
    const auto id = call_.context.id_of(name);
    if (!id)
      failed[name] = to_json(Refusal{"notFound", {}, {}, {}});
    else if (going.contains(*id))
      failed[name] = to_json(Refusal{"willDestroy", {}, {}, {}});
    else
      patches.emplace_back(*id, value.if_object());
  }
  std::map<std::string, Outcome<json::value>> outcomes;
  if (update_all) {
    update_all(patches, outcomes);
  } else {
    for (const auto& [id, patch] : patches) outcomes.insert_or_assign(id, update(id, *patch));
  }
  for (auto& [id, outcome] : outcomes) {
    if (!outcome) {
      failed[id] = to_json(outcome.error());
      continue;
    }
    done[id] = std::move(*outcome);
    updated_ids.push_back(id);
  }
}

void SetRun::destroy_each(const std::vector<std::string>& wanted, json::object& failed) {
  std::vector<std::string> ids;
  std::set<std::string> seen;
  for (const std::string& name : wanted) {
    auto id = call_.context.id_of(name);
    if (!id)
      failed[name] = to_json(Refusal{"notFound", {}, {}, {}});
    else if (seen.insert(*id).second)
      ids.push_back(std::move(*id));
  }
  std::map<std::string, Outcome<>> outcomes;
  if (destroy_all) {
    destroy_all(ids, outcomes);
  } else {
    for (const std::string& id : ids) outcomes.insert_or_assign(id, destroy(id));
  }
  for (auto& [id, outcome] : outcomes) {
    if (outcome)
      destroyed_ids.push_back(id);
    else
      failed[id] = to_json(outcome.error());
  }
}

Answer SetRun::run(Arguments& arguments, const std::function<void()>& own) {
  (void)arguments.any("accountId");
  const auto if_in_state = arguments.text("ifInState");
  const json::object* creates = arguments.object("create");
  const json::object* updates = arguments.object("update");
  const auto destroys = arguments.texts("destroy");
  if (own) own();
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  for (const auto& [objects, name] : {std::pair(creates, "create"), std::pair(updates, "update")}) {
    if (objects == nullptr) continue;
    for (const auto& [key, value] : *objects) {
      if (!value.is_object()) return bad_argument(name);
    }
  }
  if (access_.read_only) return refuse("accountReadOnly");
  const std::size_t objects = (creates != nullptr ? creates->size() : 0) + (updates != nullptr ? updates->size() : 0) +
                              (destroys ? destroys->size() : 0);
  if (objects > call_.context.limits.objects_in_set) return refuse("requestTooLarge");
  const auto state_now = [this]() -> Outcome<std::string> {
    return state ? state() : state_name(access_.account->modseq());
  };
  auto before = state_now();
  if (!before) return std::unexpected(before.error());
  if (if_in_state && *if_in_state != *before) return refuse("stateMismatch");
  json::object created, updated, not_created, not_updated, not_destroyed;
  if (creates != nullptr) {
    if (auto done = create_all(*creates, created, not_created); !done) return std::unexpected(done.error());
  }
  const std::vector<std::string> to_go = destroys.value_or(std::vector<std::string>());
  if (updates != nullptr) update_each(*updates, to_go, updated, not_updated);
  destroy_each(to_go, not_destroyed);
  // What is not there is not destroyed either.
  for (auto& [id, refusal] : not_updated) {
    const auto* known = not_destroyed.if_contains(id);
    if (known != nullptr && known->at("type") == "notFound") refusal = *known;
  }
  auto after = state_now();
  if (!after) return std::unexpected(after.error());
  const auto or_null = [](json::object&& o) { return o.empty() ? json::value() : json::value(std::move(o)); };
  return json::object{{"accountId", account_name(access_.id())},
                      {"oldState", *std::move(before)},
                      {"newState", *std::move(after)},
                      {"created", or_null(std::move(created))},
                      {"updated", or_null(std::move(updated))},
                      {"destroyed", destroyed_ids.empty() ? json::value() : json::value(strings(destroyed_ids))},
                      {"notCreated", or_null(std::move(not_created))},
                      {"notUpdated", or_null(std::move(not_updated))},
                      {"notDestroyed", or_null(std::move(not_destroyed))}};
}

Outcome<json::object> patched(const json::object& before, const json::object& patch) {
  json::object out = before;
  std::set<std::string> paths;
  for (const auto& [key, value] : patch) paths.emplace(key);
  for (const auto& [key, value] : patch) {
    const auto parts = pointer_parts(key);
    // RFC 8620 5.3: no path may be the beginning of another.
    std::string prefix;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      prefix = std::string(key.substr(0, key.find('/', prefix.empty() ? 0 : prefix.size() + 1)));
      if (paths.contains(prefix)) return refuse("invalidPatch", std::string(key));
    }
    json::object* at = &out;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      json::value* next = at->if_contains(parts[i]);
      if (next == nullptr || !next->is_object()) return refuse("invalidPatch", std::string(key));
      at = &next->get_object();
    }
    if (value.is_null() && parts.size() > 1)
      at->erase(parts.back());
    else
      (*at)[parts.back()] = value;
  }
  return out;
}

Outcome<json::object> settable(const json::object& patch, const json::object& now,
                               std::span<const std::string_view> fixed) {
  json::object out;
  for (const auto& [key, value] : patch) {
    const std::string_view top = std::string_view(key).substr(0, key.find('/'));
    if (std::ranges::find(fixed, top) == fixed.end()) {
      out[key] = value;
      continue;
    }
    const auto is = follow(now, "/" + std::string(key));
    if (!is || *is != value) return bad_property(top);
  }
  return out;
}

namespace {

constexpr std::size_t kMaxConditions = 100, kMaxComparators = 10;

bool is_of(FilterProperty::Type type, const json::value& value) {
  using Type = FilterProperty::Type;
  switch (type) {
    case Type::text_or_null:
      return value.is_string() || value.is_null();
    case Type::text:
      return value.is_string();
    case Type::texts:
      return value.is_array() &&
             std::ranges::all_of(value.get_array(), [](const json::value& v) { return v.is_string(); });
    case Type::boolean:
      return value.is_bool();
    case Type::date:
      return read_date(value).has_value();
  }
  return false;
}

// Nesting is bounded by kMaxDepth of all that a client sends.
Outcome<> check_some(const json::value& filter, std::span<const FilterProperty> known, std::size_t& room) {
  const auto* object = filter.if_object();
  if (object == nullptr) return bad_argument("filter");
  if (room-- == 0) return refuse("unsupportedFilter", "too many conditions");
  if (const auto* op = object->if_contains("operator")) {
    const auto* conditions = object->if_contains("conditions");
    if (!op->is_string() || conditions == nullptr || !conditions->is_array()) return bad_argument("filter");
    const std::string_view name = op->get_string();
    if (name != "AND" && name != "OR" && name != "NOT") return bad_argument("filter");
    for (const json::value& condition : conditions->get_array()) {
      if (auto good = check_some(condition, known, room); !good) return good;
    }
    return {};
  }
  for (const auto& [key, value] : *object) {
    const auto property = std::ranges::find(known, std::string_view(key), &FilterProperty::name);
    if (property == known.end()) return refuse("unsupportedFilter", std::string(key));
    if (!is_of(property->type, value)) return bad_argument("filter");
  }
  return {};
}

}  // namespace

Outcome<> check_filter(const json::value* filter, std::span<const FilterProperty> known) {
  std::size_t room = kMaxConditions;
  return filter != nullptr ? check_some(*filter, known, room) : Outcome<>();
}

bool meets(const json::value* filter, const std::function<bool(std::string_view name, const json::value& value)>& is) {
  if (filter == nullptr) return true;
  const json::object& object = filter->as_object();
  if (const auto* op = object.if_contains("operator")) {
    const json::array& conditions = object.at("conditions").as_array();
    const auto one = [&](const json::value& condition) { return meets(&condition, is); };
    if (op->as_string() == "AND") return std::ranges::all_of(conditions, one);
    return std::ranges::any_of(conditions, one) == (op->as_string() == "OR");
  }
  return std::ranges::all_of(object, [&](const auto& member) { return is(member.key(), member.value()); });
}

Outcome<SortBy> read_comparator(const json::value& value) {
  const auto* object = value.if_object();
  const auto* property = object != nullptr ? object->if_contains("property") : nullptr;
  if (property == nullptr || !property->is_string()) return bad_argument("sort");
  SortBy out{.property = std::string(property->get_string())};
  if (const auto* ascending = object->if_contains("isAscending"); ascending != nullptr && !ascending->is_null()) {
    if (!ascending->is_bool()) return bad_argument("sort");
    out.ascending = ascending->get_bool();
  }
  if (const auto* collation = object->if_contains("collation"); collation != nullptr && !collation->is_null()) {
    if (!collation->is_string()) return bad_argument("sort");
    // Those of the core capability.
    if (collation->get_string() != "i;unicode-casemap") return refuse("unsupportedSort", "collation");
  }
  return out;
}

Outcome<std::vector<SortBy>> read_sort(const json::array* given, std::span<const std::string_view> known) {
  std::vector<SortBy> out;
  if (given == nullptr) return out;
  for (const json::value& value : *given) {
    auto one = read_comparator(value);
    if (!one) return std::unexpected(one.error());
    if (std::ranges::find(known, one->property) == known.end()) return refuse("unsupportedSort", one->property);
    if (out.size() == kMaxComparators) return refuse("unsupportedSort", "too many");
    out.push_back(std::move(*one));
  }
  return out;
}

Answer refuse_query_changes(Call& call, bool own_only, std::span<const std::string_view> more) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  (void)arguments.any("filter");
  (void)arguments.array("sort");
  if (!arguments.text("sinceQueryState")) arguments.wrong("sinceQueryState");
  (void)arguments.number("maxChanges");
  (void)arguments.text("upToId");
  (void)arguments.boolean("calculateTotal");
  for (const std::string_view name : more) (void)arguments.boolean(name);
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  return refuse(own_only && !(*access)->own ? "accountNotSupportedByMethod" : "cannotCalculateChanges");
}

Window read_window(Arguments& arguments) {
  Window out;
  out.position = arguments.integer("position").value_or(0);
  out.anchor = arguments.text("anchor");
  out.anchor_offset = arguments.integer("anchorOffset").value_or(0);
  out.limit = arguments.number("limit");
  out.calculate_total = arguments.boolean("calculateTotal");
  return out;
}

Outcome<std::pair<std::size_t, std::size_t>> place(
    const Window& window, std::size_t size,
    const std::function<std::optional<std::size_t>(std::string_view)>& index_of) {
  std::int64_t first = window.position;
  if (window.anchor) {
    const auto index = index_of(*window.anchor);
    if (!index) return refuse("anchorNotFound");
    first = std::max<std::int64_t>(0, static_cast<std::int64_t>(*index) + window.anchor_offset);
  } else if (first < 0) {
    first = std::max<std::int64_t>(0, static_cast<std::int64_t>(size) + first);
  }
  const std::size_t begin = std::min(static_cast<std::size_t>(first), size);
  const std::size_t room = size - begin;
  return std::pair(begin, begin + static_cast<std::size_t>(std::min<std::uint64_t>(window.limit.value_or(room), room)));
}

Answer answer_query(const std::string& account, const std::string& state, const Window& window,
                    const std::vector<json::object>& all) {
  const auto range = place(window, all.size(), [&](std::string_view id) -> std::optional<std::size_t> {
    const auto found =
        std::ranges::find_if(all, [&](const json::object& one) { return one.at("id").as_string() == id; });
    if (found == all.end()) return std::nullopt;
    return static_cast<std::size_t>(found - all.begin());
  });
  if (!range) return std::unexpected(range.error());
  json::array ids;
  for (std::size_t i = range->first; i < range->second; ++i) ids.push_back(all[i].at("id"));
  json::object out{{"accountId", account},
                   {"queryState", state},
                   {"canCalculateChanges", false},
                   {"position", range->first},
                   {"ids", std::move(ids)}};
  if (window.calculate_total) out["total"] = all.size();
  return out;
}

}  // namespace gatepost::jmap
