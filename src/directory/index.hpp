#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "directory/credentials.hpp"
#include "directory/member_rule.hpp"
#include "directory/principal.hpp"

namespace gatepost::directory {

// What an address of ours is: a principal's own, or an alias with its targets (canonical).
using AddressEntry = std::variant<PrincipalId, std::vector<std::string>>;

struct PrincipalRow {
  Principal principal;
  // Immutable and shared with sign-ins that go on while it is replaced. Never null.
  std::shared_ptr<const Credentials> credentials;
  // Another number whenever a password that was right may not be any more. Unique over all principals.
  std::uint64_t generation = 0;
};

// The whole directory in memory. Not thread-safe: its owner has a lock. All names and addresses are canonical.
class Index {
 public:
  using Domains = std::map<std::string, Domain, std::less<>>;
  using Principals = std::map<PrincipalId, PrincipalRow>;  // in order of creation

  const Domains& domains() const { return domains_; }
  const Principals& principals() const { return principals_; }
  const Domain* domain(std::string_view name) const;
  const PrincipalRow* principal(PrincipalId id) const;
  const AddressEntry* address(std::string_view address) const;
  // By address, or by an alias with this one target, such aliases followed one after another at most kMaxHops times.
  // Not a contact: whoever is looked up for signing in or for mail is one of ours.
  const PrincipalRow* find(std::string_view address) const;
  const PrincipalRow* find_or_contact(std::string_view address) const;
  bool has_addresses_in(std::string_view domain) const;  // contacts at home there count. Slow: looks at all
  std::vector<Alias> aliases() const;                    // in order of address

  void put_domain(Domain domain);
  void erase_domain(std::string_view name);
  // Adds or replaces; an existing principal keeps its credentials, and its generation unless `enabled` changes.
  // The rule of a group has to be one that compiles.
  void put_principal(Principal principal);
  void erase_principal(PrincipalId id);
  void put_credentials(PrincipalId id, std::shared_ptr<const Credentials> credentials);
  // The same credentials in another form (a new hash of the same password): the generation stays.
  void refresh_credentials(PrincipalId id, std::shared_ptr<const Credentials> credentials);
  void put_alias(std::string address, std::vector<std::string> targets);
  void erase_alias(std::string_view address);
  // Which accounts may have granted something, by grantee.
  using Shares = std::map<std::string, std::set<PrincipalId>, std::less<>>;
  const Shares& shares() const { return shares_; }
  void put_share(std::string grantee, PrincipalId account) { shares_[std::move(grantee)].insert(account); }
  void erase_share(std::string_view grantee, PrincipalId account);
  // Members of groups, as grantees or outside addresses; and the other way.
  using Members = std::set<std::string, std::less<>>;
  const Members& members(PrincipalId group) const;
  const std::set<PrincipalId>& groups_with(std::string_view member) const;
  void put_member(PrincipalId group, std::string_view member);
  void erase_member(PrincipalId group, std::string_view member);

  // Who may send in a principal's name, and the other way.
  struct SendRights {
    bool as = false, on_behalf = false;
    bool operator==(const SendRights&) const = default;
  };
  using Senders = std::map<PrincipalId, SendRights>;
  const Senders& senders(PrincipalId of) const;
  const std::set<PrincipalId>& sends_for(PrincipalId grantee) const;
  const std::map<PrincipalId, std::set<PrincipalId>>& sends_for() const { return sends_for_; }
  void put_sender(PrincipalId of, PrincipalId grantee, SendRights rights);  // neither: takes it out

  // Groups whose members follow from a rule, and those members. Kept in step by put_principal() and erase_principal().
  struct RuleGroup {
    std::shared_ptr<const MemberRule> rule;  // shared with nobody for long; never null
    std::set<PrincipalId> members;
  };
  const std::map<PrincipalId, RuleGroup>& rule_groups() const { return rule_groups_; }
  // Calls visit(PrincipalId) with each member of a group that is a principal, visit(address) with the others.
  template <class Id, class Text>
  void each_member(PrincipalId group, Id id, Text text) const {
    if (const auto by_rule = rule_groups_.find(group); by_rule != rule_groups_.end()) {
      for (const PrincipalId one : by_rule->second.members) id(one);
      return;
    }
    for (const std::string& member : members(group)) {
      const auto named = principal_of(member);
      named ? id(*named) : text(std::string_view(member));
    }
  }
  bool has_members(PrincipalId group) const {
    const auto by_rule = rule_groups_.find(group);
    return by_rule != rule_groups_.end() ? !by_rule->second.members.empty() : !members(group).empty();
  }

  // Address book policies by name, their people as grantees.
  using AddressBooks = std::map<std::string, AddressBook, std::less<>>;
  const AddressBooks& address_books() const { return address_books_; }
  void put_address_book(AddressBook book) { address_books_.insert_or_assign(book.name, std::move(book)); }
  void erase_address_book(std::string_view name) {
    if (const auto at = address_books_.find(name); at != address_books_.end()) address_books_.erase(at);
  }

  // When passwords whose age is not known were seen first; epoch: not yet.
  TimePoint ages_since() const { return ages_since_; }
  void set_ages_since(TimePoint at) { ages_since_ = at; }

  // Aliases that lead to this address alone.
  std::vector<std::string_view> aliases_to(std::string_view address) const;
  // In order of change.
  const std::set<std::pair<std::uint64_t, PrincipalId>>& by_change() const { return by_change_; }
  const std::deque<Removed>& removed() const { return removed_; }
  void put_removed(Removed removed) { removed_.push_back(std::move(removed)); }
  void forget_first_removed() { removed_.pop_front(); }

  // Numbers of generations go on after those of `previous`, so that nothing remembered under them fits. Before any put.
  void start_after(const Index& previous) { last_generation_ = previous.last_generation_; }

  static constexpr int kMaxHops = 16;
  static constexpr std::size_t kMaxRemoved = 10'000;  // so many that are gone are remembered

 private:
  void follow_rules(const Principal& principal);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  Domains domains_;
  Principals principals_;
  Shares shares_;
  std::map<PrincipalId, Members> members_;
  std::map<PrincipalId, RuleGroup> rule_groups_;
  AddressBooks address_books_;
  std::map<std::string, std::set<PrincipalId>, std::less<>> groups_with_;
  std::map<PrincipalId, Senders> senders_;
  std::map<PrincipalId, std::set<PrincipalId>> sends_for_;  // by grantee
  std::set<std::pair<std::uint64_t, PrincipalId>> by_change_;
  std::deque<Removed> removed_;                                                          // in order of change
  std::unordered_multimap<std::string, std::string, Hash, std::equal_to<>> aliases_to_;  // by target
  std::unordered_map<std::string, AddressEntry, Hash, std::equal_to<>> addresses_;
  std::uint64_t last_generation_ = 0;
  TimePoint ages_since_{};
};

// The domain of a canonical address.
std::string_view domain_of(std::string_view address);
// The local part of a canonical address.
std::string_view local_of(std::string_view address);

}  // namespace gatepost::directory
