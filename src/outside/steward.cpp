#include "outside/steward.hpp"

#include <algorithm>

#include "outside/events.hpp"

namespace gatepost::outside {
namespace {

using directory::Principal;
using directory::PrincipalKind;

bool has(const std::vector<std::string>& all, std::string_view one) { return std::ranges::find(all, one) != all.end(); }

}  // namespace

Steward::Steward(directory::Directory& directory, Links& links, const Clock& clock, Log& log,
                 std::function<void(directory::PrincipalId)> disabled)
    : directory_(directory), links_(links), clock_(clock), log_(log), disabled_(std::move(disabled)) {}

std::optional<Principal> Steward::account_of(const Settings& settings, const Person& person) const {
  // The entry's own number first: its address may have changed.
  if (!person.unique_id.empty()) {
    if (const auto link = links_.by_unique_id(settings.name, person.unique_id)) {
      if (auto account = directory_.principal(link->account)) return *std::move(account);
    }
  }
  for (const std::string& address : person.addresses) {
    auto account = directory_.find(address);
    if (account && account->kind == PrincipalKind::person) return *std::move(account);
  }
  return std::nullopt;
}

bool Steward::is_ours(std::string_view address) const {
  const auto local = directory_.is_local_domain(address.substr(address.rfind('@') + 1));
  return local && *local;
}

Result<std::optional<Principal>> Steward::add(const Settings& settings, const Person& person, Link& link) {
  const auto address = std::ranges::find_if(person.addresses, [&](const std::string& one) { return is_ours(one); });
  // Who is disabled there gets no account before he is enabled; an address that something else has stays with it.
  if (address == person.addresses.end() || !person.enabled || directory_.find(*address)) return std::nullopt;
  auto added = directory_.add_principal(PrincipalKind::person, *address, person.display_name);
  if (!added && added.error().code == Errc::already_exists) return std::nullopt;
  if (!added) return std::unexpected(std::move(added).error());
  link.made = true;
  log_.write(event::kAdded, {{"directory", settings.name}, {"dn", person.dn}, {"address", added->address}});
  return *std::move(added);
}

// Addresses besides the account's own are aliases that lead to it; only those that were made so are taken back.
void Steward::bring_addresses(const Principal& account, const std::vector<std::string>& addresses, Link& link) {
  for (const std::string& address : addresses) {
    if (address == account.address || !is_ours(address) || has(link.aliases, address)) continue;
    if (const auto taken = directory_.find(address); taken && taken->id == account.id) continue;
    const auto added = directory_.add_alias(address, {account.address});
    if (added) {
      link.aliases.push_back(address);
    } else {
      log_.write(event::kAddressTaken,
                 {{"directory", link.directory}, {"address", address}, {"account", account.address}});
    }
  }
  std::erase_if(link.aliases, [&](const std::string& alias) {
    if (has(addresses, alias)) return false;
    const auto leads = directory_.find(alias);
    if (leads && leads->id == account.id && alias != account.address) (void)directory_.remove_alias(alias);
    return true;
  });
  std::ranges::sort(link.aliases);
}

bool Steward::would_disable(const Settings& settings, const Person& person) const {
  if (person.enabled) return false;
  const auto account = account_of(settings, person);
  return account && account->enabled;
}

Result<std::optional<Principal>> Steward::bring(const Settings& settings, const Person& person) {
  auto account = account_of(settings, person);
  const auto before = account ? links_.of(account->id, settings.name) : std::nullopt;
  Link link = before.value_or(Link{});
  if (!account) {
    GP_TRY(account, add(settings, person, link));
    if (!account) return std::nullopt;
  }
  link.account = account->id;
  link.directory = settings.name;
  link.unique_id = person.unique_id;
  link.dn = person.dn.substr(0, kMaxKeptDn);
  link.missed = 0;
  if (clock_.now() - link.seen >= kSeenAge) link.seen = clock_.now();
  // Whom an administrator disabled here stays so.
  const bool enable = person.enabled && link.disabled && !account->enabled;
  const bool disable = !person.enabled && account->enabled;
  const bool rename = link.made && !person.display_name.empty() && account->display_name != person.display_name;
  if (enable || disable || rename) {
    if (rename) account->display_name = person.display_name;
    if (enable) account->enabled = true;
    if (disable) account->enabled = false;
    link.disabled = disable || (link.disabled && !enable);
    GP_CHECK(directory_.update_principal(*account));
  }
  if (enable) link.disabled = false;
  bring_addresses(*account, person.addresses, link);
  if (disable) link.verifier.clear();
  if (!before || *before != link) GP_CHECK(links_.put(link));
  if (disable) {
    disabled_(account->id);
    log_.write(event::kDisabled,
               {{"directory", settings.name}, {"address", account->address}, {"reason", person.why_disabled}});
  }
  if (enable) log_.write(event::kEnabled, {{"directory", settings.name}, {"address", account->address}});
  return account;
}

Result<bool> Steward::disable(const Link& link, std::string_view why) {
  auto account = directory_.principal(link.account);
  if (!account) {
    GP_CHECK(links_.erase(link));
    return false;
  }
  Link changed = link;
  changed.verifier.clear();
  const bool enabled = account->enabled;
  if (enabled) {
    account->enabled = false;
    changed.disabled = true;
    GP_CHECK(directory_.update_principal(*account));
  }
  if (changed != link) GP_CHECK(links_.put(changed));
  if (!enabled) return false;
  disabled_(link.account);
  log_.write(event::kDisabled, {{"directory", link.directory}, {"address", account->address}, {"reason", why}});
  return true;
}

Result<> Steward::bring_group(const Settings& settings, const Group& group,
                              const std::optional<std::vector<std::string>>& members) {
  const auto address = std::ranges::find_if(group.addresses, [&](const std::string& one) { return is_ours(one); });
  if (address == group.addresses.end()) return {};
  auto before = group.unique_id.empty() ? std::nullopt : links_.by_unique_id(settings.name, group.unique_id);
  auto there = before ? directory_.principal(before->account) : directory_.find(*address);
  if (there && !before) before = links_.of(there->id, settings.name);
  Link link = before.value_or(Link{});
  if (!there) {
    GP_TRY(there, directory_.add_principal(PrincipalKind::group, *address, group.display_name));
    link = {.made = true};
    log_.write(event::kAdded, {{"directory", settings.name}, {"dn", group.dn}, {"address", there->address}});
  } else if (there->kind != PrincipalKind::group || !link.made) {
    // One that was made here has members that nobody there knows.
    log_.write(event::kAddressTaken,
               {{"directory", settings.name}, {"address", *address}, {"account", there->address}});
    return {};
  }
  const bool rename = !group.display_name.empty() && there->display_name != group.display_name;
  if (rename || (link.disabled && !there->enabled)) {
    if (rename) there->display_name = group.display_name;
    if (link.disabled) there->enabled = true;
    link.disabled = false;
    GP_CHECK(directory_.update_principal(*there));
  }
  link.account = there->id;
  link.directory = settings.name;
  link.unique_id = group.unique_id;
  link.dn = group.dn.substr(0, kMaxKeptDn);
  link.missed = 0;
  if (clock_.now() - link.seen >= kSeenAge) link.seen = clock_.now();
  bring_addresses(*there, group.addresses, link);
  if (!before || *before != link) GP_CHECK(links_.put(link));
  return members ? bring_members(*there, *members) : Result<>();
}

Result<> Steward::bring_members(const Principal& group, const std::vector<std::string>& members) {
  GP_TRY(const std::vector<std::string> present, directory_.members(group.id));
  std::vector<std::string> added;
  std::vector<std::string> removed;
  for (const std::string& one : members) {
    if (!has(present, one) && one != group.address) added.push_back(one);
  }
  for (const std::string& one : present) {
    if (!has(members, one)) removed.push_back(one);
  }
  if (added.empty() && removed.empty()) return {};
  return directory_.change_members(group.id, added, removed);
}

}  // namespace gatepost::outside
