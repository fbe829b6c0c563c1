#include "gate/ruleset/walk.hpp"

#include <algorithm>

namespace gatepost::gate {
namespace {

constexpr unsigned kMaxDepth = 16;          // NFT_JUMP_STACK_SIZE
constexpr std::size_t kBudget = 3'000'000;  // rules times boxes, weighted by their intervals
constexpr std::size_t kMaxBoxes = 20'000;   // at one point of the way
constexpr std::uint8_t kSyn = 2;
// Flags a client may set on a SYN as it likes, and be answered: ECE and CWR (RFC 3168 6.1.1), PSH and URG.
constexpr std::uint8_t kFree = 0xc0 | 0x08 | 0x20;

constexpr Dimension dimension_of(Field field) {
  switch (field) {
    case Field::saddr:
      return kSource;
    case Field::daddr:
    case Field::daddr_type:
      return kDestination;
    case Field::sport:
      return kSourcePort;
    case Field::dport:
      return kDestinationPort;
    default:
      return kInterface;
  }
}

std::size_t weight(const Box& box) {
  std::size_t n = 1;
  for (const Values& v : box.at.dims) n += v.intervals().size() / 64;
  return n;
}

// All addresses whose prefix is one of `values`.
Values widened(const Values& values, unsigned prefix) {
  if (prefix >= 128) return values;
  const AddressNumber host = prefix == 0 ? ~AddressNumber{0} : (AddressNumber{1} << (128 - prefix)) - 1;
  std::vector<Values::Interval> out;
  for (const auto& i : values.intervals()) {
    // Blocks whose base lies within the interval.
    AddressNumber lo = i.lo & ~host;
    if (lo != i.lo) {
      if (Values::kMax - (lo | host) == 0) continue;
      lo = (lo | host) + 1;
    }
    const AddressNumber last_base = i.hi & ~host;
    if (lo <= last_base) out.push_back({lo, last_base | host});
  }
  return Values::from(std::move(out));
}

}  // namespace

// --- interfaces ---------------------------------------------------------------------------------------------------

namespace {

bool is_pattern(std::string_view name) { return name.ends_with('*') && !name.ends_with("\\*"); }

// Whether the rule's `wanted` matches an interface (or all of a pattern).
bool name_matches(std::string_view wanted, const Atoms::Atom& atom) {
  if (!is_pattern(wanted)) return !atom.pattern && !atom.name.empty() && atom.name == wanted;
  const std::string_view stem = wanted.substr(0, wanted.size() - 1);
  if (atom.name.empty()) return stem.empty();
  std::string_view name = atom.name;
  if (atom.pattern) name.remove_suffix(1);
  return name.starts_with(stem);
}

}  // namespace

Atoms::Atoms(const Ruleset& rules, const std::vector<std::string>& host_interfaces) {
  const auto add = [&](std::string name, bool pattern) {
    const bool known = std::ranges::any_of(all, [&](const Atom& a) { return a.name == name && a.pattern == pattern; });
    if (!known) all.push_back({std::move(name), pattern});
  };
  for (const std::string& name : host_interfaces) add(name, false);
  for (const std::string& name : rules.names) {
    add(name, is_pattern(name));
  }
  for (const Chain& c : rules.chains) {
    for (const std::string& device : c.devices) add(device, false);
  }
  all.push_back({});
  for (const std::string& name : rules.names) matching.push_back(named(name));
}

Coverage::Coverage(const Ruleset& all) {
  for (const Chain& c : all.chains) rules.emplace_back(c.rules.size());
}

Values Atoms::everything() const { return Values(0, all.size() - 1); }

Values Atoms::named(std::string_view name) const {
  std::vector<Values::Interval> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (name_matches(name, all[i])) out.push_back({i, i});
  }
  return Values::from(std::move(out));
}

// --- matching -----------------------------------------------------------------------------------------------------

struct Walk::Split {
  std::vector<Box> yes, no;
};

// Whether packets of the box have all that the keys look at. Addresses: nft puts a check of the family before them.
bool Walk::applies(const std::vector<Key>& keys, const Box& box) {
  return std::ranges::all_of(keys, [&](const Key& k) {
    if (k.needs_nfproto != 0 && (k.needs_nfproto == 10) != box.at.v6) return false;
    return k.needs_l4proto == 0 || k.needs_l4proto == box.l4proto;
  });
}

// Narrows `part` to what `values` allow for `key`. False: nothing is left.
bool Walk::narrow_key(const Key& key, const Values& values, const Box& box, Geometry& part,
                      std::uint8_t& conditions) const {
  const auto constant = [&](std::uint64_t value, bool known = true) {
    if (!known) {
      conditions |= kIfUnknown;
      return true;
    }
    return values.contains(AddressNumber{value & key.mask.value_or(~std::uint64_t{0})});
  };
  const auto set_dim = [&](const Values& allowed) {
    Values& dim = part.dims[dimension_of(key.field)];
    dim = dim & allowed;
    return !dim.empty();
  };
  switch (key.field) {
    case Field::saddr:
    case Field::daddr:
      return set_dim(key.prefix == 128 ? values : widened(values, key.prefix));
    case Field::sport:
    case Field::dport:
      if (box.l4proto != 6 && box.l4proto != 17) {
        conditions |= kIfUnknown;
        return true;
      }
      return set_dim(values);
    case Field::iif:
    case Field::oif: {
      // The one dimension is where a first packet comes in, and where its answer goes out.
      if ((key.field == Field::oif) != box.answer) {
        conditions |= kIfUnknown;
        return true;
      }
      Values atoms;
      for (const auto& i : values.intervals()) {
        for (AddressNumber n = i.lo; n <= i.hi && n < atoms_.matching.size(); ++n) {
          atoms = atoms | atoms_.matching[static_cast<std::size_t>(n)];
        }
      }
      // An answer may leave by another interface than the question came by; only loopback is sure to be loopback.
      const Values loopback = atoms_.named("lo");
      if (box.answer && !atoms.minus(loopback).empty()) {
        if ((atoms & loopback).empty()) part.dims[kInterface] = part.dims[kInterface].minus(loopback);
        if (part.dims[kInterface].empty()) return false;
        conditions |= kIfUnknown;
        return true;
      }
      return set_dim(atoms);
    }
    case Field::nfproto:
      return constant(box.at.v6 ? 10 : 2);
    case Field::ether_type:
      return constant(box.at.v6 ? 0x86dd : 0x0800);
    case Field::l4proto:
      return constant(box.l4proto);
    case Field::packet_type:
      // TCP drops what was not sent to this host's own link address; others may be broadcasts.
      return constant(0, box.l4proto == 6 && !box.answer);
    case Field::mark:
      return constant(box.mark, box.mark_known);
    case Field::ct_mark:
      return constant(box.ct_mark, box.ct_mark_known && !box.untracked);
    case Field::ct_state:
      return constant(box.ct_state, box.ct_state_known);
    case Field::ct_direction:
      return constant(box.answer ? 1 : 0, box.ct_state_known && !box.untracked);
    case Field::tcp_flags: {
      if (box.answer || box.l4proto != 6) {
        conditions |= kIfUnknown;
        return true;
      }
      const auto with = [&](std::uint64_t flags) {
        return values.contains(AddressNumber{flags & key.mask.value_or(~std::uint64_t{0})});
      };
      const bool plain = with(kSyn);
      for (unsigned flags = 0; flags < 256; ++flags) {
        if ((flags & ~unsigned{kFree}) != 0 || with(kSyn | flags) == plain) continue;
        conditions |= kIfUnknown;
        return true;
      }
      return plain;
    }
    case Field::daddr_type: {
      // RTN_LOCAL alone is known: which addresses are unicast or broadcast is a matter of routes.
      constexpr AddressNumber kLocal = 2;
      if (values == Values::of(kLocal)) return set_dim(local_);
      part.dims[kDestination] = part.dims[kDestination].minus(values.contains(kLocal) ? Values() : local_);
      if (part.dims[kDestination].empty()) return false;
      conditions |= kIfUnknown;
      return true;
    }
    case Field::rate:
      conditions |= kIfRate;
      return true;
    case Field::time:
      conditions |= kIfTime;
      return true;
    case Field::route:
      conditions |= kIfRoute;
      return true;
    case Field::ct_status:
    case Field::unknown:
      conditions |= kIfUnknown;
      return true;
  }
  return true;
}

bool Walk::narrow(const std::vector<Key>& keys, const Elements::Group& group, const Box& box, Geometry& part,
                  std::uint8_t& conditions) const {
  if (group.fields.size() != keys.size()) return false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!narrow_key(keys[i], group.fields[i], box, part, conditions)) return false;
  }
  return true;
}

// "ct state new", "tcp flags syn", "ct status dnat": any of the bits.
Walk::Split Walk::bits(const Match& m, const Box& box) const {
  const Key& key = m.keys[0];
  const auto wanted = static_cast<std::uint64_t>(m.values->groups[0].fields[0].intervals()[0].lo);
  const std::uint64_t mask = wanted & key.mask.value_or(~std::uint64_t{0});
  std::optional<bool> set;
  if (key.field == Field::ct_state && box.ct_state_known) set = (box.ct_state & mask) != 0;
  if (key.field == Field::mark && box.mark_known) set = (box.mark & mask) != 0;
  if (key.field == Field::ct_mark && box.ct_mark_known && !box.untracked) set = (box.ct_mark & mask) != 0;
  if (key.field == Field::tcp_flags && !box.answer && (mask & kFree) == 0) set = (kSyn & mask) != 0;
  if (key.field == Field::ct_status && !box.answer && box.ct_state_known) {
    // A first packet is not confirmed, seen-reply, assured or dying; it is dnat when a rule made it so.
    constexpr std::uint64_t kNever = 2 | 4 | 8 | 512, kDnat = 32;
    if ((mask & ~(kNever | kDnat)) == 0) set = (mask & kDnat) != 0 && box.translated;
  }
  Split out;
  if (!set) {
    Box either = box;
    either.conditions |= kIfUnknown;
    out.yes.push_back(either);
    out.no.push_back(std::move(either));
  } else {
    (*set == (m.op == Match::Op::any_bit) ? out.yes : out.no).push_back(box);
  }
  return out;
}

template <class F>
bool Walk::take_out(const std::vector<Key>& keys, const Elements::Group& group, const Box& box, std::uint8_t conditions,
                    std::vector<Box>& outside, F&& hit) {
  if (!spend(1 + group.fields[0].intervals().size() / 64)) return false;
  Geometry part = box.at;
  if (!narrow(keys, group, box, part, conditions)) return true;
  std::vector<Box> rest;
  for (Box& o : outside) {
    const Geometry common = o.at & part;
    if (common.empty()) {
      rest.push_back(std::move(o));
      continue;
    }
    Box in = o;
    in.at = common;
    in.conditions |= conditions;
    // What only may be in the set may be outside, too.
    if (conditions != 0) rest.push_back(in);
    for (Geometry& g : o.at.minus(part)) {
      Box miss = o;
      miss.at = std::move(g);
      rest.push_back(std::move(miss));
    }
    hit(std::move(in));
    if (exhausted_) return false;
  }
  outside = std::move(rest);
  if (outside.size() > kMaxBoxes) exhausted_ = true;
  return !exhausted_;
}

Walk::Split Walk::match(const Match& m, const Box& box) {
  Split out;
  if (!applies(m.keys, box)) {
    out.no.push_back(box);
    return out;
  }
  if (m.op == Match::Op::any_bit || m.op == Match::Op::no_bit) return bits(m, box);
  std::vector<Box> in, outside{box};
  if (m.values->opaque || m.values->changes) {
    Box either = box;
    either.conditions |= m.values->opaque ? kIfUnknown : kIfRate;
    in.push_back(either);
    outside = {either};
  } else {
    for (const Elements::Group& group : m.values->groups) {
      if (!take_out(m.keys, group, box, 0, outside, [&](Box hit) { in.push_back(std::move(hit)); })) return out;
    }
  }
  compact(in);
  compact(outside);
  const bool positive = m.op == Match::Op::equal;
  out.yes = positive ? std::move(in) : std::move(outside);
  out.no = positive ? std::move(outside) : std::move(in);
  return out;
}

// --- walking ------------------------------------------------------------------------------------------------------

bool Walk::spend(std::size_t amount) {
  spent_ += amount;
  if (spent_ > kBudget) exhausted_ = true;
  return !exhausted_;
}

void Walk::end(Box box, Verdict::Kind kind) {
  box.steps.push_back(here_);
  switch (kind) {
    case Verdict::Kind::accept:
      out_->accepted.push_back(std::move(box));
      break;
    case Verdict::Kind::drop:
      out_->dropped.push_back(std::move(box));
      break;
    case Verdict::Kind::reject:
      out_->rejected.push_back(std::move(box));
      break;
    default:
      out_->unknown.push_back(std::move(box));
  }
}

void Walk::decide(const Verdict& v, Box box, unsigned depth, std::vector<Box>& next, std::vector<Box>& end_of_chain) {
  switch (v.kind) {
    case Verdict::Kind::accept:
    case Verdict::Kind::drop:
    case Verdict::Kind::reject:
      end(std::move(box), v.kind);
      return;
    case Verdict::Kind::next:
      next.push_back(std::move(box));
      return;
    case Verdict::Kind::back:
      end_of_chain.push_back(std::move(box));
      return;
    case Verdict::Kind::jump:
    case Verdict::Kind::go: {
      const Step caller = here_;
      const std::size_t known = box.steps.size();
      box.steps.push_back({here_.chain, here_.rule, true});
      std::vector<Box> fell;
      std::vector<Box> in;
      in.push_back(std::move(box));
      chain(v.target, std::move(in), depth + 1, fell);
      here_ = caller;
      auto& to = v.kind == Verdict::Kind::jump ? next : end_of_chain;
      for (Box& b : fell) {
        b.steps.resize(known);
        to.push_back(std::move(b));
      }
      return;
    }
  }
}

void Walk::translate(const Nat& nat, Box box, std::vector<Box>& next) {
  if (nat.nfproto != 0 && (nat.nfproto == 10) != box.at.v6) {
    next.push_back(std::move(box));
    return;
  }
  box.nat_done = true;
  if (!nat.destination) {
    // Source translation of what arrives here changes what later chains see as the source.
    box.conditions |= kIfUnknown;
    return end(std::move(box), Verdict::Kind::next);
  }
  if (!nat.known) return end(std::move(box), Verdict::Kind::next);
  if (!box.translated) {
    box.first_destination = box.at.dims[kDestination];
    box.first_port = box.at.dims[kDestinationPort];
    box.translated = true;
  }
  if (nat.address) box.at.dims[kDestination] = Values::of(number_of(*nat.address));
  // redirect: to an address of the interface it came in by; every one of them is local.
  if (nat.here) box.at.dims[kDestination] = local_ & (box.at.v6 ? all_v6() : all_v4());
  if (nat.port) box.at.dims[kDestinationPort] = Values::of(*nat.port);
  if (box.at.empty()) return end(std::move(box), Verdict::Kind::next);
  end(std::move(box), Verdict::Kind::accept);
}

void Walk::verdict_map(const VerdictMap& m, const Box& box, unsigned depth, std::vector<Box>& matched_next,
                       std::vector<Box>& next, std::vector<Box>& end_of_chain) {
  if (!applies(m.keys, box)) {
    next.push_back(box);
    return;
  }
  std::vector<Box> outside{box};
  for (const Elements::Group& group : m.values->groups) {
    // "continue" goes on within the rule; a jump comes back to the next one.
    auto& after = group.verdict.kind == Verdict::Kind::next ? matched_next : next;
    const auto hit = [&](Box part) { decide(group.verdict, std::move(part), depth, after, end_of_chain); };
    if (!take_out(m.keys, group, box, m.values->changes ? kIfRate : 0, outside, hit)) return;
  }
  if (m.values->changes) {
    // It may have got elements since.
    for (Box& o : outside) o.conditions |= kIfUnknown;
  }
  for (Box& o : outside) next.push_back(std::move(o));
}

void Walk::note_use(const std::vector<Box>& boxes) {
  if (coverage_ == nullptr) return;
  Coverage::Entry& entry = coverage_->rules[here_.chain][static_cast<std::size_t>(here_.rule)];
  for (const Box& box : boxes) {
    entry.used = true;
    if (!box.answer) entry.ports = entry.ports | box.at.dims[kDestinationPort];
  }
}

std::vector<Box> Walk::matching(const Rule& rule, std::vector<Box> boxes) {
  for (const Statement& s : rule.statements) {
    const auto* m = std::get_if<Match>(&s);
    if (m == nullptr) continue;
    std::vector<Box> matched;
    for (const Box& box : boxes) {
      for (Box& b : match(*m, box).yes) matched.push_back(std::move(b));
    }
    boxes = std::move(matched);
  }
  return boxes;
}

void Walk::rule(std::size_t chain_index, std::size_t rule_index, std::vector<Box> boxes, unsigned depth,
                std::vector<Box>& next, std::vector<Box>& end_of_chain) {
  const Rule& r = rules_.chains[chain_index].rules[rule_index];
  here_ = {chain_index, static_cast<std::int64_t>(rule_index)};
  bool matching = true;
  for (const Statement& s : r.statements) {
    if (matching && !std::holds_alternative<Match>(s)) {
      matching = false;
      note_use(boxes);
    }
    std::vector<Box> matched;
    for (Box& box : boxes) {
      if (!spend(weight(box))) return;
      if (const auto* m = std::get_if<Match>(&s)) {
        Split split = match(*m, box);
        for (Box& b : split.yes) matched.push_back(std::move(b));
        for (Box& b : split.no) next.push_back(std::move(b));
      } else if (const auto* map = std::get_if<VerdictMap>(&s)) {
        verdict_map(*map, box, depth, matched, next, end_of_chain);
        here_ = {chain_index, static_cast<std::int64_t>(rule_index)};
      } else if (const auto* v = std::get_if<Verdict>(&s)) {
        // After "continue", and after a jump that came back, the next rule is due: a verdict ends a rule.
        decide(*v, std::move(box), depth, next, end_of_chain);
      } else if (const auto* depends = std::get_if<Depends>(&s)) {
        box.conditions |= depends->on == Field::time ? kIfTime : kIfRate;
        next.push_back(box);
        matched.push_back(std::move(box));
      } else if (const auto* set = std::get_if<SetMark>(&s)) {
        std::uint32_t& mark = set->mark == Field::mark ? box.mark : box.ct_mark;
        bool& known = set->mark == Field::mark ? box.mark_known : box.ct_mark_known;
        if (set->change) {
          known = known || set->change->keep == 0;
          mark = (mark & set->change->keep) ^ set->change->flip;
        } else {
          known = false;
        }
        matched.push_back(std::move(box));
      } else if (const auto* nat = std::get_if<Nat>(&s)) {
        translate(*nat, std::move(box), next);
      } else if (std::get_if<Notrack>(&s) != nullptr) {
        // Only before connection tracking took the packet up.
        if (!box.ct_state_known) box.conditions |= kIfUnknown;
        if (box.ct_state == ct::kInvalid) {
          box.untracked = true;
          box.ct_state = ct::kUntracked;
        }
        matched.push_back(std::move(box));
      } else {
        // Opaque: not matching, accepting, dropping or going on.
        box.conditions |= kIfUnknown;
        box.mark_known = box.ct_mark_known = false;
        if (opaque_is_unknown_) {
          end(box, Verdict::Kind::next);
        } else {
          end(box, Verdict::Kind::accept);
          end(box, Verdict::Kind::drop);
        }
        next.push_back(box);
        matched.push_back(std::move(box));
      }
      if (exhausted_) return;
    }
    boxes = std::move(matched);
    if (boxes.empty()) return;
  }
  // A rule without a verdict: all go on.
  for (Box& b : boxes) next.push_back(std::move(b));
}

void Walk::chain(std::size_t index, std::vector<Box> boxes, unsigned depth, std::vector<Box>& fell_through) {
  if (depth > kMaxDepth) {
    // The kernel refuses such a ruleset; a list that has it is not one of the kernel's.
    exhausted_ = true;
    return;
  }
  const Chain& c = rules_.chains[index];
  for (std::size_t i = 0; i < c.rules.size() && !boxes.empty(); ++i) {
    if (c.rules[i].statements.empty()) continue;
    ++rules_seen_;
    std::vector<Box> next;
    rule(index, i, std::move(boxes), depth, next, fell_through);
    if (exhausted_) return;
    compact(next);
    if (next.size() > kMaxBoxes) {
      exhausted_ = true;
      return;
    }
    boxes = std::move(next);
  }
  for (Box& b : boxes) fell_through.push_back(std::move(b));
  compact(fell_through);
}

void Walk::base_chain(std::size_t index, std::vector<Box> boxes, bool opaque_is_unknown, Walked& out) {
  out_ = &out;
  opaque_is_unknown_ = opaque_is_unknown;
  std::vector<Box> fell;
  chain(index, std::move(boxes), 0, fell);
  here_ = {index, kPolicy};
  const Verdict::Kind policy = rules_.chains[index].drops ? Verdict::Kind::drop : Verdict::Kind::accept;
  for (Box& b : fell) end(std::move(b), policy);
  compact(out.accepted);
}

}  // namespace gatepost::gate
