#include <fmt/format.h>

#include <algorithm>

#include "directory/addresses.hpp"
#include "directory/resolve.hpp"
#include "directory/stored_directory.hpp"
#include "store/keys.hpp"

// The part of StoredDirectory that knows aliases.
namespace gatepost::directory {

Result<> StoredDirectory::add_alias(std::string_view address, const std::vector<std::string>& targets) {
  return put_alias(address, targets, false);
}

Result<> StoredDirectory::change_alias(std::string_view address, const std::vector<std::string>& targets) {
  return put_alias(address, targets, true);
}

Result<> StoredDirectory::put_alias(std::string_view address, const std::vector<std::string>& targets, bool is_there) {
  GP_TRY(const Address canonical, canonical_address(address));
  const std::string name = canonical.to_string();
  if (targets.empty()) return fail(Errc::invalid, "an alias leads to one address at least");
  std::vector<std::string> leads_to;
  for (const std::string& target : targets) {
    GP_TRY(const Address good, canonical_address(target));
    leads_to.push_back(good.to_string());
    if (leads_to.back() == name) return fail(Errc::invalid, "an alias does not lead to itself");
  }
  // In the order they were given, each once.
  std::vector<std::string> once;
  for (std::string& target : leads_to) {
    if (std::ranges::find(once, target) == once.end()) once.push_back(std::move(target));
  }
  std::string value = encode_targets(once);
  if (value.size() > store::kMaxValueOctets) {
    return fail(Errc::too_large, "too many targets for one alias: let it lead to several aliases");
  }
  return write([&](const Current& current, Change& change) -> Result<> {
    if (current.index.domain(canonical.domain) == nullptr) {
      return fail(Errc::not_found, fmt::format("the domain {} is not served here", canonical.domain));
    }
    const AddressEntry* entry = current.index.address(name);
    if (!is_there && entry != nullptr) return fail(Errc::already_exists, fmt::format("{} exists already", name));
    if (is_there && (entry == nullptr || std::holds_alternative<PrincipalId>(*entry))) {
      return fail(Errc::not_found, fmt::format("there is no alias {}", name));
    }
    for (const std::string& target : once) {
      if (!is_answered(current.index, rules(), target))
        return fail(Errc::not_found, fmt::format("there is no {}", target));
    }
    change.shares = true;
    change.put(alias_key(name), value);
    // Whose alias it was, and whose it is now.
    std::vector<Principal> owners;
    if (const PrincipalRow* row = is_there ? current.index.find_or_contact(name) : nullptr) {
      owners.push_back(touched(current, change, row->principal));
    }
    const PrincipalRow* now = once.size() == 1 ? current.index.find_or_contact(once.front()) : nullptr;
    if (now != nullptr && (owners.empty() || owners.front().id != now->principal.id)) {
      owners.push_back(touched(current, change, now->principal));
    }
    change.apply = [&, owners](Index& index) {
      index.put_alias(name, once);
      for (const Principal& owner : owners) index.put_principal(owner);
    };
    return {};
  });
}

Result<> StoredDirectory::remove_alias(std::string_view address) {
  GP_TRY(const Address canonical, canonical_address(address));
  const std::string name = canonical.to_string();
  return write([&](const Current& current, Change& change) -> Result<> {
    const AddressEntry* entry = current.index.address(name);
    if (entry == nullptr || std::holds_alternative<PrincipalId>(*entry)) {
      return fail(Errc::not_found, fmt::format("there is no alias {}", name));
    }
    change.shares = true;
    change.erase(alias_key(name));
    std::vector<Principal> groups;
    for (const PrincipalId group : current.index.groups_with(name)) {
      change.erase(member_key(group, name));
      groups.push_back(touched(current, change, current.index.principal(group)->principal));
    }
    std::optional<Principal> owner;
    if (const PrincipalRow* row = current.index.find_or_contact(name)) owner = touched(current, change, row->principal);
    change.apply = [&, owner, groups](Index& index) {
      index.erase_alias(name);
      if (owner) index.put_principal(*owner);
      for (const Principal& group : groups) {
        index.erase_member(group.id, name);
        index.put_principal(group);
      }
    };
    return {};
  });
}

Result<std::vector<Alias>> StoredDirectory::aliases() {
  const SharedLock reading(mutex_);
  return index_.aliases();
}

}  // namespace gatepost::directory
