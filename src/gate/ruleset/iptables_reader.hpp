#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gate/ruleset/iptables_values.hpp"
#include "gate/ruleset/model.hpp"
#include "gate/ruleset/values.hpp"

// What iptables-save(8) and ip6tables-save(8) write: the one listing that has the extensions of iptables with what they
// were told. nft's has their names alone.
namespace gatepost::gate::iptables {

inline constexpr std::size_t kMaxOctets = 64 << 20;

struct SavedRule {
  std::vector<Statement> statements;  // without a jump to a chain of the user
  std::string target;                 // that chain; empty: none
  bool go = false;                    // -g: what falls through it does not come back
  std::string comment;
};
struct SavedChain {
  std::string table, name;
  bool built_in = false;  // it has a policy
  bool drops = false;
  std::vector<SavedRule> rules;
};
struct Saved {
  std::vector<SavedChain> chains;
  std::vector<std::string> notes;  // what was not understood, each once
};

// `sets`: those that rules may name. Extensions it does not know may match or not; targets it does not know may do
// anything. Errc::invalid: not such a listing. Errc::too_large. Safe on hostile input.
Result<Saved> read_saved(std::string_view text, bool v6, reading::Names& names, const IpSets& sets = {});

// Adds its chains to `into`, hooked in where the kernel has them. Names must be those of `into`.
void add_chains(Ruleset& into, const Saved& saved, bool v6);

// The statements of a rule with its jump; `find` gives a chain's index in the ruleset, or nullopt.
template <class F>
std::vector<Statement> linked(const SavedRule& rule, F&& find) {
  std::vector<Statement> out = rule.statements;
  if (rule.target.empty()) return out;
  if (const auto chain = find(rule.target)) {
    out.emplace_back(Verdict{rule.go ? Verdict::Kind::go : Verdict::Kind::jump, *chain});
  } else {
    out.emplace_back(Opaque{"a jump to a chain that is not there"});
  }
  return out;
}

}  // namespace gatepost::gate::iptables
