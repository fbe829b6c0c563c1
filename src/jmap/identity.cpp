#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "jmap/ids.hpp"
#include "jmap/principal.hpp"
#include "jmap/submission.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::array<std::string_view, 8> kIdentityProperties = {"id",  "name",          "email",         "replyTo",
                                                                 "bcc", "textSignature", "htmlSignature", "mayDelete"};
// And one of ours (docs/jmap.md), told when it is asked for.
constexpr std::string_view kSendRight = "sendRight";
constexpr std::array<std::string_view, 9> kKnown = {
    "id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete", kSendRight};
// Kept with the account, for its owner alone (RFC 5464 names it /private/vendor/gatepost/identities).
constexpr std::string_view kAnnotation = "/vendor/gatepost/identities";
constexpr std::string_view kOwn = "I1";
constexpr std::size_t kMaxIdentities = 100;
constexpr std::size_t kMaxOffered = 200;  // of those that others granted

json::object identity_of(std::string_view id, const directory::Principal& principal) {
  return {{"id", id},
          {"name", principal.display_name},
          {"email", principal.address},
          {"replyTo", nullptr},
          {"bcc", nullptr},
          {"textSignature", ""},
          {"htmlSignature", ""},
          {"mayDelete", false}};
}

std::string_view right_name(directory::Authorship::Kind kind) {
  using Kind = directory::Authorship::Kind;
  if (kind == Kind::own) return "own";
  return directory::to_string(kind == Kind::send_as ? directory::SendRight::as : directory::SendRight::on_behalf);
}

std::string identities_state(const std::vector<Identity>& identities) {
  std::string all;
  for (const Identity& i : identities) {
    all += json::serialize(i.json);
    all += right_name(i.kind);
  }
  return state_of(all);
}

// What is only the directory's own is not kept: it goes along with the directory.
Result<> keep(const Access& access, const std::vector<Identity>& identities, directory::Directory& directory) {
  json::array list;
  for (const Identity& i : identities) {
    const auto of = number_behind('P', i.id);
    const auto principal = of ? directory.principal(directory::PrincipalId{*of}) : fail(Errc::not_found);
    if (!principal || i.json != identity_of(i.id, *principal)) list.push_back(i.json);
  }
  account::AnnotationChange change;
  change.reader = static_cast<account::Reader>(access.owner.id);
  change.name = kAnnotation;
  change.value = json::serialize(list);
  return access.account->set_annotations(account::kRoot, std::span(&change, 1), 0);
}

bool is_address_list(const json::value& value) {
  if (value.is_null()) return true;
  const auto* list = value.if_array();
  return list != nullptr && list->size() <= 20 && std::ranges::all_of(*list, [](const json::value& one) {
           const auto* object = one.if_object();
           const auto* email = object != nullptr ? object->if_contains("email") : nullptr;
           return email != nullptr && email->is_string() && email->get_string().find('@') != json::string::npos;
         });
}

// Puts what a client says onto an identity. Errors: invalidProperties.
Outcome<> apply(json::object& identity, const json::object& given) {
  for (const auto& [key, value] : given) {
    const bool text = key == "name" || key == "textSignature" || key == "htmlSignature";
    const bool list = key == "replyTo" || key == "bcc";
    if (text && (value.is_string() || value.is_null()))
      identity[key] = value.is_null() ? json::value("") : value;  // RFC 8620 5.3: null is the default
    else if (list && is_address_list(value))
      identity[key] = value;
    else
      return bad_property(key);
  }
  return {};
}

}  // namespace

Result<std::vector<Identity>> identities_of(const Access& access, directory::Directory& directory) {
  using Kind = directory::Authorship::Kind;
  std::vector<Identity> out;
  const auto granted = directory.sends_for(access.owner.id);
  const auto is_granted = [&](std::string_view id) {
    return std::ranges::any_of(granted, [&](const auto& one) { return principal_name(one.principal.id) == id; });
  };
  GP_TRY(const auto kept, access.account->annotations(account::kRoot, static_cast<account::Reader>(access.owner.id)));
  const auto found = std::ranges::find(kept, kAnnotation, &account::Annotation::name);
  const auto value = found == kept.end() ? std::nullopt : parse(found->value);
  if (value && value->is_array()) {
    for (const json::value& one : value->get_array()) {
      const auto* object = one.if_object();
      const auto* id = object != nullptr ? object->if_contains("id") : nullptr;
      const auto* email = object != nullptr ? object->if_contains("email") : nullptr;
      if (id == nullptr || !id->is_string() || email == nullptr || !email->is_string()) continue;
      // An alias that led here when it was made may be another's by now, and a right be taken back: nobody is offered
      // what is refused.
      const auto may = directory.authorship(access.owner.id, email->get_string());
      if (!may || may->kind == Kind::none) continue;
      if (id->get_string().starts_with('P') && !is_granted(id->get_string())) continue;
      out.push_back({std::string(id->get_string()), std::string(email->get_string()), *object, may->kind});
    }
  }
  if (std::ranges::find(out, kOwn, &Identity::id) == out.end()) {
    json::object own = identity_of(kOwn, access.owner);
    out.insert(out.begin(), Identity{std::string(kOwn), access.owner.address, std::move(own)});
  }
  std::size_t offered = 0;
  for (const auto& [principal, right] : granted) {
    std::string id = principal_name(principal.id);
    if (std::ranges::find(out, id, &Identity::id) != out.end()) continue;
    if (++offered > kMaxOffered) break;
    json::object object = identity_of(id, principal);
    const Kind kind = right == directory::SendRight::as ? Kind::send_as : Kind::on_behalf;
    out.push_back({std::move(id), principal.address, std::move(object), kind});
  }
  return out;
}

Result<std::string> identity_state(const Access& access, directory::Directory& directory) {
  GP_TRY(const auto all, identities_of(access, directory));
  return identities_state(all);
}

Answer identity_get(Call& call) {
  auto request = read_own_get(call, kKnown);
  if (!request) return std::unexpected(request.error());
  JMAP_CALL_TRY(const auto all, identities_of(*request->access, call.context.services.directory));
  std::vector<std::string> ids;
  if (request->ids) {
    ids = *request->ids;
  } else {
    for (const Identity& i : all) ids.push_back(i.id);
  }
  return answer_get(*request, identities_state(all), ids,
                    [&](const std::string& id) -> Outcome<std::optional<json::object>> {
                      const auto found = std::ranges::find(all, id, &Identity::id);
                      if (found == all.end()) return std::nullopt;
                      json::object out = request->wanted_of(found->json);
                      if (request->properties && request->wants(kSendRight)) out[kSendRight] = right_name(found->kind);
                      return out;
                    });
}

// Which identity changed is not kept: whoever has another state asks for all of them, which are few.
Answer identity_changes(Call& call) {
  return answer_no_changes(call, [&](Access& access) -> Outcome<std::string> {
    JMAP_CALL_TRY(const auto all, identities_of(access, call.context.services.directory));
    return identities_state(all);
  });
}

Answer identity_set(Call& call) {
  Arguments arguments(call.given);
  const auto account = arguments.id("accountId");
  auto access = own_access(call, account);
  if (!access) return std::unexpected(access.error());
  JMAP_CALL_TRY(auto all, identities_of(**access, call.context.services.directory));
  SetRun run(call, **access);
  run.state = [&]() -> Outcome<std::string> { return identities_state(all); };
  const auto save = [&]() -> Outcome<> {
    if (const auto kept = keep(**access, all, call.context.services.directory); !kept)
      return std::unexpected(refusal_for_object(kept.error()));
    return {};
  };
  run.create = [&](const json::object& wish) -> Outcome<json::object> {
    const auto* email = wish.if_contains("email");
    if (email == nullptr || !email->is_string()) return bad_property("email");
    // RFC 8621 6.3: of addresses that the user may send from.
    const auto may = call.context.services.directory.authorship(call.context.user.id, email->get_string());
    if (!may || may->kind == directory::Authorship::Kind::none) return refuse("forbiddenFrom");
    if (all.size() >= kMaxIdentities) return refuse("overQuota");
    json::object identity = identity_of(kOwn, (*access)->owner);
    json::object others = wish;
    others.erase("email");
    identity["name"] = "";
    if (auto done = apply(identity, others); !done) return std::unexpected(done.error());
    std::uint64_t highest = 1;
    for (const Identity& i : all) highest = std::max(highest, number_behind('I', i.id).value_or(1));
    const std::string id = "I" + std::to_string(highest + 1);
    identity["id"] = id;
    identity["email"] = *email;
    identity["mayDelete"] = true;
    all.push_back({id, std::string(email->get_string()), identity, may->kind});
    if (auto done = save(); !done) {
      all.pop_back();
      return std::unexpected(done.error());
    }
    // RFC 8620 5.3: what the client did not say.
    json::object told;
    for (const std::string_view property : kIdentityProperties) {
      const auto* said = wish.if_contains(property);
      if (said == nullptr || *said != identity[property]) told[property] = identity[property];
    }
    return told;
  };
  run.update = [&](const std::string& id, const json::object& patch) -> Outcome<json::value> {
    const auto found = std::ranges::find(all, id, &Identity::id);
    if (found == all.end()) return refuse("notFound");
    const json::object old = found->json;
    static constexpr std::array<std::string_view, 3> kFixed = {"id", "email", "mayDelete"};
    const auto said = settable(patch, old, kFixed);
    if (!said) return std::unexpected(said.error());
    if (auto done = apply(found->json, *said); !done) {
      found->json = old;
      return std::unexpected(done.error());
    }
    if (auto done = save(); !done) {
      found->json = old;
      return std::unexpected(done.error());
    }
    return json::value();
  };
  run.destroy = [&](const std::string& id) -> Outcome<> {
    const auto found = std::ranges::find(all, id, &Identity::id);
    if (found == all.end()) return refuse("notFound");
    if (id == kOwn || id.starts_with('P')) return refuse("forbidden");
    const Identity old = *found;
    all.erase(found);
    if (auto done = save(); !done) {
      all.push_back(old);
      return done;
    }
    return {};
  };
  return run.run(arguments);
}

}  // namespace gatepost::jmap
