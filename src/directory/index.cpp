#include "directory/index.hpp"

#include <algorithm>
#include <utility>

namespace gatepost::directory {

std::string_view domain_of(std::string_view address) { return address.substr(address.rfind('@') + 1); }
std::string_view local_of(std::string_view address) { return address.substr(0, address.rfind('@')); }

const Domain* Index::domain(std::string_view name) const {
  const auto it = domains_.find(name);
  return it == domains_.end() ? nullptr : &it->second;
}

const PrincipalRow* Index::principal(PrincipalId id) const {
  const auto it = principals_.find(id);
  return it == principals_.end() ? nullptr : &it->second;
}

const AddressEntry* Index::address(std::string_view address) const {
  const auto it = addresses_.find(address);
  return it == addresses_.end() ? nullptr : &it->second;
}

const PrincipalRow* Index::find(std::string_view address) const {
  for (int hop = 0; hop < kMaxHops; ++hop) {
    const AddressEntry* entry = this->address(address);
    if (entry == nullptr) return nullptr;
    if (const auto* id = std::get_if<PrincipalId>(entry)) return principal(*id);
    const auto& targets = std::get<std::vector<std::string>>(*entry);
    if (targets.size() != 1) return nullptr;
    address = targets.front();
  }
  return nullptr;
}

bool Index::has_addresses_in(std::string_view domain) const {
  return std::ranges::any_of(addresses_, [&](const auto& row) { return domain_of(row.first) == domain; });
}

std::vector<Alias> Index::aliases() const {
  std::vector<Alias> found;
  for (const auto& [address, entry] : addresses_) {
    if (const auto* targets = std::get_if<std::vector<std::string>>(&entry)) found.push_back({address, *targets});
  }
  std::ranges::sort(found, {}, &Alias::address);
  return found;
}

void Index::put_domain(Domain domain) {
  std::string name = domain.name;
  domains_.insert_or_assign(std::move(name), std::move(domain));
}

void Index::erase_domain(std::string_view name) {
  if (const auto it = domains_.find(name); it != domains_.end()) domains_.erase(it);
}

void Index::put_principal(Principal principal) {
  const PrincipalId id = principal.id;
  PrincipalRow& row = principals_[id];
  if (row.credentials == nullptr) {
    row.credentials = std::make_shared<const Credentials>();
    row.generation = ++last_generation_;
    addresses_.insert_or_assign(principal.address, id);
  } else if (row.principal.enabled != principal.enabled) {
    row.generation = ++last_generation_;
  }
  row.principal = std::move(principal);
}

void Index::erase_principal(PrincipalId id) {
  const auto it = principals_.find(id);
  if (it == principals_.end()) return;
  addresses_.erase(it->second.principal.address);
  principals_.erase(it);
  if (const auto own = shares_.find(grantee(id)); own != shares_.end()) shares_.erase(own);
  for (auto& [who, accounts] : shares_) accounts.erase(id);
  std::erase_if(shares_, [](const auto& share) { return share.second.empty(); });
}

void Index::erase_share(std::string_view grantee, PrincipalId account) {
  const auto found = shares_.find(grantee);
  if (found == shares_.end()) return;
  found->second.erase(account);
  if (found->second.empty()) shares_.erase(found);
}

void Index::put_credentials(PrincipalId id, std::shared_ptr<const Credentials> credentials) {
  const auto it = principals_.find(id);
  if (it == principals_.end()) return;
  it->second.credentials = std::move(credentials);
  it->second.generation = ++last_generation_;
}

void Index::refresh_credentials(PrincipalId id, std::shared_ptr<const Credentials> credentials) {
  const auto it = principals_.find(id);
  if (it != principals_.end()) it->second.credentials = std::move(credentials);
}

void Index::put_alias(std::string address, std::vector<std::string> targets) {
  addresses_.insert_or_assign(std::move(address), std::move(targets));
}

void Index::erase_alias(std::string_view address) {
  if (const auto it = addresses_.find(address); it != addresses_.end()) addresses_.erase(it);
}

}  // namespace gatepost::directory
