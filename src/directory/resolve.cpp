#include "directory/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "directory/addresses.hpp"

namespace gatepost::directory {
namespace {

struct Match {
  const AddressEntry* entry = nullptr;
  std::string_view detail;  // a view into the address
};

// Steps 1 and 2.
Match match(const Index& index, const ResolveRules& rules, std::string_view address) {
  if (const AddressEntry* entry = index.address(address)) return {entry, {}};
  for (const PlusForm& form : plus_forms(local_of(address), rules.delimiters)) {
    if (const AddressEntry* entry = index.address(fmt::format("{}@{}", form.base, domain_of(address)))) {
      return {entry, form.detail};
    }
  }
  return {};
}

// A work list instead of recursion: aliases may lead to each other in any depth and in circles.
class Walk {
 public:
  enum class Groups { skipped, expanded, themselves };
  Walk(const Index& index, const ResolveRules& rules, bool own_only, Groups groups)
      : index_(index), rules_(rules), own_only_(own_only), groups_(groups) {}

  void run(std::string_view start) {
    push(start, {});
    // Steps are added while others are taken.
    for (std::size_t next = 0; next < steps_.size() && !overflow_; ++next) take(Step(steps_[next]));
    if (found.empty() && !own_only_ && is_role(local_of(start)) && index_.domain(domain_of(start)) != nullptr)
      first_person();
  }
  bool overflow() const { return overflow_; }
  bool disabled() const { return disabled_; }

  std::vector<Destination> found;

 private:
  struct Step {
    std::string address, detail;
  };

  void push(std::string_view address, std::string_view detail) {
    if (seen_.size() >= kMaxExpansion) {
      overflow_ = true;
    } else if (seen_.emplace(address).second) {
      steps_.push_back({std::string(address), std::string(detail)});
    }
  }

  void take(const Step& step) {
    const std::string_view local = local_of(step.address), name = domain_of(step.address);
    const Domain* domain = index_.domain(name);
    if (domain == nullptr) {
      found.push_back({Destination::Kind::outside, {}, step.address, {}});
      return;
    }
    const Match found_here = match(index_, rules_, step.address);
    if (found_here.entry != nullptr) {
      return follow(*found_here.entry, found_here.detail.empty() ? step.detail : found_here.detail);
    }
    if (own_only_) return;
    if (is_role(local) && !rules_.postmaster.empty()) return push(rules_.postmaster, {});
    if (!domain->catch_all.empty()) return push(domain->catch_all, {});
    if (is_role(local)) first_person();
  }

  void follow(const AddressEntry& entry, std::string_view detail) {
    if (const auto* id = std::get_if<PrincipalId>(&entry)) return reach(*index_.principal(*id), detail);
    for (const std::string& target : std::get<std::vector<std::string>>(entry)) push(target, detail);
  }

  void reach(const PrincipalRow& row, std::string_view detail) {
    const bool group = row.principal.kind == PrincipalKind::group && groups_ != Groups::themselves;
    if (row.principal.kind == PrincipalKind::contact) {
      // Its domain has become one of ours since; whoever is elsewhere stays there.
      found.push_back({Destination::Kind::outside, {}, row.principal.address, {}});
    } else if (!row.principal.enabled || (group && !index_.has_members(row.principal.id))) {
      disabled_ = true;
    } else if (group) {
      if (groups_ == Groups::expanded) expand(row.principal.id);
    } else if (reached_.insert(static_cast<std::uint64_t>(row.principal.id)).second) {
      found.push_back({Destination::Kind::account, row.principal.id, row.principal.address, std::string(detail)});
    }
  }

  void expand(PrincipalId group) {
    index_.each_member(
        group, [&](PrincipalId id) { push(index_.principal(id)->principal.address, {}); },
        [&](std::string_view address) { push(address, {}); });
  }

  void first_person() {
    for (const auto& [id, row] : index_.principals()) {
      if (row.principal.enabled && row.principal.kind == PrincipalKind::person) return reach(row, {});
    }
  }

  const Index& index_;
  const ResolveRules& rules_;
  const bool own_only_;
  const Groups groups_;
  std::vector<Step> steps_;
  std::unordered_set<std::string> seen_;
  std::unordered_set<std::uint64_t> reached_;
  bool overflow_ = false;
  bool disabled_ = false;
};

}  // namespace

Result<std::vector<Destination>> resolve(const Index& index, const ResolveRules& rules, std::string_view address) {
  Walk walk(index, rules, false, Walk::Groups::expanded);
  walk.run(address);
  if (walk.overflow())
    return fail(Errc::limit, fmt::format("{} leads to more than {} addresses", address, kMaxExpansion));
  if (!walk.found.empty()) return std::move(walk.found);
  if (walk.disabled()) return fail(Errc::denied, fmt::format("{} is disabled, or a group of nobody", address));
  return fail(Errc::not_found, fmt::format("there is no {}", address));
}

std::vector<PrincipalId> owners(const Index& index, const ResolveRules& rules, std::string_view address) {
  Walk walk(index, rules, true, Walk::Groups::themselves);
  walk.run(address);
  std::vector<PrincipalId> out;
  for (const Destination& found : walk.found) {
    if (found.kind == Destination::Kind::account) out.push_back(found.account);
  }
  return out;
}

bool is_in_group(const Index& index, PrincipalId group, PrincipalId id) {
  // From the member up: people are in few groups, groups have many people.
  std::vector<PrincipalId> above{id};
  std::set<PrincipalId> seen;
  for (std::size_t next = 0; next < above.size() && next < kMaxExpansion; ++next) {
    const auto step = [&](PrincipalId one) {
      if (seen.insert(one).second) above.push_back(one);
      return one == group;
    };
    for (const PrincipalId one : index.groups_with(grantee(above[next]))) {
      if (step(one)) return true;
    }
    for (const auto& [one, by_rule] : index.rule_groups()) {
      if (by_rule.members.contains(above[next]) && step(one)) return true;
    }
  }
  return false;
}

bool is_answered(const Index& index, const ResolveRules& rules, std::string_view address) {
  return index.domain(domain_of(address)) == nullptr || match(index, rules, address).entry != nullptr ||
         is_role(local_of(address));
}

bool leads_to(const Index& index, const ResolveRules& rules, std::string_view address, PrincipalId id,
              bool through_groups) {
  Walk walk(index, rules, true, through_groups ? Walk::Groups::expanded : Walk::Groups::skipped);
  walk.run(address);
  return std::ranges::any_of(
      walk.found, [&](const Destination& d) { return d.kind == Destination::Kind::account && d.account == id; });
}

}  // namespace gatepost::directory
