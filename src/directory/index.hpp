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
  const PrincipalRow* find(std::string_view address) const;
  bool has_addresses_in(std::string_view domain) const;  // slow: looks at all
  std::vector<Alias> aliases() const;                    // in order of address

  void put_domain(Domain domain);
  void erase_domain(std::string_view name);
  // Adds or replaces; an existing principal keeps its credentials, and its generation unless `enabled` changes.
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
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  Domains domains_;
  Principals principals_;
  Shares shares_;
  std::map<PrincipalId, Members> members_;
  std::map<std::string, std::set<PrincipalId>, std::less<>> groups_with_;
  std::map<PrincipalId, Senders> senders_;
  std::map<PrincipalId, std::set<PrincipalId>> sends_for_;  // by grantee
  std::set<std::pair<std::uint64_t, PrincipalId>> by_change_;
  std::deque<Removed> removed_;                                                          // in order of change
  std::unordered_multimap<std::string, std::string, Hash, std::equal_to<>> aliases_to_;  // by target
  std::unordered_map<std::string, AddressEntry, Hash, std::equal_to<>> addresses_;
  std::uint64_t last_generation_ = 0;
};

// The domain of a canonical address.
std::string_view domain_of(std::string_view address);
// The local part of a canonical address.
std::string_view local_of(std::string_view address);

}  // namespace gatepost::directory
