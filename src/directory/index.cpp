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
  const PrincipalRow* const found = find_or_contact(address);
  return found != nullptr && found->principal.kind == PrincipalKind::contact ? nullptr : found;
}

const PrincipalRow* Index::find_or_contact(std::string_view address) const {
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
  return std::ranges::any_of(addresses_, [&](const auto& row) { return domain_of(row.first) == domain; }) ||
         std::ranges::any_of(principals_, [&](const auto& row) { return row.second.principal.home == domain; });
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
    // Most of a directory that signs in elsewhere has none: one object is enough for all of them.
    static const auto kNone = std::make_shared<const Credentials>();
    row.credentials = kNone;
    row.generation = ++last_generation_;
    addresses_.insert_or_assign(principal.address, id);
  } else if (row.principal.enabled != principal.enabled) {
    row.generation = ++last_generation_;
  }
  by_change_.erase({row.principal.change, id});
  by_change_.insert({principal.change, id});
  const bool other_rule = row.principal.rule != principal.rule;
  row.principal = std::move(principal);
  if (other_rule) {
    auto rule = MemberRule::compile(row.principal.rule);
    GP_ASSERT(rule.has_value());
    RuleGroup& group = rule_groups_[id];
    group = {*std::move(rule), {}};
    for (const auto& [other, theirs] : principals_) {
      if (group.rule->fits(theirs.principal)) group.members.insert(other);
    }
  }
  follow_rules(row.principal);
}

void Index::follow_rules(const Principal& principal) {
  for (auto& [id, group] : rule_groups_) {
    if (group.rule->fits(principal)) {
      group.members.insert(principal.id);
    } else {
      group.members.erase(principal.id);
    }
  }
}

void Index::erase_principal(PrincipalId id) {
  const auto it = principals_.find(id);
  if (it == principals_.end()) return;
  addresses_.erase(it->second.principal.address);
  by_change_.erase({it->second.principal.change, id});
  principals_.erase(it);
  rule_groups_.erase(id);
  for (auto& [group, by_rule] : rule_groups_) by_rule.members.erase(id);
  const Members had = members(id);
  for (const std::string& member : had) erase_member(id, member);
  const std::string own_name = grantee(id);
  const std::set<PrincipalId> groups = groups_with(own_name);
  for (const PrincipalId group : groups) erase_member(group, own_name);
  const Senders had_senders = senders(id);
  for (const auto& [who, rights] : had_senders) put_sender(id, who, {});
  const std::set<PrincipalId> granted_by = sends_for(id);
  for (const PrincipalId of : granted_by) put_sender(of, id, {});
  if (const auto own = shares_.find(grantee(id)); own != shares_.end()) shares_.erase(own);
  for (auto& [who, accounts] : shares_) accounts.erase(id);
  std::erase_if(shares_, [](const auto& share) { return share.second.empty(); });
}

const Index::Members& Index::members(PrincipalId group) const {
  static const Members kNone;
  const auto found = members_.find(group);
  return found == members_.end() ? kNone : found->second;
}

const std::set<PrincipalId>& Index::groups_with(std::string_view member) const {
  static const std::set<PrincipalId> kNone;
  const auto found = groups_with_.find(member);
  return found == groups_with_.end() ? kNone : found->second;
}

void Index::put_member(PrincipalId group, std::string_view member) {
  members_[group].emplace(member);
  groups_with_[std::string(member)].insert(group);
}

void Index::erase_member(PrincipalId group, std::string_view member) {
  if (const auto in = members_.find(group); in != members_.end()) {
    if (const auto at = in->second.find(member); at != in->second.end()) in->second.erase(at);
    if (in->second.empty()) members_.erase(in);
  }
  if (const auto of = groups_with_.find(member); of != groups_with_.end()) {
    of->second.erase(group);
    if (of->second.empty()) groups_with_.erase(of);
  }
}

const Index::Senders& Index::senders(PrincipalId of) const {
  static const Senders kNone;
  const auto found = senders_.find(of);
  return found == senders_.end() ? kNone : found->second;
}

const std::set<PrincipalId>& Index::sends_for(PrincipalId grantee) const {
  static const std::set<PrincipalId> kNone;
  const auto found = sends_for_.find(grantee);
  return found == sends_for_.end() ? kNone : found->second;
}

void Index::put_sender(PrincipalId of, PrincipalId grantee, SendRights rights) {
  if (rights != SendRights{}) {
    senders_[of][grantee] = rights;
    sends_for_[grantee].insert(of);
    return;
  }
  const auto drop = [](auto& map, PrincipalId key, PrincipalId value) {
    const auto at = map.find(key);
    if (at == map.end()) return;
    at->second.erase(value);
    if (at->second.empty()) map.erase(at);
  };
  drop(senders_, of, grantee);
  drop(sends_for_, grantee, of);
}

std::vector<std::string_view> Index::aliases_to(std::string_view address) const {
  std::vector<std::string_view> found;
  const auto [begin, end] = aliases_to_.equal_range(address);
  for (auto at = begin; at != end; ++at) found.push_back(at->second);
  // Of aliases that lead to such aliases, too: no further than find() follows them.
  std::size_t next = 0;
  for (int hop = 1; hop < kMaxHops; ++hop) {
    for (const std::size_t hop_end = found.size(); next < hop_end; ++next) {
      const auto [first, last] = aliases_to_.equal_range(found[next]);
      for (auto at = first; at != last; ++at) {
        if (std::ranges::find(found, at->second) == found.end()) found.push_back(at->second);
      }
    }
  }
  std::ranges::sort(found);
  return found;
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
  erase_alias(address);
  if (targets.size() == 1) aliases_to_.emplace(targets.front(), address);
  addresses_.insert_or_assign(std::move(address), std::move(targets));
}

void Index::erase_alias(std::string_view address) {
  const auto it = addresses_.find(address);
  if (it == addresses_.end()) return;
  if (const auto* targets = std::get_if<std::vector<std::string>>(&it->second); targets && targets->size() == 1) {
    const auto [begin, end] = aliases_to_.equal_range(targets->front());
    const auto own = std::find_if(begin, end, [&](const auto& row) { return row.second == address; });
    if (own != end) aliases_to_.erase(own);
  }
  addresses_.erase(it);
}

}  // namespace gatepost::directory
