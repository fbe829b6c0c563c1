#include "directory/directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "directory/addresses.hpp"
#include "directory/stored_directory.hpp"
#include "store/keys.hpp"

namespace gatepost::directory {
namespace {

constexpr int kWriteAttempts = 10;  // when somebody else writes to our partition
constexpr std::size_t kMaxDisplayNameOctets = 255;
constexpr std::uint32_t kMinScramIterations = 4096;  // RFC 7677 4
constexpr std::uint32_t kMaxScramIterations = 10'000'000;

Result<Options> checked(Options options) {
  for (char c : options.recipient_delimiter) {
    if (std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c)) continue;
    return fail(Errc::invalid, fmt::format("'{}' cannot separate a detail from a name", utf8::sanitize({&c, 1})));
  }
  if (options.scram_iterations < kMinScramIterations || options.scram_iterations > kMaxScramIterations) {
    return fail(Errc::invalid, fmt::format("SCRAM wants {} iterations at least", kMinScramIterations));
  }
  if (!options.postmaster.empty()) {
    GP_TRY(const Address address, canonical_address(options.postmaster));
    options.postmaster = address.to_string();
  }
  return options;
}

Result<std::string> checked_display_name(std::string_view name) {
  if (name.size() > kMaxDisplayNameOctets) return fail(Errc::invalid, "a name has at most 255 octets");
  if (!utf8::is_valid(name)) return fail(Errc::invalid, "the name is not UTF-8");
  if (std::ranges::any_of(name, ascii::is_control)) return fail(Errc::invalid, "the name has control characters");
  return std::string(name);
}

std::unexpected<Error> no_domain(std::string_view name) {
  return fail(Errc::not_found, fmt::format("the domain {} is not served here", name));
}

// Is `address` the principal's own, as it is or with a detail?
bool is_form_of(std::string_view address, std::string_view own, std::string_view delimiters) {
  if (address == own) return true;
  if (domain_of(address) != domain_of(own)) return false;
  return std::ranges::any_of(plus_forms(local_of(address), delimiters),
                             [&](const PlusForm& form) { return form.base == local_of(own); });
}

}  // namespace

Result<std::unique_ptr<Directory>> Directory::open(store::KeyValue& keys, Options options, const Clock& clock,
                                                   Random& random) {
  GP_TRY(Options good, checked(std::move(options)));
  const PasswordHasher::Options hashing{good.argon2_memory_kib, good.argon2_iterations, good.parallel_hashes,
                                        good.waiting_hashes, good.hash_wait};
  GP_TRY(auto hasher, PasswordHasher::create(hashing));
  auto directory = std::make_unique<StoredDirectory>(keys, std::move(good), clock, random, std::move(hasher));
  GP_CHECK(directory->start());
  return directory;
}

StoredDirectory::StoredDirectory(store::KeyValue& keys, Options options, const Clock& clock, Random& random,
                                 std::unique_ptr<PasswordHasher> hasher)
    : keys_(keys),
      options_(std::move(options)),
      clock_(clock),
      random_(random),
      hasher_(std::move(hasher)),
      successes_(clock, random) {}

Result<> StoredDirectory::start() {
  {
    const Lock lock(writer_);
    GP_CHECK(reload());
  }
  std::string key(kDecoyKeyOctets, '\0');
  random_.fill(std::as_writable_bytes(std::span(key)));
  const TimePoint now = clock_.now();
  // Each is written once; somebody else may have been faster.
  const Result<> kept = write([&](const Current& current, Change& change) -> Result<> {
    if (decoy_key_.empty()) change.put(std::string(kDecoyKeyKey), encode_decoy_key(key));
    if (current.index.ages_since() == TimePoint{}) {
      change.put(std::string(kAgesSinceKey), encode_ages_since(now));
      change.apply = [now](Index& index) { index.set_ages_since(now); };
    }
    return {};
  });
  // A tool beside a stopped server reads only: nobody signs in there.
  if (!kept && kept.error().code != Errc::read_only) return kept;
  if (decoy_key_.empty()) decoy_key_ = std::move(key);
  return {};
}

Result<> StoredDirectory::reload() {
  std::optional<Result<Stored>> stored;
  {
    const SharedLock reading(mutex_);
    stored.emplace(load(keys_, index_));
  }
  GP_TRY(Stored fresh, *std::move(stored));
  version_ = fresh.version;
  next_id_ = std::max(fresh.next_id, store::kFirstAccount);
  if (decoy_key_.empty()) decoy_key_ = std::move(fresh.decoy_key);
  {
    const Lock uses(uses_mutex_);
    uses_.clear();
    for (const auto& [app, use] : fresh.uses) uses_[app] = {use, use.last};
  }
  {
    const Lock writing(mutex_);
    index_ = std::move(fresh.index);
    change_.store(version_, std::memory_order_release);
  }
  tell_watchers();
  stale_ = false;
  return {};
}

Result<> StoredDirectory::write(const Plan& plan) {
  bool shares = false;
  GP_TRY(const store::Version version, write_planned(plan, shares));
  const store::Watchers::Change change{store::kDirectoryPartition, version};
  if (shares) share_watchers_.notify(std::span(&change, 1));
  return {};
}

Result<store::Version> StoredDirectory::write_planned(const Plan& plan, bool& shares) {
  const Lock lock(writer_);
  for (int attempt = 0; attempt < kWriteAttempts; ++attempt) {
    if (stale_) GP_CHECK(reload());
    Change change;
    {
      const SharedLock reading(mutex_);
      GP_CHECK(plan({index_, next_id_, version_ + 1}, change));
    }
    if (change.batch.writes.empty() && change.batch.erases.empty()) return version_;
    shares = change.shares;
    const Result<> done = commit(change);
    if (done) return version_;
    if (done.error().code != Errc::conflict) return std::unexpected(done.error());
  }
  return fail(Errc::conflict, "somebody else changes the directory all the time");
}

// Errc::conflict: not done, to be planned anew.
Result<> StoredDirectory::commit(Change& change) {
  random_.fill(std::as_writable_bytes(std::span(change.batch.id)));
  const auto version = keys_.commit(store::kDirectoryPartition, version_, change.batch);
  if (version) {
    version_ = *version;
    if (change.next_id != 0) next_id_ = change.next_id;
    {
      const Lock writing(mutex_);
      if (change.apply) change.apply(index_);
      change_.store(version_, std::memory_order_release);
    }
    tell_watchers();
    return {};
  }
  if (version.error().code == Errc::conflict) stale_ = true;
  if (version.error().code != Errc::unknown_outcome) return std::unexpected(version.error());
  stale_ = true;
  const auto landed = keys_.outcome(store::kDirectoryPartition, change.batch.id);
  if (!landed) return std::unexpected(version.error());
  if (!*landed) return fail(Errc::conflict, "the commit was lost");
  return reload();
}

// ---- domains

Result<> StoredDirectory::add_domain(std::string_view name) {
  GP_TRY(const std::string domain, canonical_domain(name));
  return write([&](const Current& current, Change& change) -> Result<> {
    if (current.index.domain(domain) != nullptr) {
      return fail(Errc::already_exists, fmt::format("the domain {} is served already", domain));
    }
    if (current.index.has_addresses_in(domain)) {
      return fail(Errc::conflict, fmt::format("there are contacts with addresses in {}: delete them first", domain));
    }
    Domain row{domain, {}, clock_.now()};
    change.put(domain_key(domain), encode(row));
    change.apply = [row](Index& index) { index.put_domain(row); };
    return {};
  });
}

Result<> StoredDirectory::remove_domain(std::string_view name) {
  GP_TRY(const std::string domain, canonical_domain(name));
  return write([&](const Current& current, Change& change) -> Result<> {
    if (current.index.domain(domain) == nullptr) return no_domain(domain);
    if (current.index.has_addresses_in(domain)) {
      return fail(Errc::conflict, fmt::format("there are still accounts or aliases in {}", domain));
    }
    change.erase(domain_key(domain));
    const std::vector<AddressBook> books = address_books_without(current, change, domain);
    change.apply = [domain, books](Index& index) {
      index.erase_domain(domain);
      for (const AddressBook& book : books) index.put_address_book(book);
    };
    return {};
  });
}

Result<> StoredDirectory::set_catch_all(std::string_view name, std::string_view address) {
  GP_TRY(const std::string domain, canonical_domain(name));
  std::string target;
  if (!address.empty()) {
    GP_TRY(const Address canonical, canonical_address(address));
    target = canonical.to_string();
  }
  return write([&](const Current& current, Change& change) -> Result<> {
    const Domain* found = current.index.domain(domain);
    if (found == nullptr) return no_domain(domain);
    Domain row = *found;
    row.catch_all = target;
    if (!target.empty() && !is_answered(current.index, rules(), target)) {
      return fail(Errc::not_found, fmt::format("there is no {}", target));
    }
    change.put(domain_key(domain), encode(row));
    change.apply = [row](Index& index) { index.put_domain(row); };
    return {};
  });
}

Result<std::vector<Domain>> StoredDirectory::domains() {
  const SharedLock reading(mutex_);
  std::vector<Domain> found;
  for (const auto& [name, domain] : index_.domains()) found.push_back(domain);
  return found;
}

Result<bool> StoredDirectory::is_local_domain(std::string_view name) {
  const auto domain = canonical_domain(name);
  if (!domain) return false;
  const SharedLock reading(mutex_);
  return index_.domain(*domain) != nullptr;
}

// ---- principals

Result<Principal> StoredDirectory::add_principal(PrincipalKind kind, std::string_view address,
                                                 std::string_view display_name) {
  if (kind == PrincipalKind::contact) return fail(Errc::invalid, "a contact has a home");
  return add({.kind = kind, .address = std::string(address), .display_name = std::string(display_name)});
}

Result<Principal> StoredDirectory::add_rule_group(std::string_view address, std::string_view display_name,
                                                  std::string_view rule) {
  GP_CHECK(MemberRule::compile(rule));
  return add({.kind = PrincipalKind::group,
              .address = std::string(address),
              .display_name = std::string(display_name),
              .rule = std::string(rule)});
}

Result<Principal> StoredDirectory::add_contact(std::string_view address, std::string_view display_name,
                                               std::string_view home) {
  GP_TRY(std::string domain, canonical_domain(home));
  return add({.kind = PrincipalKind::contact,
              .address = std::string(address),
              .display_name = std::string(display_name),
              .home = std::move(domain)});
}

Result<Principal> StoredDirectory::add(Principal wanted) {
  GP_TRY(const Address canonical, canonical_address(wanted.address));
  GP_TRY(wanted.display_name, checked_display_name(wanted.display_name));
  wanted.address = canonical.to_string();
  Principal added;
  GP_CHECK(write([&](const Current& current, Change& change) -> Result<> {
    added = wanted;
    added.id = PrincipalId{current.next_id};
    added.created = added.changed = clock_.now();
    added.change = current.change;
    if (current.index.domain(home_domain(added)) == nullptr) return no_domain(home_domain(added));
    if (!added.home.empty() && current.index.domain(canonical.domain) != nullptr) {
      return fail(Errc::invalid, fmt::format("a contact is elsewhere, and {} is served here", canonical.domain));
    }
    if (current.index.address(added.address) != nullptr) {
      return fail(Errc::already_exists, fmt::format("{} exists already", added.address));
    }
    change.next_id = current.next_id + 1;
    change.put(std::string(kNextIdKey), encode_next_id(change.next_id));
    change.put(principal_key(added.id), encode(added));
    std::vector<Principal> groups;
    touch_rule_groups(current, change, nullptr, &added, groups);
    // Groups that had the bare address have the contact from now on.
    const std::set<PrincipalId> with_address = current.index.groups_with(added.address);
    for (const PrincipalId group : with_address) {
      change.erase(member_key(group, added.address));
      change.put(member_key(group, grantee(added.id)), encode_member());
      groups.push_back(touched(current, change, current.index.principal(group)->principal));
    }
    change.apply = [&added, groups, with_address](Index& index) {
      index.put_principal(added);
      for (const PrincipalId group : with_address) {
        index.erase_member(group, added.address);
        index.put_member(group, grantee(added.id));
      }
      for (const Principal& group : groups) index.put_principal(group);
    };
    return {};
  }));
  return added;
}

Result<> StoredDirectory::update_principal(const Principal& wanted) {
  GP_TRY(const std::string shown, checked_display_name(wanted.display_name));
  std::shared_ptr<const Contact> contact;
  if (wanted.contact != nullptr && !wanted.contact->empty()) {
    GP_TRY(Contact good, checked_contact(*wanted.contact));
    contact = std::make_shared<const Contact>(std::move(good));
  }
  if (!wanted.rule.empty()) GP_CHECK(MemberRule::compile(wanted.rule));
  return write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(wanted.id);
    if (found == nullptr) return no_principal();
    Principal row = found->principal;
    row.display_name = shown;
    row.enabled = wanted.enabled;
    row.quota_octets = wanted.quota_octets;
    row.role = wanted.role;
    row.contact = contact;
    if (row.copy_sent != wanted.copy_sent) {
      row.copy_sent = wanted.copy_sent;
      if (row.copy_sent) {
        change.put(copy_sent_key(row.id), encode_copy_sent());
      } else {
        change.erase(copy_sent_key(row.id));
      }
    }
    if (row.password_never_expires != wanted.password_never_expires) {
      row.password_never_expires = wanted.password_never_expires;
      if (row.password_never_expires) {
        change.put(never_expires_key(row.id), encode_never_expires());
      } else {
        change.erase(never_expires_key(row.id));
      }
    }
    if (row.rule.empty() != wanted.rule.empty()) {
      return fail(Errc::invalid, "whether its members follow from a rule is what a group is made with");
    }
    row.rule = wanted.rule;
    if (row.quota_messages != wanted.quota_messages) {
      row.quota_messages = wanted.quota_messages;
      if (row.quota_messages != 0) {
        change.put(message_quota_key(row.id), encode_message_quota(row.quota_messages));
      } else {
        change.erase(message_quota_key(row.id));
      }
    }
    row = touched(current, change, std::move(row));
    std::vector<Principal> groups;
    touch_rule_groups(current, change, &found->principal, &row, groups);
    change.apply = [row, groups](Index& index) {
      index.put_principal(row);
      for (const Principal& group : groups) index.put_principal(group);
    };
    return {};
  });
}

Principal StoredDirectory::touched(const Current& current, Change& change, Principal principal) const {
  principal.changed = clock_.now();
  principal.change = current.change;
  change.put(principal_key(principal.id), encode(principal));
  return principal;
}

// Aliases and catch-alls stop leading to the address, or its next owner would get what was never meant for him.
Result<> StoredDirectory::remove_principal(PrincipalId id) {
  const auto before = row(id);
  if (!before) return no_principal();
  if (before->principal.kind == PrincipalKind::group && before->principal.rule.empty()) {
    GP_TRY(const auto large, members(id));
    if (large.size() > kMembersAtOnce) GP_CHECK(change_members(id, {}, large));
  }
  GP_CHECK(revoke_all_of(id));
  GP_CHECK(write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return no_principal();
    // Whoever is elsewhere keeps his address, and what leads there goes on doing so.
    const bool elsewhere = found->principal.kind == PrincipalKind::contact;
    auto leads_here = [&](const std::string& target) {
      if (elsewhere) return false;
      return current.index.address(target) == nullptr
                 ? is_form_of(target, found->principal.address, options_.recipient_delimiter)
                 : target == found->principal.address;
    };
    change.shares = true;
    change.erase(principal_key(id));
    change.erase(password_key(id));
    change.erase(former_key(id));
    change.erase(totp_key(id));
    change.erase(message_quota_key(id));
    change.erase(copy_sent_key(id));
    change.erase(never_expires_key(id));
    change.batch.erases = {all_apps(id),    all_app_uses(id), all_shares(id),
                           all_members(id), all_senders(id),  all_photo_pieces(id)};
    const std::string own_name = grantee(id);
    std::vector<Principal> left;
    for (const PrincipalId group : current.index.groups_with(own_name)) {
      if (group == id) continue;
      change.erase(member_key(group, own_name));
      left.push_back(touched(current, change, current.index.principal(group)->principal));
    }
    const Index::Members& own_members = current.index.members(id);
    touch_members(current, change, {own_members.begin(), own_members.end()}, left);
    // Who had rights of it shows that no more; what was granted to it since was revoked above.
    const auto touch_once = [&](PrincipalId other) {
      if (std::ranges::find(left, other, &Principal::id) != left.end()) return;
      left.push_back(touched(current, change, current.index.principal(other)->principal));
    };
    for (const auto& [who, rights] : current.index.senders(id)) touch_once(who);
    for (const PrincipalId of : current.index.sends_for(id)) {
      change.erase(sender_key(of, id));
      touch_once(of);
    }
    touch_rule_groups(current, change, &found->principal, nullptr, left);
    std::erase_if(left, [id](const Principal& one) { return one.id == id; });
    const std::vector<AddressBook> books = address_books_without(current, change, own_name);
    const Removed gone{current.change, id, found->principal.kind, found->principal.address, found->principal.home};
    change.put(removed_key(current.change), encode(gone));
    const bool forgets = current.index.removed().size() >= Index::kMaxRemoved;
    if (forgets) change.erase(removed_key(current.index.removed().front().change));
    if (const auto given = current.index.shares().find(grantee(id)); given != current.index.shares().end()) {
      for (const PrincipalId account : given->second) {
        if (account != id) change.erase(share_key(account, given->first));
      }
    }
    std::vector<Alias> changed = current.index.aliases();
    std::erase_if(changed, [&](Alias& alias) { return std::erase_if(alias.targets, leads_here) == 0; });
    std::vector<std::pair<PrincipalId, std::string>> dropped;  // memberships of aliases that go
    for (const Alias& alias : changed) {
      if (alias.targets.empty()) {
        change.erase(alias_key(alias.address));
        for (const PrincipalId group : current.index.groups_with(alias.address)) {
          change.erase(member_key(group, alias.address));
          dropped.emplace_back(group, alias.address);
        }
      } else {
        change.put(alias_key(alias.address), encode_targets(alias.targets));
      }
    }
    std::vector<Domain> uncaught;
    for (const auto& [name, domain] : current.index.domains()) {
      if (domain.catch_all.empty() || !leads_here(domain.catch_all)) continue;
      uncaught.push_back(domain);
      uncaught.back().catch_all.clear();
      change.put(domain_key(name), encode(uncaught.back()));
    }
    change.apply = [id, changed, uncaught, left, gone, forgets, dropped, books](Index& index) {
      for (const AddressBook& book : books) index.put_address_book(book);
      for (const auto& [group, member] : dropped) index.erase_member(group, member);
      index.erase_principal(id);
      for (const Principal& one : left) index.put_principal(one);
      if (forgets) index.forget_first_removed();
      index.put_removed(gone);
      for (const Alias& alias : changed) {
        index.erase_alias(alias.address);
        if (!alias.targets.empty()) index.put_alias(alias.address, alias.targets);
      }
      for (const Domain& domain : uncaught) index.put_domain(domain);
    };
    return {};
  }));
  const Lock uses(uses_mutex_);
  std::erase_if(uses_, [&](const auto& use) { return use.first.first == id; });
  return {};
}

std::optional<PrincipalRow> StoredDirectory::row(PrincipalId id) {
  const SharedLock reading(mutex_);
  const PrincipalRow* found = index_.principal(id);
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

Result<Principal> StoredDirectory::principal(PrincipalId id) {
  auto found = row(id);
  if (!found) return no_principal();
  return std::move(found->principal);
}

Result<Principal> StoredDirectory::find(std::string_view address) {
  GP_TRY(const Address canonical, canonical_address(address));
  const SharedLock reading(mutex_);
  const PrincipalRow* found = index_.find(canonical.to_string());
  if (found == nullptr) return fail(Errc::not_found, fmt::format("there is no account {}", canonical.to_string()));
  return found->principal;
}

Result<Principal> StoredDirectory::find_contact(std::string_view address) {
  GP_TRY(const Address canonical, canonical_address(address));
  const SharedLock reading(mutex_);
  const PrincipalRow* found = index_.find_or_contact(canonical.to_string());
  if (found == nullptr || found->principal.kind != PrincipalKind::contact) {
    return fail(Errc::not_found, fmt::format("there is no contact {}", canonical.to_string()));
  }
  return found->principal;
}

Result<std::vector<Principal>> StoredDirectory::principals() {
  const SharedLock reading(mutex_);
  std::vector<Principal> found;
  for (const auto& [id, row] : index_.principals()) found.push_back(row.principal);
  return found;
}

// ---- where mail goes

Result<std::vector<Destination>> StoredDirectory::resolve(std::string_view address) {
  GP_TRY(const Address canonical, canonical_address(address));
  const SharedLock reading(mutex_);
  return directory::resolve(index_, rules(), canonical.to_string());
}

Result<bool> StoredDirectory::owns_address(PrincipalId id, std::string_view address) {
  GP_TRY(const Address canonical, canonical_address(address));
  const SharedLock reading(mutex_);
  if (index_.principal(id) == nullptr) return no_principal();
  return leads_to(index_, rules(), canonical.to_string(), id);
}

// ---- who may see whose

Result<std::string> StoredDirectory::find_grantee(std::string_view name) {
  if (name == kAnyone) return std::string(kAnyone);
  GP_TRY(const Address canonical, canonical_address(name));
  std::string address = canonical.to_string();
  const SharedLock reading(mutex_);
  const AddressEntry* entry = index_.address(address);
  const auto* id = entry != nullptr ? std::get_if<PrincipalId>(entry) : nullptr;
  // Nothing is granted to whoever never signs in.
  if (entry == nullptr || (id != nullptr && index_.principal(*id)->principal.kind == PrincipalKind::contact)) {
    return fail(Errc::not_found, fmt::format("there is no {}", address));
  }
  if (id != nullptr) return grantee(*id);
  return address;
}

std::optional<std::string> StoredDirectory::name_of_grantee(std::string_view grantee) {
  if (grantee == kAnyone) return std::string(kAnyone);
  const SharedLock reading(mutex_);
  if (const auto id = principal_of(grantee)) {
    const PrincipalRow* row = index_.principal(*id);
    return row == nullptr ? std::nullopt : std::optional(row->principal.address);
  }
  if (index_.address(grantee) == nullptr) return std::nullopt;
  return std::string(grantee);
}

bool StoredDirectory::stands_for(std::string_view grantee, PrincipalId id) {
  if (grantee == kAnyone) return true;
  if (const auto named = principal_of(grantee)) return *named == id || is_member(*named, id);
  const SharedLock reading(mutex_);
  return is_meant(grantee, id);
}

// An address that became a principal's own is no group any more: whoever has it now was never meant.
bool StoredDirectory::is_meant(std::string_view alias, PrincipalId id) {
  const AddressEntry* entry = index_.address(alias);
  if (entry == nullptr || std::holds_alternative<PrincipalId>(*entry)) return false;
  return leads_to(index_, rules(), alias, id, true);
}

Result<> StoredDirectory::add_share(PrincipalId account, std::string_view grantee) {
  std::string key = share_key(account, grantee);
  if (key.size() > store::kMaxKeyOctets) return fail(Errc::limit, "the name is too long");
  return write([&](const Current& current, Change& change) -> Result<> {
    if (current.index.principal(account) == nullptr) return no_principal();
    const auto known = current.index.shares().find(grantee);
    if (known != current.index.shares().end() && known->second.contains(account)) return {};
    change.put(key, encode_share());
    change.shares = true;
    change.apply = [account, grantee](Index& index) { index.put_share(std::string(grantee), account); };
    return {};
  });
}

Result<> StoredDirectory::remove_share(PrincipalId account, std::string_view grantee) {
  return write([&](const Current& current, Change& change) -> Result<> {
    const auto known = current.index.shares().find(grantee);
    if (known == current.index.shares().end() || !known->second.contains(account)) return {};
    change.erase(share_key(account, grantee));
    change.shares = true;
    change.apply = [account, grantee](Index& index) { index.erase_share(grantee, account); };
    return {};
  });
}

bool StoredDirectory::has_share(PrincipalId account, std::string_view grantee) {
  const SharedLock reading(mutex_);
  const auto known = index_.shares().find(grantee);
  return known != index_.shares().end() && known->second.contains(account);
}

std::unique_ptr<ShareWatch> StoredDirectory::watch_shares(std::function<void()> changed) {
  struct Watching final : ShareWatch {
    explicit Watching(std::unique_ptr<store::Subscription> s) : subscription(std::move(s)) {}
    std::unique_ptr<store::Subscription> subscription;
  };
  auto run = [changed = std::move(changed)](store::Partition, store::Version) { changed(); };
  return std::make_unique<Watching>(share_watchers_.add(std::move(run)));
}

std::vector<Principal> StoredDirectory::sharers(PrincipalId id) {
  std::set<PrincipalId> accounts;
  const std::string own = grantee(id);
  std::vector<Principal> out;
  const SharedLock reading(mutex_);
  for (const auto& [who, sharing] : index_.shares()) {
    const auto named = principal_of(who);
    const bool meant = who == own || who == kAnyone || (named ? is_in_group(index_, *named, id) : is_meant(who, id));
    if (meant) accounts.insert(sharing.begin(), sharing.end());
  }
  accounts.erase(id);
  for (const PrincipalId account : accounts) {
    if (const PrincipalRow* row = index_.principal(account)) out.push_back(row->principal);
  }
  std::ranges::sort(out, {}, &Principal::address);
  return out;
}

}  // namespace gatepost::directory
