#include "gate/ruleset/hidden.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace gatepost::gate {
namespace {

constexpr std::size_t kMaxJudged = 500;  // of rules nobody came to: each costs a walk
constexpr std::size_t kMaxNamed = 3;

bool decides(Verdict::Kind kind) {
  return kind == Verdict::Kind::accept || kind == Verdict::Kind::drop || kind == Verdict::Kind::reject;
}
bool jumps(Verdict::Kind kind) { return kind == Verdict::Kind::jump || kind == Verdict::Kind::go; }

// The verdict of a rule that is matches and a verdict; nullopt: there is more to it.
std::optional<Verdict> plain_verdict(const Rule& rule) {
  std::optional<Verdict> out;
  for (const Statement& s : rule.statements) {
    if (const auto* v = std::get_if<Verdict>(&s)) {
      out = *v;
    } else if (!std::holds_alternative<Match>(s)) {
      return std::nullopt;
    }
  }
  if (!out || !(decides(out->kind) || jumps(out->kind))) return std::nullopt;
  return out;
}

class Search {
 public:
  Search(const Ruleset& rules, const Host& host)
      : rules_(rules), host_(host), atoms_(rules, host.interfaces), coverage_(rules) {}

  bool walk_everything() {
    for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
      Question q;
      q.l4proto = protocol;
      if (!reach(rules_, host_, q, &coverage_).complete) return false;
    }
    return true;
  }

  std::vector<Hidden> run() {
    std::vector<Hidden> out;
    std::size_t judged = 0;
    for (std::size_t base = 0; base < rules_.chains.size(); ++base) {
      const Chain& c = rules_.chains[base];
      if (c.hook != Hook::input || c.type == "nat" || c.family == Family::other || c.family == Family::netdev) continue;
      for (const std::size_t chain : chains_below(base)) {
        if (!seen_.insert(chain).second) continue;
        const auto& all = rules_.chains[chain].rules;
        for (std::size_t i = 0; i < all.size(); ++i) {
          const auto verdict = plain_verdict(all[i]);
          if (coverage_.rules[chain][i].used || !verdict || ++judged > kMaxJudged) continue;
          if (auto hidden = judge(base, chain, i, *verdict)) out.push_back(*std::move(hidden));
        }
      }
    }
    return out;
  }

 private:
  // A base chain and all it jumps to.
  std::vector<std::size_t> chains_below(std::size_t base) const {
    std::vector<std::size_t> out{base};
    for (std::size_t at = 0; at < out.size(); ++at) {
      const auto add = [&](const Verdict& v) {
        if (jumps(v.kind) && std::ranges::find(out, v.target) == out.end()) out.push_back(v.target);
      };
      for (const Rule& rule : rules_.chains[out[at]].rules) {
        for (const Statement& s : rule.statements) {
          if (const auto* v = std::get_if<Verdict>(&s)) add(*v);
          if (const auto* map = std::get_if<VerdictMap>(&s)) {
            for (const auto& group : map->values->groups) add(group.verdict);
          }
        }
      }
    }
    return out;
  }

  std::optional<Hidden> judge(std::size_t base, std::size_t chain, std::size_t index, const Verdict& verdict) const {
    Hidden out;
    out.rule = {chain, static_cast<std::int64_t>(index)};
    const Rule& rule = rules_.chains[chain].rules[index];
    const Family family = rules_.chains[base].family;
    for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
      for (const bool v6 : {false, true}) {
        if (family != Family::inet && (family == Family::ip6) != v6) continue;
        Question q;
        q.l4proto = protocol;
        Box box = first_packets(host_, q, atoms_, v6);
        if (box.at.empty()) continue;
        Walk walk(rules_, atoms_, host_.addresses);
        std::vector<Box> named = walk.matching(rule, {std::move(box)});
        if (std::ranges::any_of(named, [](const Box& b) { return b.conditions != 0; })) return std::nullopt;
        for (const Box& b : named) out.ports = out.ports | b.at.dims[kDestinationPort];
        Walked walked;
        walk.base_chain(base, std::move(named), false, walked);
        if (walk.exhausted() || !walked.unknown.empty()) return std::nullopt;
        for (const auto& [boxes, kind] :
             {std::pair{&walked.accepted, Verdict::Kind::accept}, std::pair{&walked.dropped, Verdict::Kind::drop},
              std::pair{&walked.rejected, Verdict::Kind::reject}}) {
          for (const Box& b : *boxes) {
            const Step& last = b.steps.back();
            // An earlier chain ended these packets, or they may go either way: not this chain's affair.
            if (last == out.rule || b.conditions != 0) return std::nullopt;
            const bool closes = kind != Verdict::Kind::accept;
            if (decides(verdict.kind)) out.opposite |= closes != (verdict.kind != Verdict::Kind::accept);
            if (out.by.size() < kMaxNamed && std::ranges::find(out.by, last) == out.by.end()) out.by.push_back(last);
          }
        }
      }
    }
    if (out.by.empty()) return std::nullopt;
    return out;
  }

  const Ruleset& rules_;
  const Host& host_;
  Atoms atoms_;
  Coverage coverage_;
  std::set<std::size_t> seen_;
};

}  // namespace

std::vector<Hidden> hidden_rules(const Ruleset& rules, const Host& host, bool& complete) {
  Search search(rules, host);
  complete = search.walk_everything();
  return complete ? search.run() : std::vector<Hidden>();
}

}  // namespace gatepost::gate
