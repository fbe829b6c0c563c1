#include <algorithm>
#include <array>
#include <map>

#include "jmap/principal.hpp"

// With whom a mailbox is shared, as the framework of RFC 9670 4 has it, over access control lists (RFC 4314).
namespace gatepost::jmap {
namespace {

using sharing::Right;
using sharing::Rights;

struct NamedRights {
  std::string_view name;
  Rights rights;
};
// mayRename and mayDelete are one right of ours.
constexpr std::array<NamedRights, 10> kRights = {{{"mayReadItems", Right::lookup | Right::read},
                                                  {"mayAddItems", Right::insert},
                                                  {"mayRemoveItems", Right::mark | Right::expunge},
                                                  {"maySetSeen", Right::seen},
                                                  {"maySetKeywords", Right::write},
                                                  {"mayCreateChild", Right::create},
                                                  {"mayRename", Right::remove},
                                                  {"mayDelete", Right::remove},
                                                  {"maySubmit", Right::post},
                                                  {"mayShare", Right::administer}}};

Outcome<Rights> read_rights(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return bad_property("shareWith");
  Rights out;
  std::map<Right, bool> said;
  for (const auto& [key, given] : *object) {
    const auto* known = std::ranges::find(kRights, std::string_view(key), &NamedRights::name);
    if (known == kRights.end() || !given.is_bool()) return bad_property("shareWith", std::string(key));
    if (given.get_bool()) out = out | known->rights;
    if (known->rights != Rights(Right::remove)) continue;
    const auto [other, first] = said.emplace(Right::remove, given.get_bool());
    if (!first && other->second != given.get_bool()) {
      return bad_property("shareWith", "mayRename and mayDelete go together");
    }
  }
  // Nobody does anything with what he may not know of.
  return out.empty() ? out : out | Right::lookup;
}

}  // namespace

json::object rights_object(Rights rights, bool holds) {
  json::object out;
  for (const NamedRights& one : kRights) {
    const bool structure = one.rights.has_any(Right::create | Right::remove) || one.rights.has_any(Right::administer);
    out[one.name] = (holds || structure) && rights.has(one.rights);
  }
  return out;
}

Result<json::value> share_with(const Access& access, const account::Folder& folder) {
  if (!access.own && !access.rights(folder).has(Right::administer)) return json::value();
  json::object out;
  for (const account::Grant& grant : folder.grants != nullptr ? *folder.grants : account::Grants()) {
    const auto id = grant.negative ? std::nullopt : directory::principal_of(grant.who);
    if (id) out[principal_name(*id)] = rights_object(Rights::of_bits(grant.rights), true);
  }
  return out.empty() ? json::value() : json::value(std::move(out));
}

Outcome<> set_share_with(const Context& context, const Access& access, const account::Folder& folder,
                         const json::value& wished) {
  if (!access.own && !access.rights(folder).has(Right::administer)) return refuse("forbidden");
  if (!wished.is_null() && !wished.is_object()) return bad_property("shareWith");
  directory::Directory& directory = context.services.directory;
  std::map<directory::PrincipalId, Rights> now, wanted;
  for (const account::Grant& grant : folder.grants != nullptr ? *folder.grants : account::Grants()) {
    const auto id = grant.negative ? std::nullopt : directory::principal_of(grant.who);
    if (id) now[*id] = Rights::of_bits(grant.rights);
  }
  for (const auto& [key, value] : wished.is_object() ? wished.get_object() : json::object()) {
    const auto id = read_principal(key);
    // RFC 9670 4: the owner's rights are implicit.
    if (!id || *id == access.owner.id) return bad_property("shareWith", std::string(key));
    const auto principal = directory.principal(*id);
    if (!principal || principal->kind == directory::PrincipalKind::contact ||
        (!is_visible(context, *principal) && !now.contains(*id))) {
      return bad_property("shareWith", std::string(key));
    }
    auto rights = read_rights(value);
    if (!rights) return std::unexpected(rights.error());
    if (!rights->empty()) wanted[*id] = *rights;
  }
  const auto apply = [&](directory::PrincipalId id, Rights rights) -> Outcome<> {
    const auto principal = directory.principal(id);
    if (!principal) return {};  // gone meanwhile, and its rights with it
    const auto done =
        access.sharing->set(*access.account, folder.id, principal->address, sharing::Change::replace, rights);
    if (!done) return std::unexpected(refusal_for_object(done.error()));
    return {};
  };
  for (const auto& [id, rights] : wanted) {
    if (const auto known = now.find(id); known != now.end() && known->second == rights) continue;
    if (auto done = apply(id, rights); !done) return done;
  }
  for (const auto& [id, rights] : now) {
    if (wanted.contains(id)) continue;
    if (auto done = apply(id, Rights()); !done) return done;
  }
  return {};
}

}  // namespace gatepost::jmap
