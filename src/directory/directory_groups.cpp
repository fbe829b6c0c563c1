#include <fmt/format.h>

#include <algorithm>

#include "directory/addresses.hpp"
#include "directory/resolve.hpp"
#include "directory/stored_directory.hpp"

// The part of StoredDirectory that knows groups and the change log.
namespace gatepost::directory {
namespace {

Result<std::vector<std::string>> canonical_addresses(const std::vector<std::string>& addresses) {
  std::vector<std::string> out;
  for (const std::string& address : addresses) {
    GP_TRY(const Address canonical, canonical_address(address));
    out.push_back(canonical.to_string());
  }
  return out;
}

// What is kept of a member with this address.
std::string member_named(const Index& index, const std::string& address) {
  const AddressEntry* entry = index.address(address);
  const auto* id = entry != nullptr ? std::get_if<PrincipalId>(entry) : nullptr;
  return id != nullptr ? grantee(*id) : address;
}

// Views into the index.
std::vector<Profile::Member> members_of(const Index& index, PrincipalId group) {
  std::vector<Profile::Member> out;
  index.each_member(
      group,
      [&](PrincipalId id) {
        const Principal& named = index.principal(id)->principal;
        out.push_back({&named, named.address});
      },
      [&](std::string_view address) { out.push_back({nullptr, address}); });
  return out;
}

}  // namespace

Result<const PrincipalRow*> StoredDirectory::group_of(const Current& current, PrincipalId id) {
  const PrincipalRow* found = current.index.principal(id);
  if (found == nullptr || found->principal.kind != PrincipalKind::group) {
    return fail(Errc::not_found, "there is no such group");
  }
  return found;
}

void StoredDirectory::touch_members(const Current& current, Change& change, const std::vector<std::string>& members,
                                    std::vector<Principal>& changed) const {
  for (const std::string& member : members) {
    const auto id = principal_of(member);
    const PrincipalRow* row = id ? current.index.principal(*id) : nullptr;
    if (row != nullptr) changed.push_back(touched(current, change, row->principal));
  }
}

void StoredDirectory::touch_rule_groups(const Current& current, Change& change, const Principal* before,
                                        const Principal* after, std::vector<Principal>& changed) const {
  for (const auto& [id, group] : current.index.rule_groups()) {
    const bool was = before != nullptr && group.members.contains(before->id);
    const bool is = after != nullptr && group.rule->fits(*after);
    if (was != is) changed.push_back(touched(current, change, current.index.principal(id)->principal));
  }
}

Result<std::vector<Principal>> StoredDirectory::members_by(std::string_view rule) {
  GP_TRY(const auto compiled, MemberRule::compile(rule));
  std::vector<Principal> found;
  {
    const SharedLock reading(mutex_);
    for (const auto& [id, row] : index_.principals()) {
      if (compiled->fits(row.principal)) found.push_back(row.principal);
    }
  }
  std::ranges::sort(found, {}, &Principal::address);
  return found;
}

Result<> StoredDirectory::add_members(PrincipalId group, const std::vector<std::string>& addresses) {
  return change_members(group, addresses, {});
}

Result<> StoredDirectory::remove_member(PrincipalId group, std::string_view address) {
  return change_members(group, {}, {std::string(address)});
}

Result<> StoredDirectory::change_members(PrincipalId group, const std::vector<std::string>& added,
                                         const std::vector<std::string>& removed) {
  if (added.size() + removed.size() <= kMembersAtOnce) return change_some_members(group, added, removed);
  const auto in_steps = [&](const std::vector<std::string>& all, bool come) -> Result<> {
    for (std::size_t at = 0; at < all.size(); at += kMembersAtOnce) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
      const auto size = static_cast<std::ptrdiff_t>(std::min(kMembersAtOnce, all.size() - at));
      const std::vector<std::string> some(begin, begin + size);
      GP_CHECK(come ? change_some_members(group, some, {}) : change_some_members(group, {}, some));
    }
    return {};
  };
  GP_CHECK(in_steps(removed, false));
  return in_steps(added, true);
}

Result<> StoredDirectory::change_some_members(PrincipalId group, const std::vector<std::string>& added,
                                              const std::vector<std::string>& removed) {
  GP_TRY(const std::vector<std::string> coming, canonical_addresses(added));
  GP_TRY(const std::vector<std::string> going, canonical_addresses(removed));
  return write([&](const Current& current, Change& change) -> Result<> {
    GP_TRY(const PrincipalRow* row, group_of(current, group));
    if (!row->principal.rule.empty()) {
      return fail(Errc::conflict, fmt::format("the members of {} follow from its rule", row->principal.address));
    }
    const Index::Members& there = current.index.members(group);
    std::vector<std::string> fresh, gone;
    for (const std::string& address : going) {
      std::string member = member_named(current.index, address);
      if (!there.contains(member)) {
        return fail(Errc::not_found, fmt::format("{} is no member of {}", address, row->principal.address));
      }
      if (std::ranges::find(gone, member) == gone.end()) gone.push_back(std::move(member));
    }
    for (const std::string& address : coming) {
      if (!is_answered(current.index, rules(), address)) {
        return fail(Errc::not_found, fmt::format("there is no {}", address));
      }
      std::string member = member_named(current.index, address);
      if (member == grantee(group)) return fail(Errc::invalid, "a group is no member of itself");
      if (std::erase(gone, member) != 0 || there.contains(member)) continue;
      if (std::ranges::find(fresh, member) == fresh.end()) fresh.push_back(std::move(member));
    }
    if (fresh.empty() && gone.empty()) return {};
    if (there.size() + fresh.size() - gone.size() > kMaxMembers) {
      return fail(Errc::limit, fmt::format("a group has at most {} members: put groups into it", kMaxMembers));
    }
    for (const std::string& member : fresh) change.put(member_key(group, member), encode_member());
    for (const std::string& member : gone) change.erase(member_key(group, member));
    std::vector<Principal> changed{touched(current, change, row->principal)};
    for (const auto& members : {fresh, gone}) touch_members(current, change, members, changed);
    change.apply = [group, fresh, gone, changed](Index& index) {
      for (const std::string& member : gone) index.erase_member(group, member);
      for (const std::string& member : fresh) index.put_member(group, member);
      for (const Principal& one : changed) index.put_principal(one);
    };
    return {};
  });
}

Result<std::vector<std::string>> StoredDirectory::members(PrincipalId group) {
  const SharedLock reading(mutex_);
  GP_CHECK(group_of({index_, 0, 0}, group));
  std::vector<std::string> found;
  for (const Profile::Member& member : members_of(index_, group)) found.emplace_back(member.address);
  std::ranges::sort(found);
  return found;
}

bool StoredDirectory::is_member(PrincipalId group, PrincipalId id) {
  const SharedLock reading(mutex_);
  return is_in_group(index_, group, id);
}

Profile StoredDirectory::profile(const Principal& principal) const {
  Profile out{principal, index_.aliases_to(principal.address), {}, {}, {}, {}, {}};
  const auto& password = index_.principal(principal.id)->credentials->password;
  if (password) out.password = password->facts;
  for (const auto& [who, rights] : index_.senders(principal.id)) {
    if (rights.on_behalf) out.delegates.push_back(&index_.principal(who)->principal);
  }
  for (const PrincipalId of : index_.sends_for(principal.id)) {
    if (index_.senders(of).at(principal.id).on_behalf) out.delegators.push_back(&index_.principal(of)->principal);
  }
  for (const PrincipalId group : index_.groups_with(grantee(principal.id))) {
    out.groups.push_back(&index_.principal(group)->principal);
  }
  // Groups of so many by a rule are not written out, at each change of one of them.
  const auto by_rule = index_.rule_groups().find(principal.id);
  if (by_rule != index_.rule_groups().end() && by_rule->second.members.size() > kMaxMembers) return out;
  out.members = members_of(index_, principal.id);
  return out;
}

// Those who want to know, shared with the watches, which may be dropped after the directory.
struct StoredDirectory::Watchers {
  Mutex mutex;
  std::map<std::uint64_t, std::function<void()>> all GP_GUARDED_BY(mutex);
  std::uint64_t next GP_GUARDED_BY(mutex) = 0;

  class Handle final : public Watch {
   public:
    Handle(std::shared_ptr<Watchers> watchers, std::uint64_t number)
        : watchers_(std::move(watchers)), number_(number) {}
    ~Handle() override {
      const Lock lock(watchers_->mutex);
      watchers_->all.erase(number_);
    }

   private:
    std::shared_ptr<Watchers> watchers_;
    std::uint64_t number_;
  };
};

std::shared_ptr<StoredDirectory::Watchers> StoredDirectory::make_watchers() { return std::make_shared<Watchers>(); }

std::unique_ptr<Directory::Watch> StoredDirectory::watch(std::function<void()> changed) {
  const Lock lock(watchers_->mutex);
  const std::uint64_t number = watchers_->next++;
  watchers_->all.emplace(number, std::move(changed));
  return std::make_unique<Watchers::Handle>(watchers_, number);
}

// After readers see the change: whoever is woken finds it.
void StoredDirectory::tell_watchers() {
  const Lock lock(watchers_->mutex);
  for (const auto& [number, changed] : watchers_->all) changed();
}

Directory::Changes StoredDirectory::changes_since(std::optional<std::uint64_t> since,
                                                  const std::function<void(const Profile&)>& visit) {
  Changes out;
  const SharedLock reading(mutex_);
  out.up_to = change_.load(std::memory_order_relaxed);
  for (const auto& [name, domain] : index_.domains()) out.domains.push_back(domain);
  const auto& all = index_.by_change();
  for (auto at = since ? all.lower_bound({*since + 1, PrincipalId{}}) : all.begin(); at != all.end(); ++at) {
    visit(profile(index_.principal(at->second)->principal));
  }
  if (!since) return out;
  // Somebody who asks from the future knows another directory, or one that was put back to an older state.
  out.complete = *since <= out.up_to;
  const auto& removed = index_.removed();
  // When as many are remembered as may be, some were forgotten before the first.
  if (!removed.empty() && removed.size() >= Index::kMaxRemoved && *since + 1 < removed.front().change)
    out.complete = false;
  for (const Removed& one : removed) {
    if (one.change > *since) out.removed.push_back(one);
  }
  return out;
}

}  // namespace gatepost::directory
