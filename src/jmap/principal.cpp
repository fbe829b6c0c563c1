#include "jmap/principal.hpp"

#include <algorithm>
#include <array>

#include "jmap/ids.hpp"
#include "jmap/standard.hpp"
#include "mime/fold.hpp"

namespace gatepost::jmap {
namespace {

using directory::ContactField;
using directory::Principal;
using directory::PrincipalKind;

constexpr std::array<std::string_view, 8> kPrincipalProperties = {"id",    "type",     "name",         "description",
                                                                  "email", "timeZone", "capabilities", "accounts"};

std::string_view type_of(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::person:
      return "individual";
    case PrincipalKind::group:
      return "group";
    case PrincipalKind::room:
      return "location";
    case PrincipalKind::equipment:
      return "resource";
    // Neither signs in, so that nothing can be shared with them.
    case PrincipalKind::shared_mailbox:
    case PrincipalKind::contact:
      break;
  }
  return "other";
}

std::string_view shown_principal_name(const Principal& principal) {
  return principal.display_name.empty() ? std::string_view(principal.address) : principal.display_name;
}

// What people would want to know of a colleague, a line for each kind of thing.
std::string description_of(const Principal& principal) {
  constexpr std::array<std::array<ContactField, 3>, 3> kLines = {
      {{ContactField::title, ContactField::department, ContactField::company},
       {ContactField::office, ContactField::city, ContactField::country},
       {ContactField::phone, ContactField::mobile, ContactField::phone}}};
  std::string out;
  const auto add_line = [&](const std::string& line) {
    if (line.empty()) return;
    if (!out.empty()) out += '\n';
    out += line;
  };
  for (const auto& fields : kLines) {
    std::string line;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::string_view value = directory::first_of(principal.contact.get(), fields[i]);
      if (value.empty() || std::find(fields.begin(), fields.begin() + i, fields[i]) != fields.begin() + i) continue;
      if (!line.empty()) line += ", ";
      line += value;
    }
    add_line(line);
  }
  add_line(std::string(directory::first_of(principal.contact.get(), ContactField::description)));
  return out;
}

std::string principals_state(const Context& context) { return principal_state(context.services.directory.change()); }

std::vector<directory::PrincipalId> with_accounts(const Context& context) {
  std::vector<directory::PrincipalId> out{context.user.id};
  for (const Principal& sharer : context.services.directory.sharers(context.user.id)) out.push_back(sharer.id);
  return out;
}

account::AccountId account_of_principal(directory::PrincipalId id) {
  return account::AccountId{static_cast<std::uint64_t>(id)};
}

// RFC 9670 2: accounts with data of this principal that the user may see; null: none.
json::value shared_accounts(Context& context, const Principal& principal,
                            const std::vector<directory::PrincipalId>& having) {
  if (std::ranges::find(having, principal.id) == having.end()) return nullptr;
  const std::string id = account_name(account_of_principal(principal.id));
  const auto access = context.access(id);
  if (!access) return nullptr;
  return json::object{{id, account_object(context, **access)}};
}

bool contains_folded(std::string_view text, const std::string& folded) {
  return mime::fold(text).find(folded) != std::string::npos;
}

using PropertyType = FilterProperty::Type;
// RFC 9670 2.4.1.
constexpr std::array<FilterProperty, 6> kPrincipalFilter = {{{"accountIds", PropertyType::texts},
                                                             {"email", PropertyType::text},
                                                             {"name", PropertyType::text},
                                                             {"text", PropertyType::text},
                                                             {"type", PropertyType::text},
                                                             {"timeZone", PropertyType::text}}};
constexpr std::array<std::string_view, 3> kPrincipalSort = {"name", "email", "type"};

bool principal_matches(const Principal& one, const std::vector<directory::PrincipalId>& having, std::string_view name,
                       const json::value& value) {
  if (name == "accountIds") {
    const json::value own(account_name(account_of_principal(one.id)));
    return std::ranges::find(having, one.id) != having.end() &&
           std::ranges::find(value.get_array(), own) != value.get_array().end();
  }
  const std::string_view wanted = value.get_string();
  if (name == "type") return type_of(one.kind) == wanted;
  const std::string folded = mime::fold(wanted);
  if (name == "email") return contains_folded(one.address, folded);
  if (name == "name") return contains_folded(shown_principal_name(one), folded);
  if (name != "text") return false;  // nobody's time zone is known
  return contains_folded(shown_principal_name(one), folded) || contains_folded(one.address, folded) ||
         contains_folded(description_of(one), folded);
}

}  // namespace

// Every change of the directory, and of who shares with whom, makes another one.
std::string principal_state(std::uint64_t change) { return std::to_string(change); }

std::string principal_name(directory::PrincipalId id) { return "P" + std::to_string(static_cast<std::uint64_t>(id)); }

std::optional<directory::PrincipalId> read_principal(std::string_view id) {
  const auto n = number_behind('P', id);
  return n ? std::optional(directory::PrincipalId{*n}) : std::nullopt;
}

bool is_visible(const Context& context, const Principal& principal) { return context.sight().sees(principal); }

Answer principal_get(Call& call) {
  auto request = read_own_get(call, kPrincipalProperties);
  if (!request) return std::unexpected(request.error());
  Context& context = call.context;
  const std::string state = principals_state(context);
  const auto having = with_accounts(context);
  std::vector<std::string> ids;
  if (request->ids) {
    ids = *request->ids;
  } else {
    JMAP_CALL_TRY(const auto all, context.services.directory.principals());
    for (const Principal& one : all) {
      if (is_visible(context, one)) ids.push_back(principal_name(one.id));
    }
  }
  return answer_get(*request, state, ids, [&](const std::string& id) -> Outcome<std::optional<json::object>> {
    const auto number = read_principal(id);
    if (!number) return std::nullopt;
    const auto found = context.services.directory.principal(*number);
    if (!found && found.error().code != Errc::not_found) return std::unexpected(refusal_for_call(found.error()));
    if (!found || !is_visible(context, *found)) return std::nullopt;
    const std::string description = description_of(*found);
    json::object out{{"id", id}};
    if (request->wants("type")) out["type"] = type_of(found->kind);
    if (request->wants("name")) out["name"] = shown_principal_name(*found);
    if (request->wants("description"))
      out["description"] = description.empty() ? json::value() : json::value(description);
    if (request->wants("email")) out["email"] = found->address;
    if (request->wants("timeZone")) out["timeZone"] = nullptr;
    if (request->wants("capabilities")) out["capabilities"] = json::object();
    if (request->wants("accounts")) out["accounts"] = shared_accounts(context, *found, having);
    return out;
  });
}

// RFC 9670 2.2: a directory need not know what has changed. Whoever has another state asks for those he shows.
Answer principal_changes(Call& call) {
  return answer_no_changes(call, [&](Access&) -> Outcome<std::string> { return principals_state(call.context); });
}

// RFC 9670 2.3: the directory is administered elsewhere.
Answer principal_set(Call& call) {
  Arguments arguments(call.given);
  const auto access = own_access(call, arguments.id("accountId"));
  if (!access) return std::unexpected(access.error());
  SetRun run(call, **access);
  run.state = [&]() -> Outcome<std::string> { return principals_state(call.context); };
  run.create = [](const json::object&) -> Outcome<json::object> { return refuse("forbidden"); };
  run.update = [](const std::string&, const json::object&) -> Outcome<json::value> { return refuse("forbidden"); };
  run.destroy = [](const std::string&) -> Outcome<> { return refuse("forbidden"); };
  return run.run(arguments);
}

Answer principal_query(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const json::value* filter = arguments.any("filter");
  const json::array* sort_given = arguments.array("sort");
  const Window window = read_window(arguments);
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  auto access = own_access(call, account);
  if (!access) return std::unexpected(access.error());
  const auto sort = read_sort(sort_given, kPrincipalSort);
  if (!sort) return std::unexpected(sort.error());
  if (auto good = check_filter(filter, kPrincipalFilter); !good) return std::unexpected(good.error());
  const std::string state = principals_state(call.context);
  const auto having = with_accounts(call.context);
  JMAP_CALL_TRY(auto all, call.context.services.directory.principals());
  std::vector<const Principal*> found;
  for (const Principal& one : all) {
    if (!is_visible(call.context, one)) continue;
    const bool is = meets(filter, [&](std::string_view name, const json::value& value) {
      return principal_matches(one, having, name, value);
    });
    if (is) found.push_back(&one);
  }
  std::ranges::sort(found, [&](const Principal* a, const Principal* b) {
    for (const SortBy& by : *sort) {
      const int order = by.property == "name"
                            ? mime::fold(shown_principal_name(*a)).compare(mime::fold(shown_principal_name(*b)))
                        : by.property == "email" ? a->address.compare(b->address)
                                                 : type_of(a->kind).compare(type_of(b->kind));
      if (order != 0) return by.ascending ? order < 0 : order > 0;
    }
    return a->address < b->address;
  });
  std::vector<json::object> objects;
  objects.reserve(found.size());
  for (const Principal* one : found) objects.push_back({{"id", principal_name(one->id)}});
  return answer_query(account, state, window, objects);
}

Answer principal_query_changes(Call& call) { return refuse_query_changes(call, true); }

}  // namespace gatepost::jmap
