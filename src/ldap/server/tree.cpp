#include "ldap/server/tree.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "ldap/protocol/matching.hpp"

namespace gatepost::ldap::server {
namespace {

using directory::PrincipalId;
using directory::PrincipalKind;
using FilterKind = Filter::Kind;

constexpr std::array kUnits{PrincipalKind::person,    PrincipalKind::shared_mailbox, PrincipalKind::room,
                            PrincipalKind::equipment, PrincipalKind::group,          PrincipalKind::contact};
// Domains and units come before all that lies in them.
constexpr std::uint64_t kFirstPrincipalKey = std::uint64_t{1} << 62;
constexpr std::size_t kMaxLinked = 1'000'000;
constexpr std::size_t kMinDead = 1 << 16;

std::size_t weight_of(const Entry& entry) {
  constexpr std::size_t kUsual = 16;
  return kUsual + entry.members().size() + entry.groups().size();
}

std::uint64_t key_of(PrincipalId id) { return kFirstPrincipalKey + static_cast<std::uint64_t>(id); }

// Attributes that are looked up by a value. What has the same values as another is found under that one's number.
struct Indexed {
  std::string_view name;
  std::uint8_t number;
  bool parts;
};
constexpr std::uint8_t kNames = 1, kMail = 2, kDnNumber = 3;
constexpr auto kIndexed = std::to_array<Indexed>({{"cn", 4, true},
                                                  {"sn", 5, true},
                                                  {"givenName", 6, true},
                                                  {"displayName", 4, true},
                                                  {"uid", kNames, true},
                                                  {"sAMAccountName", kNames, false},
                                                  {"mailNickname", kNames, false},
                                                  {"mail", kMail, true},
                                                  {"userPrincipalName", kMail, false},
                                                  {"proxyAddresses", 7, false},
                                                  {"telephoneNumber", 8, true},
                                                  {"mobile", 8, true},
                                                  {"homePhone", 8, true},
                                                  {"employeeNumber", 9, false},
                                                  {"objectGUID", 10, false},
                                                  {"member", 11, false},
                                                  {"memberOf", 12, false},
                                                  {"distinguishedName", kDnNumber, false},
                                                  {"entryDN", kDnNumber, false},
                                                  {"entryUUID", 13, false}});

const Indexed* indexed(std::string_view name) {
  const auto* const found = std::ranges::find(kIndexed, name, &Indexed::name);
  return found == kIndexed.end() ? nullptr : found;
}

std::uint64_t hash_of(std::uint8_t number, std::string_view prepared) {
  return std::hash<std::string_view>()(prepared) ^ (number * 0x9e3779b97f4a7c15ULL);
}

void unite(std::vector<Slot>& into, const std::vector<Slot>& more) {
  into.insert(into.end(), more.begin(), more.end());
}

}  // namespace

std::uint64_t Tree::refresh() {
  const std::uint64_t known = seen_.load(std::memory_order_acquire);
  if (filled_.load(std::memory_order_acquire) && directory_.change() == known) return known;
  const Lock writing(mutex_);
  std::optional<std::uint64_t> since;
  if (filled_) since = seen_.load();
  const auto visit = [&](const directory::Profile& profile) GP_REQUIRES(mutex_) { put(maker_.principal(profile)); };
  directory::Directory::Changes changes = directory_.changes_since(since, visit);
  if (!changes.complete) {
    begin_anew();
    changes = directory_.changes_since(std::nullopt, visit);
  }
  put_domains(changes.domains);
  for (const directory::Removed& gone : changes.removed) drop(key_of(gone.id));
  compact();
  seen_.store(changes.up_to, std::memory_order_release);
  filled_.store(true, std::memory_order_release);
  return changes.up_to;
}

void Tree::begin_anew() {
  by_key_.clear();
  slots_.clear();
  weight_ = dead_ = 0;
  equal_ = {};
  parts_ = {};
  domains_.clear();
}

void Tree::put(Entry entry) {
  entry.key = entry.is_principal() ? key_of(entry.id) : structural_key(std::string(entry.normal()));
  drop(entry.key);
  const auto slot = static_cast<Slot>(slots_.size());
  weight_ += weight_of(entry);
  index(entry, slot);
  by_key_.set(entry.key, slot);
  slots_.push_back(std::make_shared<const Entry>(std::move(entry)));
}

void Tree::drop(std::uint64_t key) {
  const auto at = by_key_.find(key);
  if (!at) return;
  dead_ += weight_of(*slots_[*at]);
  slots_[*at] = nullptr;
  by_key_.erase(key);
}

std::uint64_t Tree::structural_key(const std::string& normal) {
  return structural_keys_.emplace(normal, structural_keys_.size() + 1).first->second;
}

void Tree::put_domains(const std::vector<directory::Domain>& domains) {
  const auto same = [](const directory::Domain& a, const directory::Domain& b) {
    return a.name == b.name && a.created == b.created;
  };
  if (std::ranges::equal(domains, domains_, same)) return;
  for (const directory::Domain& domain : domains_) {
    if (std::ranges::any_of(domains, [&](const auto& d) { return same(d, domain); })) continue;
    drop(structural_key(std::string(maker_.domain(domain).normal())));
    for (const PrincipalKind kind : kUnits) drop(structural_key(std::string(maker_.unit(domain, kind).normal())));
  }
  for (const directory::Domain& domain : domains) {
    if (std::ranges::any_of(domains_, [&](const auto& d) { return same(d, domain); })) continue;
    put(maker_.domain(domain));
    for (const PrincipalKind kind : kUnits) put(maker_.unit(domain, kind));
  }
  domains_ = domains;
}

void Tree::index(const Entry& entry, Slot slot) {
  std::vector<std::uint64_t> hashes{hash_of(kDnNumber, entry.normal()), hash_of(13, uuid_text(entry.uuid))};
  TrigramIndex* const parts = &parts_;
  each_attribute(entry.attributes, [&](const AttributeType& type, std::string_view values) {
    const Indexed* const row = indexed(type.name);
    if (row == nullptr || row->number == kDnNumber) return true;
    ber::Reader in(values);
    while (in.ok() && !in.at_end()) {
      const auto prepared = prepare(type.equality, in.octets());
      if (!prepared) continue;
      hashes.push_back(hash_of(row->number, *prepared));
      if (row->parts) parts->add(*prepared, slot);
    }
    return true;
  });
  std::ranges::sort(hashes);
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  for (const std::uint64_t hash : hashes) equal_.add(hash, slot);
}

// When half of what the indexes name is gone.
void Tree::compact() {
  if (dead_ < kMinDead || 2 * dead_ < weight_) return;
  std::vector<EntryPtr> kept;
  kept.reserve(by_key_.size());
  equal_ = {};
  parts_ = {};
  const std::span<EntryPtr> slots(slots_);
  by_key_.renumber([&](Slot old) {
    kept.push_back(std::move(slots[old]));
    return static_cast<Slot>(kept.size() - 1);
  });
  for (Slot slot = 0; slot < kept.size(); ++slot) index(*kept[slot], slot);
  slots_ = std::move(kept);
  weight_ -= std::exchange(dead_, 0);
}

EntryPtr Tree::find(std::string_view normal) {
  const SharedLock reading(mutex_);
  return find_locked(normal);
}

EntryPtr Tree::find(PrincipalId id) {
  const SharedLock reading(mutex_);
  return find_locked(id);
}

EntryPtr Tree::find_locked(std::string_view normal) const {
  EntryPtr found;
  const std::span<const EntryPtr> slots(slots_);
  equal_.find(hash_of(kDnNumber, normal), [&](Slot slot) {
    if (slots[slot] != nullptr && slots[slot]->normal() == normal) found = slots[slot];
  });
  return found;
}

EntryPtr Tree::find_locked(PrincipalId id) const {
  const auto at = by_key_.find(key_of(id));
  return at ? slots_[*at] : nullptr;
}

std::vector<EntryPtr> Tree::page(std::uint64_t after, std::size_t count) {
  std::vector<EntryPtr> out;
  out.reserve(count);
  const SharedLock reading(mutex_);
  const std::span<const EntryPtr> slots(slots_);
  by_key_.each_after(after, [&](Slot slot) {
    out.push_back(slots[slot]);
    return out.size() < count;
  });
  return out;
}

std::vector<std::string> Tree::contexts() {
  std::vector<std::string> out;
  const SharedLock reading(mutex_);
  for (const directory::Domain& domain : domains_) out.push_back(domain_dn(domain.name));
  return out;
}

std::size_t Tree::size() {
  const SharedLock reading(mutex_);
  return by_key_.size();
}

Matcher Tree::matcher(const Filter& filter) {
  return make_matcher(filter, [this](const AttributeType& type, const std::string& normal) {
    const SharedLock reading(mutex_);
    return linked(type, normal);
  });
}

// [MS-ADTS] 3.1.1.3.4.4.3: one link after the other; circles end by themselves.
std::shared_ptr<const IdSet> Tree::linked(const AttributeType& type, std::string_view normal) const {
  auto out = std::make_shared<IdSet>();
  const EntryPtr start = find_locked(normal);
  if (start == nullptr) return out;
  const bool down = type.name == "memberOf";
  std::vector<EntryPtr> steps{start};
  while (!steps.empty() && out->size() < kMaxLinked) {
    const EntryPtr from = std::move(steps.back());
    steps.pop_back();
    for (const PrincipalId next : down ? from->members() : from->groups()) {
      if (!out->insert(static_cast<std::uint64_t>(next)).second) continue;
      if (EntryPtr entry = find_locked(next)) steps.push_back(std::move(entry));
    }
  }
  return out;
}

Selection Tree::select(const Matcher& matcher, std::uint64_t after_key) {
  Selection out;
  const SharedLock reading(mutex_);
  auto slots = candidates(matcher, 0);
  if (!slots) {
    out.everything = true;
    return out;
  }
  for (const Slot slot : *slots) {
    if (slots_[slot] != nullptr && slots_[slot]->key > after_key) out.entries.push_back(slots_[slot]);
  }
  std::ranges::sort(out.entries, {}, &Entry::key);
  out.entries.erase(std::unique(out.entries.begin(), out.entries.end()), out.entries.end());
  return out;
}

std::optional<Tree::Slots> Tree::candidates(const Matcher& matcher, std::uint32_t at) const {
  const Matcher::Node& node = matcher.nodes[at];
  if (node.kind == FilterKind::all) return candidates_of_all(matcher, at);
  if (node.kind == FilterKind::any) return candidates_of_any(matcher, at);
  if (node.kind == FilterKind::negation) return std::nullopt;
  // Never true, and what stands around it can only be true without it.
  if (node.undefined) return Slots();
  if (node.rule == Rule::transitive_membership) {
    Slots out;
    for (const std::uint64_t id : *node.ids) {
      const auto found = by_key_.find(key_of(PrincipalId{id}));
      if (found) out.push_back(*found);
    }
    return out;
  }
  const Indexed* const row = node.type != nullptr && !node.dn_attributes ? indexed(node.type->name) : nullptr;
  if (row == nullptr || node.rule != node.type->equality) return std::nullopt;
  if (node.kind == FilterKind::equality || node.kind == FilterKind::approximate ||
      node.kind == FilterKind::extensible) {
    Slots out;
    equal_.find(hash_of(row->number, node.value), [&](Slot slot) { out.push_back(slot); });
    return out;
  }
  if (node.kind != FilterKind::substrings || !row->parts) return std::nullopt;
  std::vector<TrigramIndex::Part> parts;
  for (std::size_t i = 0; i < node.parts.size(); ++i) parts.push_back({node.parts[i], node.from_start && i == 0});
  return parts_.find(parts);
}

// The fewest that one of them leaves; the others only have to be looked at.
std::optional<Tree::Slots> Tree::candidates_of_all(const Matcher& matcher, std::uint32_t at) const {
  std::optional<Slots> best;
  for (std::uint32_t child = at + 1; child < matcher.nodes[at].end; child = matcher.nodes[child].end) {
    auto one = candidates(matcher, child);
    if (one && (!best || one->size() < best->size())) best = std::move(one);
  }
  return best;
}

std::optional<Tree::Slots> Tree::candidates_of_any(const Matcher& matcher, std::uint32_t at) const {
  Slots out;
  for (std::uint32_t child = at + 1; child < matcher.nodes[at].end; child = matcher.nodes[child].end) {
    const auto one = candidates(matcher, child);
    if (!one) return std::nullopt;
    unite(out, *one);
  }
  return out;
}

}  // namespace gatepost::ldap::server
