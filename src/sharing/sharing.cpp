#include "sharing/sharing.hpp"

#include <algorithm>
#include <utility>

#include "directory/addresses.hpp"

namespace gatepost::sharing {
namespace {

using directory::PrincipalId;

PrincipalId owner_of(const account::Account& account) {
  return static_cast<PrincipalId>(static_cast<std::uint64_t>(account.id()));
}

account::Grant* find(account::Grants& grants, std::string_view who, bool negative) {
  const auto at =
      std::ranges::find_if(grants, [&](const account::Grant& g) { return g.who == who && g.negative == negative; });
  return at == grants.end() ? nullptr : &*at;
}

Rights changed(Rights now, Change change, Rights by) {
  switch (change) {
    case Change::replace:
      return by;
    case Change::add:
      return now | by;
    case Change::remove:
      return now.without(by);
  }
  return now;
}

}  // namespace

Result<bool> grants_anything(account::Account& account, std::string_view who) {
  const auto has = [&](const std::shared_ptr<const account::Grants>& grants) {
    return grants && std::ranges::find(*grants, who, &account::Grant::who) != grants->end();
  };
  GP_TRY(const auto top, account.grants(account::kRoot));
  if (has(top)) return true;
  GP_TRY(const auto folders, account.folders());
  return std::ranges::any_of(*folders, [&](const account::Folder& folder) { return has(folder.grants); });
}

Rights Sharing::rights(PrincipalId reader, account::AccountId owner, const account::Grants* grants) const {
  if (static_cast<std::uint64_t>(reader) == static_cast<std::uint64_t>(owner)) return Rights::all();
  Rights given;
  Rights taken;
  if (grants == nullptr) return given;
  for (const account::Grant& grant : *grants) {
    if (!directory_.stands_for(grant.who, reader)) continue;
    const Rights these = Rights::of_bits(grant.rights);
    (grant.negative ? taken : given) = (grant.negative ? taken : given) | these;
  }
  return given.without(taken);
}

Result<Sharing::Shared> Sharing::open(PrincipalId reader, std::string_view address) const {
  // Only those: nobody makes the server open accounts that are none of his business.
  const auto all = sharers(reader);
  const auto found = std::ranges::find(all, address, &directory::Principal::address);
  if (found == all.end()) return fail(Errc::not_found, "no account that shares anything");
  GP_TRY(auto account, accounts_.open_for(static_cast<account::AccountId>(static_cast<std::uint64_t>(found->id)),
                                          static_cast<account::Reader>(reader)));
  return Shared{*found, std::move(account)};
}

Result<Sharing::Named> Sharing::named(std::string_view identifier) const {
  const bool negative = identifier.starts_with('-');
  if (negative) identifier.remove_prefix(1);
  if (identifier.empty()) return fail(Errc::invalid, "an identifier has a name");
  GP_TRY(std::string who, directory_.find_grantee(identifier));
  return Named{std::move(who), negative};
}

bool Sharing::is_owner(const account::Account& account, std::string_view who) const {
  return who == directory::grantee(owner_of(account));
}

Result<std::vector<Entry>> Sharing::list(account::Account& account, account::FolderId folder) const {
  GP_TRY(const auto grants, account.grants(folder));
  std::vector<Entry> out;
  GP_TRY(const auto owner, directory_.principal(owner_of(account)));
  out.push_back({.identifier = owner.address, .rights = Rights::all()});
  if (!grants) return out;
  for (const account::Grant& grant : *grants) {
    // A principal that is gone has no name and no rights. A group that is gone would mean others once its address is
    // given again: it is shown, so that it can be removed.
    auto name = directory_.name_of_grantee(grant.who);
    if (!name && !grant.who.starts_with('#')) name = grant.who;
    if (name) out.push_back({*std::move(name), grant.negative, Rights::of_bits(grant.rights)});
  }
  return out;
}

Result<> Sharing::set(account::Account& account, account::FolderId folder, std::string_view identifier, Change change,
                      Rights rights) const {
  GP_TRY(const Named who, named(identifier));
  if (is_owner(account, who.who)) {
    const Rights now = who.negative ? Rights() : Rights::all();
    if (changed(now, change, rights) == now) return {};
    return fail(Errc::denied, "the owner keeps all rights");
  }
  // First the note where to look: one too many does no harm.
  GP_CHECK(directory_.add_share(owner_of(account), who.who));
  Rights before, now;
  GP_CHECK(account.change_grants(folder, [&](account::Grants& grants) -> Result<> {
    account::Grant* known = find(grants, who.who, who.negative);
    before = known == nullptr ? Rights() : Rights::of_bits(known->rights);
    now = changed(before, change, rights);
    if (known != nullptr && now.empty()) {
      std::erase_if(grants, [&](const account::Grant& g) { return g.who == who.who && g.negative == who.negative; });
    } else if (known != nullptr) {
      known->rights = now.bits();
    } else if (!now.empty()) {
      grants.push_back({who.who, now.bits(), who.negative});
    }
    return {};
  }));
  if (!who.negative) tell(account, folder, who.who, before, now);
  GP_TRY(const bool any, grants_anything(account, who.who));
  if (!any) return forget_share(account, who.who);
  // Somebody else may just have found that there is nothing any more.
  if (!directory_.has_share(owner_of(account), who.who)) return directory_.add_share(owner_of(account), who.who);
  return {};
}

Result<> Sharing::remove(account::Account& account, account::FolderId folder, std::string_view identifier) const {
  // What the address meant before goes too: a group that is gone, or that became a principal.
  const bool negative = identifier.starts_with('-');
  std::string group;
  if (const auto address = directory::canonical_address(identifier.substr(negative ? 1 : 0))) {
    group = address->to_string();
  }
  auto found = named(identifier);
  if (!found && (found.error().code != Errc::not_found || group.empty())) {
    return std::unexpected(std::move(found).error());
  }
  const Named who = found ? *std::move(found) : Named{group, negative};
  if (is_owner(account, who.who) && !who.negative) return fail(Errc::denied, "the owner keeps all rights");
  Rights before;
  GP_CHECK(account.change_grants(folder, [&](account::Grants& grants) -> Result<> {
    const account::Grant* known = find(grants, who.who, who.negative);
    before = known == nullptr ? Rights() : Rights::of_bits(known->rights);
    std::erase_if(grants, [&](const account::Grant& g) {
      return (g.who == who.who || g.who == group) && g.negative == who.negative;
    });
    return {};
  }));
  if (!who.negative) tell(account, folder, who.who, before, Rights());
  for (const std::string& name : {who.who, group}) {
    if (name.empty()) continue;
    GP_TRY(const bool any, grants_anything(account, name));
    if (!any) GP_CHECK(forget_share(account, name));
  }
  return {};
}

void Sharing::tell(account::Account& account, account::FolderId folder, std::string_view who, Rights before,
                   Rights now) const {
  if (author_) (void)sharing::tell(directory_, accounts_, *author_, {account, folder, who, before, now});
}

// What is granted meanwhile is seen here, or its granter sees that the note is gone.
Result<> Sharing::forget_share(account::Account& account, std::string_view who) const {
  GP_CHECK(directory_.remove_share(owner_of(account), who));
  GP_TRY(const bool any, grants_anything(account, who));
  return any ? directory_.add_share(owner_of(account), who) : Result<>();
}

Result<Rights> Sharing::always(account::Account& account, std::string_view identifier) const {
  GP_TRY(const Named who, named(identifier));
  return is_owner(account, who.who) && !who.negative ? Rights::all() : Rights();
}

}  // namespace gatepost::sharing
