#pragma once

#include <string>
#include <vector>

#include "gate/ruleset/box.hpp"

namespace gatepost::gate {

// The interfaces a ruleset can tell apart: those of the host, those that rules name, one for each pattern ("any other
// wg*"), and one for all others.
struct Atoms {
  struct Atom {
    std::string name;      // "eth0", "wg*"; empty: any other
    bool pattern = false;  // stands for all interfaces of that pattern that have no atom of their own
  };
  std::vector<Atom> all;
  std::vector<Values> matching;  // for each of Ruleset::names: the atoms it matches

  Atoms(const Ruleset&, const std::vector<std::string>& host_interfaces);
  Values everything() const;
  Values named(std::string_view name) const;  // the atoms a device's or rule's name matches
};

// Which rules packets came to, all their matches fulfilled, in all the walks that were given it.
struct Coverage {
  struct Entry {
    bool used = false;
    Values ports;  // destination ports of the first packets among them
  };
  std::vector<std::vector<Entry>> rules;  // by chain and rule, as in Ruleset
  explicit Coverage(const Ruleset&);
};

// What the walk of one base chain makes of packets.
struct Walked {
  std::vector<Box> accepted;  // go on to the next base chain
  std::vector<Box> dropped;
  std::vector<Box> rejected;
  std::vector<Box> unknown;  // may have gone anywhere
};

// Walks chains symbolically. Where something cannot be known, a box goes both ways with its condition set.
class Walk {
 public:
  // `local`: the addresses of this host. All must outlive the walk.
  Walk(const Ruleset& rules, const Atoms& atoms, const Values& local, Coverage* coverage = nullptr)
      : rules_(rules), atoms_(atoms), local_(local), coverage_(coverage) {}

  // One base chain. `opaque_is_unknown`: what is not understood may have translated the packet (prerouting), so that no
  // later chain can settle its fate.
  void base_chain(std::size_t chain, std::vector<Box> boxes, bool opaque_is_unknown, Walked& out);
  // The part of `boxes` that all matches of a rule hold for, were it the only one.
  std::vector<Box> matching(const Rule& rule, std::vector<Box> boxes);
  bool exhausted() const { return exhausted_; }  // more than was worth it: nothing of the result counts
  std::size_t rules_seen() const { return rules_seen_; }

 private:
  struct Split;
  void chain(std::size_t index, std::vector<Box> boxes, unsigned depth, std::vector<Box>& fell_through);
  void rule(std::size_t chain_index, std::size_t rule_index, std::vector<Box> boxes, unsigned depth,
            std::vector<Box>& next, std::vector<Box>& end_of_chain);
  void note_use(const std::vector<Box>& boxes);
  void end(Box box, Verdict::Kind kind);
  bool spend(std::size_t amount);

  Split match(const Match& m, const Box& box);
  // The part of `box` an element's group covers; `certain`: no key was unknown.
  bool narrow(const std::vector<Key>& keys, const Elements::Group& group, const Box& box, Geometry& part,
              std::uint8_t& conditions) const;
  bool narrow_key(const Key& key, const Values& values, const Box& box, Geometry& part, std::uint8_t& conditions) const;
  // Takes what `group` covers out of `outside`, a part of `box`, and hands it to `hit`. False: too much.
  template <class F>
  bool take_out(const std::vector<Key>& keys, const Elements::Group& group, const Box& box, std::uint8_t conditions,
                std::vector<Box>& outside, F&& hit);
  static bool applies(const std::vector<Key>& keys, const Box& box);
  Split bits(const Match& m, const Box& box) const;
  void verdict_map(const VerdictMap& m, const Box& box, unsigned depth, std::vector<Box>& matched_next,
                   std::vector<Box>& next, std::vector<Box>& end_of_chain);
  void decide(const Verdict& v, Box box, unsigned depth, std::vector<Box>& next, std::vector<Box>& end_of_chain);
  void translate(const Nat& nat, Box box, std::vector<Box>& next);

  const Ruleset& rules_;
  const Atoms& atoms_;
  const Values& local_;
  Coverage* coverage_;
  Walked* out_ = nullptr;
  bool opaque_is_unknown_ = false;
  Step here_;
  std::size_t spent_ = 0, rules_seen_ = 0;
  bool exhausted_ = false;
};

}  // namespace gatepost::gate
