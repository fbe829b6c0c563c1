#include "gate/ruleset/reach.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace gatepost::gate {
namespace {

// linux/netfilter_ipv4.h: enum nf_ip_hook_priorities; the same numbers for IPv6.
constexpr std::int64_t kConntrack = -200, kDestinationNat = -100, kSourceNat = 100;
constexpr std::size_t kMaxPieces = 5'000;

struct End {
  Box box;
  Fate fate = Fate::unknown;
  bool answer_dropped = false;
};

bool sees(Family family, bool v6) {
  switch (family) {
    case Family::inet:
    case Family::netdev:
      return true;
    case Family::ip:
      return !v6;
    case Family::ip6:
      return v6;
    case Family::other:
      return false;
  }
  return false;
}

// NAT chains all run where the NAT core is hooked in; their own priority orders them among themselves.
std::pair<std::int64_t, std::int64_t> order_of(const Chain& c) {
  if (c.type != "nat") return {c.priority, 0};
  const bool source = c.hook == Hook::input || c.hook == Hook::postrouting;
  return {source ? kSourceNat : kDestinationNat, c.priority};
}

class Reach {
 public:
  Reach(const Ruleset& rules, const Host& host, const Question& question, Answer& answer, Coverage* coverage)
      : rules_(rules),
        host_(host),
        question_(question),
        answer_(answer),
        walk_(rules, answer.atoms, host.addresses, coverage) {}

  void run() {
    for (const bool v6 : {false, true}) {
      Box box = first_packets(host_, question_, answer_.atoms, v6);
      if (!box.at.empty()) one_family(std::move(box));
    }
    if (walk_.exhausted()) give_up();
    answer_.rules_walked = walk_.rules_seen();
    answer_.chains_walked = std::set(seen_.begin(), seen_.end()).size();
    if (answer_.complete) classify();
  }

 private:
  void one_family(Box start) {
    const bool v6 = start.at.v6;
    std::vector<Box> boxes{std::move(start)};
    for (const std::size_t c : chains_of(Hook::ingress, v6)) boxes = ingress(c, std::move(boxes));
    boxes = hook(Hook::prerouting, v6, std::move(boxes));
    std::vector<Box> here, elsewhere;
    for (Box& box : boxes) {
      for (Geometry& g : box.at.minus(local(box.at))) {
        Box away = box;
        away.at = std::move(g);
        elsewhere.push_back(std::move(away));
      }
      Box in = box;
      in.at = box.at & local(box.at);
      if (!in.at.empty()) here.push_back(std::move(in));
    }
    for (Box& box : hook(Hook::forward, v6, std::move(elsewhere)))
      ends_.push_back({std::move(box), Fate::forwarded, false});
    here = hook(Hook::input, v6, std::move(here));
    way_back(v6, std::move(here));
  }

  Geometry local(const Geometry& like) const {
    Geometry g = like;
    g.dims[kDestination] = host_.addresses;
    return g;
  }

  std::vector<std::size_t> chains_of(Hook hook, bool v6) const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < rules_.chains.size(); ++i) {
      const Chain& c = rules_.chains[i];
      if (c.hook == hook && sees(c.family, v6)) out.push_back(i);
    }
    // Of chains at one priority, the one hooked in last comes first (nf_hook_entries_grow() of the kernel's
    // net/netfilter/core.c); a listing has them in the order they were made.
    std::ranges::sort(out, {}, [&](std::size_t i) { return std::pair(order_of(rules_.chains[i]), ~i); });
    return out;
  }

  void take(Walked& walked) {
    for (Box& b : walked.dropped) ends_.push_back({std::move(b), Fate::dropped, answering_});
    for (Box& b : walked.rejected)
      ends_.push_back({std::move(b), answering_ ? Fate::dropped : Fate::refused, answering_});
    for (Box& b : walked.unknown) ends_.push_back({std::move(b), Fate::unknown, false});
  }

  // nft's JSON may not say which device an ingress chain is at: then it may be any.
  std::vector<Box> ingress(std::size_t index, std::vector<Box> boxes) {
    const Chain& c = rules_.chains[index];
    if (c.rules.empty() && !c.drops) return boxes;
    std::vector<Box> out, in;
    Values devices;
    for (const std::string& d : c.devices) devices = devices | answer_.atoms.named(d);
    for (Box& box : boxes) {
      box.ct_state = ct::kInvalid;
      if (c.devices.empty()) {
        box.conditions |= kIfUnknown;
        out.push_back(box);
        in.push_back(std::move(box));
        continue;
      }
      Geometry there = box.at;
      there.dims[kInterface] = devices;
      for (Geometry& g : box.at.minus(there)) {
        Box other = box;
        other.at = std::move(g);
        out.push_back(std::move(other));
      }
      box.at = box.at & there;
      if (!box.at.empty()) in.push_back(std::move(box));
    }
    Walked walked;
    walk_.base_chain(index, std::move(in), true, walked);
    seen_.push_back(index);
    take(walked);
    for (Box& b : walked.accepted) out.push_back(std::move(b));
    compact(out);
    return out;
  }

  // What connection tracking says at this priority: before it ran, nothing.
  static void track(Box& box, const Chain& c) {
    box.ct_state_known = true;
    if (box.untracked) {
      box.ct_state = ct::kUntracked;
      // The answer of what was not tracked may be.
      box.ct_state_known = !box.answer;
    } else if ((c.hook == Hook::prerouting || c.hook == Hook::output) && c.priority <= kConntrack) {
      box.ct_state = ct::kInvalid;
      box.ct_state_known = c.priority != kConntrack;
    } else {
      box.ct_state = box.answer ? ct::kEstablished : ct::kNew;
    }
  }

  // All base chains of a hook; what they accept.
  std::vector<Box> hook(Hook where, bool v6, std::vector<Box> boxes) {
    for (Box& b : boxes) b.nat_done = false;
    for (const std::size_t index : chains_of(where, v6)) {
      const Chain& c = rules_.chains[index];
      std::vector<Box> past, in;
      for (Box& b : boxes) {
        // NAT looks at the first packet of a tracked connection, and the first chain that translates is the last.
        const bool skipped = c.type == "nat" && (b.nat_done || b.untracked || b.answer);
        if (!skipped) track(b, c);
        (skipped ? past : in).push_back(std::move(b));
      }
      if (in.empty()) {
        boxes = std::move(past);
        continue;
      }
      Walked walked;
      walk_.base_chain(index, std::move(in), where == Hook::prerouting, walked);
      seen_.push_back(index);
      take(walked);
      boxes = std::move(past);
      for (Box& b : walked.accepted) boxes.push_back(std::move(b));
      compact(boxes);
      if (walk_.exhausted()) return {};
    }
    return boxes;
  }

  static Box turned(Box box) {
    std::swap(box.at.dims[kSource], box.at.dims[kDestination]);
    std::swap(box.at.dims[kSourcePort], box.at.dims[kDestinationPort]);
    return box;
  }

  void way_back(bool v6, std::vector<Box> boxes) {
    answering_ = true;
    std::vector<Box> back;
    for (Box& b : boxes) {
      Box one = turned(std::move(b));
      one.answer = true;
      one.mark = 0;
      one.mark_known = true;
      back.push_back(std::move(one));
    }
    const std::size_t before = ends_.size();
    back = hook(Hook::output, v6, std::move(back));
    back = hook(Hook::postrouting, v6, std::move(back));
    for (std::size_t i = before; i < ends_.size(); ++i) ends_[i].box = turned(std::move(ends_[i].box));
    for (Box& b : back) ends_.push_back({turned(std::move(b)), Fate::open, false});
    answering_ = false;
  }

  void give_up() {
    answer_.complete = false;
    for (const bool v6 : {false, true}) {
      const AddressSet& family = v6 ? all_v6() : all_v4();
      Region r;
      r.v6 = v6;
      r.conditions = kIfUnknown;
      r.sources = family;
      r.destinations = question_.destinations & host_.addresses & family;
      r.source_ports = Values(0, 65535);
      r.ports = question_.ports & Values(0, 65535);
      r.interfaces = answer_.atoms.everything();
      if (!r.destinations.empty()) answer_.regions.push_back(std::move(r));
    }
  }

  struct Piece {
    Geometry at;
    std::vector<const End*> ends;
  };

  static Geometry asked(const Box& box) {
    Geometry g = box.at;
    if (box.translated) {
      g.dims[kDestination] = box.first_destination;
      g.dims[kDestinationPort] = box.first_port;
    }
    return g;
  }

  // Cuts the space so that all packets of a piece have the same possible ends.
  void classify() {
    std::vector<Piece> pieces;
    for (const End& end : ends_) {
      std::vector<Geometry> todo{asked(end.box)};
      std::vector<Piece> cut;
      for (Piece& p : pieces) {
        bool touched = false;
        std::vector<Geometry> left;
        for (Geometry& t : todo) {
          const Geometry common = t & p.at;
          if (common.empty()) {
            left.push_back(std::move(t));
            continue;
          }
          touched = true;
          for (Geometry& g : t.minus(p.at)) left.push_back(std::move(g));
          Piece both{common, p.ends};
          both.ends.push_back(&end);
          cut.push_back(std::move(both));
        }
        todo = std::move(left);
        if (!touched) {
          cut.push_back(std::move(p));
          continue;
        }
        const Geometry whole = asked(end.box);
        for (Geometry& g : p.at.minus(whole)) cut.push_back({std::move(g), p.ends});
      }
      for (Geometry& t : todo) cut.push_back({std::move(t), {&end}});
      pieces = std::move(cut);
      if (pieces.size() > kMaxPieces) return give_up();
    }
    for (const Piece& p : pieces) answer_.regions.push_back(region_of(p));
    merge_regions();
  }

  Region region_of(const Piece& p) const {
    Region r;
    r.v6 = p.at.v6;
    r.sources = p.at.dims[kSource];
    r.destinations = p.at.dims[kDestination];
    r.source_ports = p.at.dims[kSourcePort];
    r.ports = p.at.dims[kDestinationPort];
    r.interfaces = p.at.dims[kInterface];
    std::uint8_t conditions = 0;
    bool reached = false, closed = false, unknown = false, refused = false;
    const End* shown = p.ends.front();
    for (const End* e : p.ends) {
      conditions |= e->box.conditions;
      reached = reached || e->fate == Fate::open || e->fate == Fate::forwarded;
      closed = closed || e->fate == Fate::dropped || e->fate == Fate::refused;
      refused = refused || e->fate == Fate::refused;
      unknown = unknown || e->fate == Fate::unknown;
      // The way that lets the packet in is the one to show.
      const auto rank = [](const End* x) {
        return static_cast<int>(x->fate == Fate::open || x->fate == Fate::forwarded);
      };
      if (rank(e) > rank(shown)) shown = e;
    }
    if (unknown || (reached && closed && ((conditions & kIfUnknown) != 0 || conditions == 0))) {
      r.fate = Fate::unknown;
      r.conditions = kIfUnknown;
    } else if (reached && closed) {
      r.fate = Fate::may;
      r.conditions = conditions;
    } else if (reached) {
      r.fate = shown->fate;
    } else {
      r.fate = refused ? Fate::refused : Fate::dropped;
      for (const End* e : p.ends) {
        if (e->fate == r.fate) shown = e;
      }
    }
    r.steps = shown->box.steps;
    r.answer_dropped = shown->answer_dropped;
    r.translated = shown->box.translated;
    if (r.translated) {
      r.translated_to = shown->box.at.dims[kDestination];
      r.translated_port = shown->box.at.dims[kDestinationPort];
    }
    return r;
  }

  // Regions that differ in one set alone and were decided alike are one.
  void merge_regions() {
    std::vector<Region>& all = answer_.regions;
    static constexpr Values Region::* kSets[] = {&Region::sources, &Region::destinations, &Region::source_ports,
                                                 &Region::ports, &Region::interfaces};
    for (std::size_t i = 0; i < all.size() && all.size() < 1000; ++i) {
      for (std::size_t j = i + 1; j < all.size();) {
        Region &a = all[i], &b = all[j];
        Values Region::* differs = nullptr;
        std::size_t count = 0;
        for (const auto set : kSets) {
          if (a.*set == b.*set) continue;
          differs = set;
          ++count;
        }
        const bool alike = a.fate == b.fate && a.conditions == b.conditions && a.v6 == b.v6 && a.steps == b.steps &&
                           a.answer_dropped == b.answer_dropped && a.translated == b.translated &&
                           a.translated_to == b.translated_to && a.translated_port == b.translated_port;
        if (!alike || count > 1) {
          ++j;
          continue;
        }
        if (differs != nullptr) a.*differs = a.*differs | b.*differs;
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(j));
        j = i + 1;
      }
    }
    std::ranges::sort(all, {}, [](const Region& r) {
      return std::tuple(r.fate, r.v6, r.interfaces.intervals()[0].lo, r.sources.intervals()[0].lo,
                        r.ports.intervals()[0].lo, r.source_ports.intervals()[0].lo, r.destinations.intervals()[0].lo);
    });
  }

  const Ruleset& rules_;
  const Host& host_;
  const Question& question_;
  Answer& answer_;
  Walk walk_;
  std::vector<End> ends_;
  std::vector<std::size_t> seen_;
  bool answering_ = false;
};

}  // namespace

std::string_view to_string(Fate fate) {
  static constexpr std::string_view kWords[] = {"open", "forwarded", "may", "refused", "dropped", "unknown"};
  return kWords[static_cast<std::size_t>(fate)];
}

Box first_packets(const Host& host, const Question& question, const Atoms& atoms, bool v6) {
  Box box;
  box.l4proto = question.l4proto;
  box.at.v6 = v6;
  const AddressSet& family = v6 ? all_v6() : all_v4();
  box.at.dims[kSource] = family;
  box.at.dims[kDestination] = question.destinations & host.addresses & family;
  box.at.dims[kSourcePort] = Values(0, 65535);
  box.at.dims[kDestinationPort] = question.ports & Values(0, 65535);
  box.at.dims[kInterface] = atoms.everything();
  return box;
}

Answer reach(const Ruleset& rules, const Host& host, const Question& question, Coverage* coverage) {
  Answer answer{{}, Atoms(rules, host.interfaces), 0, 0, true};
  Reach(rules, host, question, answer, coverage).run();
  return answer;
}

Values also_reached_by(const Answer& everything, std::uint16_t port) {
  Values out;
  for (const Region& r : everything.regions) {
    const bool reached = r.fate == Fate::open || r.fate == Fate::may || r.fate == Fate::unknown;
    if (reached && r.translated && r.translated_port.contains(port) && r.fate != Fate::forwarded)
      out = out | r.ports.minus(Values::of(port));
  }
  return out;
}

}  // namespace gatepost::gate
