#pragma once

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.hpp"

// For tests: random rulesets in nft's JSON, and what becomes of one packet in one, decided rule by rule on the JSON
// itself. Nothing of the symbolic evaluator is used here.
namespace gatepost::gate::testing_packets {

namespace json = boost::json;

struct Packet {
  IpAddress source, destination;
  std::uint16_t sport = 40000, dport = 25;
  std::string interface = "eth0";
  std::string protocol = "tcp";  // or udp
  bool v6() const { return !source.is_v4(); }
};

// --- one packet ---------------------------------------------------------------------------------------------------

class Oracle {
 public:
  explicit Oracle(const json::value& ruleset) {
    for (const auto& item : ruleset.at("nftables").as_array()) {
      const auto& o = item.as_object();
      if (o.contains("chain")) chains_.push_back(&o.at("chain").as_object());
      if (o.contains("rule"))
        rules_[key(o.at("rule").as_object(), "chain")].push_back(&o.at("rule").at("expr").as_array());
      for (const char* kind : {"set", "map"}) {
        if (o.contains(kind)) sets_[key(o.at(kind).as_object(), "name")] = o.at(kind).as_object().if_contains("elem");
      }
    }
  }

  // "accept", "drop" or "reject".
  std::string verdict(const Packet& p) {
    packet_ = p;
    mark_ = 0;
    state_ = "new";
    for (const char* hook : {"prerouting", "input"}) {
      std::vector<const json::object*> base;
      for (const auto* c : chains_) {
        if (!c->contains("hook") || c->at("hook").as_string() != hook) continue;
        const auto family = c->at("family").as_string();
        if (family == "ip" && p.v6()) continue;
        if (family == "ip6" && !p.v6()) continue;
        base.push_back(c);
      }
      // The one made last is the first at its priority.
      const auto place = [&](const json::object* c) {
        return std::find(chains_.begin(), chains_.end(), c) - chains_.begin();
      };
      std::sort(base.begin(), base.end(), [&](const json::object* a, const json::object* b) {
        return std::pair(a->at("prio").to_number<int>(), -place(a)) <
               std::pair(b->at("prio").to_number<int>(), -place(b));
      });
      for (const auto* c : base) {
        const bool early = std::string(hook) == "prerouting" && c->at("prio").to_number<int>() < -200;
        early_ = early;
        std::string v = chain(key(*c, "name"), 0);
        if (v == "fell" || v == "return") v = c->at("policy").as_string().c_str();
        if (v != "accept") return v;
      }
    }
    return "accept";
  }

 private:
  static std::string key(const json::object& o, const char* name) {
    return std::string(o.at("family").as_string()) + "/" + std::string(o.at("table").as_string()) + "/" +
           std::string(o.at(name).as_string());
  }

  std::string chain(const std::string& name, int depth) {
    const std::string table = name.substr(0, name.rfind('/') + 1);
    for (const auto* rule : rules_[name]) {
      std::string v = run(*rule, table, depth);
      if (v == "next") continue;
      if (v == "return") return "fell";
      return v;
    }
    return "fell";
  }

  std::string run(const json::array& rule, const std::string& table, int depth) {
    for (const auto& e : rule) {
      const auto& o = e.as_object();
      if (o.contains("counter")) continue;
      if (o.contains("match")) {
        if (!matches(o.at("match").as_object(), table)) return "next";
      } else if (o.contains("mangle")) {
        const auto& v = o.at("mangle").at("value");
        if (v.is_object()) {
          mark_ |= v.at("|").as_array().at(1).to_number<std::uint32_t>();
        } else {
          mark_ = v.to_number<std::uint32_t>();
        }
      } else if (o.contains("notrack")) {
        if (early_) state_ = "untracked";  // later, the packet has its connection
      } else if (o.contains("vmap")) {
        const auto* v = looked_up(o.at("vmap").as_object(), table);
        if (v == nullptr) return "next";
        const std::string done = verdict_of(v->as_object(), table, depth);
        if (done != "continue") return done;
      } else {
        const std::string done = verdict_of(o, table, depth);
        return done == "continue" ? "next" : done;
      }
    }
    return "next";
  }

  std::string verdict_of(const json::object& o, const std::string& table, int depth) {
    const std::string name = o.begin()->key();
    if (name == "jump" || name == "goto") {
      const std::string v = chain(table + std::string(o.begin()->value().at("target").as_string()), depth + 1);
      if (v != "fell") return v;
      return name == "jump" ? "next" : "return";
    }
    return name;
  }

  // The packet's value of a key: a text for addresses, interfaces and words, a number for the rest. none: no such
  // field.
  std::optional<json::value> value(const json::value& left) {
    const auto& o = left.as_object();
    if (o.contains("&")) {
      const auto inner = value(o.at("&").as_array().at(0));
      if (!inner) return std::nullopt;
      return json::value(inner->to_number<std::uint64_t>() & o.at("&").as_array().at(1).to_number<std::uint64_t>());
    }
    if (o.contains("payload")) {
      const std::string protocol = o.at("payload").at("protocol").as_string().c_str();
      const std::string field = o.at("payload").at("field").as_string().c_str();
      if (protocol == "ip" && packet_.v6()) return std::nullopt;
      if (protocol == "ip6" && !packet_.v6()) return std::nullopt;
      if ((protocol == "tcp" || protocol == "udp") && protocol != packet_.protocol) return std::nullopt;
      if (field == "saddr") return json::value(packet_.source.to_string());
      if (field == "daddr") return json::value(packet_.destination.to_string());
      if (field == "sport") return json::value(packet_.sport);
      if (field == "dport") return json::value(packet_.dport);
    }
    if (o.contains("meta")) {
      const std::string k = o.at("meta").at("key").as_string().c_str();
      if (k == "iifname") return json::value(packet_.interface);
      if (k == "l4proto") return json::value(packet_.protocol);
      if (k == "nfproto") return json::value(packet_.v6() ? "ipv6" : "ipv4");
      if (k == "mark") return json::value(mark_);
    }
    if (o.contains("ct")) return json::value(early_ && state_ == "new" ? "invalid" : state_);
    throw std::logic_error("the oracle does not know " + json::serialize(left));
  }

  static bool one(const json::value& have, const json::value& want) {
    if (want.is_object() && want.as_object().contains("prefix")) {
      const auto& p = want.at("prefix");
      const std::string text =
          std::string(p.at("addr").as_string()) + "/" + std::to_string(p.at("len").to_number<int>());
      return Network::parse(text)->contains(*IpAddress::parse(std::string(have.as_string())));
    }
    if (want.is_object() && want.as_object().contains("range")) {
      const auto& lo = want.at("range").as_array().at(0);
      const auto& hi = want.at("range").as_array().at(1);
      if (lo.is_string()) {
        const auto a = *IpAddress::parse(std::string(have.as_string()));
        return *IpAddress::parse(std::string(lo.as_string())) <= a &&
               a <= *IpAddress::parse(std::string(hi.as_string()));
      }
      const auto n = have.to_number<std::uint64_t>();
      return lo.to_number<std::uint64_t>() <= n && n <= hi.to_number<std::uint64_t>();
    }
    if (want.is_string() && have.is_string()) {
      const std::string w(want.as_string()), h(have.as_string());
      if (w.ends_with('*')) return h.starts_with(w.substr(0, w.size() - 1));
      const auto a = IpAddress::parse(w);
      return a ? a == IpAddress::parse(h) : w == h;
    }
    return want.is_number() && have.is_number() && want.to_number<std::uint64_t>() == have.to_number<std::uint64_t>();
  }

  bool element(const std::vector<json::value>& have, const json::value& want) {
    if (have.size() == 1) return one(have[0], want);
    const auto& parts = want.at("concat").as_array();
    for (std::size_t i = 0; i < have.size(); ++i) {
      if (!one(have[i], parts.at(i))) return false;
    }
    return true;
  }

  std::optional<std::vector<json::value>> values(const json::value& left) {
    std::vector<json::value> out;
    if (left.as_object().contains("concat")) {
      for (const auto& part : left.at("concat").as_array()) {
        const auto v = value(part);
        if (!v) return std::nullopt;
        out.push_back(*v);
      }
      return out;
    }
    const auto v = value(left);
    if (!v) return std::nullopt;
    out.push_back(*v);
    return out;
  }

  bool matches(const json::object& m, const std::string& table) {
    const auto have = values(m.at("left"));
    if (!have) return false;
    const auto& right = m.at("right");
    const std::string op = m.at("op").as_string().c_str();
    bool in = false;
    const json::array* list = nullptr;
    if (right.is_string() && right.as_string().starts_with("@")) {
      const json::value* elements = sets_[table + std::string(right.as_string()).substr(1)];
      list = elements == nullptr ? nullptr : &elements->as_array();
    } else if (right.is_object() && right.as_object().contains("set")) {
      list = &right.at("set").as_array();
    } else if (right.is_array()) {
      list = &right.as_array();
    } else {
      in = element(*have, right);
    }
    if (list != nullptr) {
      for (const auto& e : *list) in = in || element(*have, e);
    }
    return in == (op != "!=");
  }

  const json::value* looked_up(const json::object& vmap, const std::string& table) {
    const auto have = values(vmap.at("key"));
    if (!have) return nullptr;
    const json::array* list = nullptr;
    if (vmap.at("data").is_string()) {
      const json::value* elements = sets_[table + std::string(vmap.at("data").as_string()).substr(1)];
      if (elements != nullptr) list = &elements->as_array();
    } else {
      list = &vmap.at("data").at("set").as_array();
    }
    if (list == nullptr) return nullptr;
    for (const auto& pair : *list) {
      if (element(*have, pair.as_array().at(0))) return &pair.as_array().at(1);
    }
    return nullptr;
  }

  std::vector<const json::object*> chains_;
  std::map<std::string, std::vector<const json::array*>> rules_;
  std::map<std::string, const json::value*> sets_;
  Packet packet_;
  std::uint32_t mark_ = 0;
  std::string state_ = "new";
  bool early_ = false;
};

// --- random rulesets ----------------------------------------------------------------------------------------------

class RandomRuleset {
 public:
  RandomRuleset(std::uint32_t seed, std::vector<IpAddress> addresses, std::vector<std::string> interfaces,
                std::string protocol)
      : random_(seed),
        addresses_(std::move(addresses)),
        interfaces_(std::move(interfaces)),
        protocol_(std::move(protocol)) {}

  // As `nft -j list ruleset` has it.
  json::value make() {
    items_ = json::array();
    const char* families[] = {"inet", "inet", "inet", "ip", "ip6"};
    const int tables = 1 + below(2);
    for (int t = 0; t < tables; ++t) table(families[below(5)], "t" + std::to_string(t));
    return json::object{{"nftables", items_}};
  }

  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint32_t>(n)); }
  std::uint16_t port() {
    static constexpr std::uint16_t kPorts[] = {25, 143, 465, 587, 993, 995, 24, 26};
    return kPorts[below(8)];
  }

 private:
  json::object in(const char* what, json::object more) {
    more["family"] = family_;
    more["table"] = table_;
    return {{what, std::move(more)}};
  }

  // An address of the test, or a neighbour of its networks' edges.
  std::string address(bool v6) {
    while (true) {
      IpAddress a = addresses_[static_cast<std::size_t>(below(static_cast<int>(addresses_.size())))];
      if (a.is_v4() == v6) continue;
      if (below(4) == 0) a.octets[15] = static_cast<std::uint8_t>(a.octets[15] + 1);
      return a.to_string();
    }
  }

  json::value addresses(bool v6, bool interval) {
    const std::string a = address(v6);
    const int kind = interval ? below(3) : 0;
    if (kind == 0) return json::value(a);
    IpAddress base = *IpAddress::parse(a);
    if (kind == 1) {
      const int bits = 1 + below(24);
      for (int i = 0; i < bits; ++i) {
        auto& octet = base.octets[static_cast<std::size_t>(15 - i / 8)];
        octet = static_cast<std::uint8_t>(octet & ~(1 << (i % 8)));
      }
      return json::object{{"prefix", {{"addr", base.to_string()}, {"len", (v6 ? 128 : 32) - bits}}}};
    }
    IpAddress hi = base;
    hi.octets[15] = static_cast<std::uint8_t>(std::min(255, hi.octets[15] + 1 + below(6)));
    if (hi == base) return json::value(a);
    return json::object{{"range", {base.to_string(), hi.to_string()}}};
  }

  json::value ports(bool interval) {
    const std::uint16_t p = port();
    if (!interval || below(2) == 0) return json::value(p);
    return json::object{{"range", {p, p + 1 + below(400)}}};
  }

  // Elements that do not overlap: nft refuses those that do.
  template <class F>
  json::array several(F&& make, int most) {
    json::array out;
    std::vector<std::pair<std::string, std::string>> taken;
    for (int i = 1 + below(most); i > 0; --i) {
      const json::value v = make();
      const auto [lo, hi] = bounds(v);
      const bool overlaps = std::any_of(taken.begin(), taken.end(),
                                        [&, l = lo, h = hi](const auto& t) { return !(h < t.first || t.second < l); });
      if (overlaps) continue;
      taken.emplace_back(lo, hi);
      out.push_back(v);
    }
    return out;
  }

  // Comparable texts of the ends.
  static std::pair<std::string, std::string> bounds(const json::value& v) {
    const auto text = [](const json::value& one) {
      if (one.is_number()) {
        std::string s = std::to_string(one.to_number<int>());
        return std::string(8 - s.size(), '0') + s;
      }
      const auto a = *IpAddress::parse(std::string(one.as_string()));
      return std::string(reinterpret_cast<const char*>(a.octets.data()), 16);
    };
    if (v.is_object() && v.as_object().contains("range"))
      return {text(v.at("range").as_array().at(0)), text(v.at("range").as_array().at(1))};
    if (v.is_object() && v.as_object().contains("prefix")) {
      const auto& p = v.at("prefix");
      auto a = *IpAddress::parse(std::string(p.at("addr").as_string()));
      const int width = a.is_v4() ? 32 : 128;
      const std::string lo(reinterpret_cast<const char*>(a.octets.data()), 16);
      for (int i = 0; i < width - p.at("len").to_number<int>(); ++i)
        a.octets[static_cast<std::size_t>(15 - i / 8)] =
            static_cast<std::uint8_t>(a.octets[static_cast<std::size_t>(15 - i / 8)] | (1 << (i % 8)));
      return {lo, std::string(reinterpret_cast<const char*>(a.octets.data()), 16)};
    }
    return {text(v), text(v)};
  }

  // One family a rule: nft refuses a rule that no packet can match.
  bool pick_v6() const { return rule_v6_; }

  static json::object payload(const std::string& protocol, const char* field) {
    return {{"payload", {{"protocol", protocol}, {"field", field}}}};
  }

  json::object match(json::value left, json::value right, bool negated) {
    return {{"match", {{"op", negated ? "!=" : "=="}, {"left", std::move(left)}, {"right", std::move(right)}}}};
  }

  void add_match(json::array& rule) {
    const bool negated = below(4) == 0;
    const bool v6 = pick_v6();
    const char* ip = v6 ? "ip6" : "ip";
    switch (below(12)) {
      case 0:
      case 1:
        rule.push_back(match(payload(ip, "saddr"), addresses(v6, true), negated));
        break;
      case 2:
        rule.push_back(match(payload(ip, "saddr"),
                             json::object{{"set", several([&] { return addresses(v6, true); }, 4)}}, negated));
        break;
      case 3:
        rule.push_back(match(payload(ip, "saddr"), json::value(v6 ? "@s6" : "@s4"), negated));
        break;
      case 4:
        rule.push_back(match(payload(protocol_, "dport"), ports(true), negated));
        break;
      case 5:
        rule.push_back(match(payload(protocol_, "dport"),
                             json::object{{"set", several([&] { return ports(true); }, 4)}}, negated));
        break;
      case 6:
        rule.push_back(match(payload(protocol_, "dport"), json::value("@p"), negated));
        break;
      case 7:
        rule.push_back(match(json::object{{"concat", {payload(ip, "saddr"), payload(protocol_, "dport")}}},
                             json::value(v6 ? "@c6" : "@c4"), negated));
        break;
      case 8:
        rule.push_back(match(json::object{{"meta", {{"key", "iifname"}}}}, json::value(interface()), negated));
        break;
      case 9:
        // Elsewhere nft refuses it.
        if (family_ == "inet")
          rule.push_back(
              match(json::object{{"meta", {{"key", "nfproto"}}}}, json::value(v6 ? "ipv6" : "ipv4"), negated));
        break;
      case 10:
        if (below(2) == 0) {
          rule.push_back(match(json::object{{"meta", {{"key", "mark"}}}}, json::value(below(4)), negated));
        } else {
          const int mask = 1 + below(3);
          rule.push_back(match(json::object{{"&", {json::object{{"meta", {{"key", "mark"}}}}, mask}}},
                               json::value(below(4) & mask), negated));
        }
        break;
      default: {
        static constexpr const char* kStates[] = {"new", "established", "untracked", "invalid"};
        if (below(2) == 0) {
          rule.push_back(match(json::object{{"ct", {{"key", "state"}}}}, json::value(kStates[below(4)]), negated));
        } else {
          rule.push_back(json::object{{"match",
                                       {{"op", "in"},
                                        {"left", json::object{{"ct", {{"key", "state"}}}}},
                                        {"right", json::array{"established", kStates[below(2) * 2]}}}}});
        }
      }
    }
  }

  std::string interface() {
    if (below(3) == 0) return interfaces_[0].substr(0, 2) + "*";
    return interfaces_[static_cast<std::size_t>(below(static_cast<int>(interfaces_.size())))];
  }

  json::object verdict(int level) {
    const int n = below(level >= 2 ? 6 : 10);
    if (n < 2) return {{"accept", nullptr}};
    if (n < 4) return {{"drop", nullptr}};
    if (n < 5) return {{"return", nullptr}};
    if (n < 6) return {{"continue", nullptr}};
    const std::string target = "sub" + std::to_string(level + below(2 - level));
    return {{n < 9 ? "jump" : "goto", {{"target", target}}}};
  }

  void add_end(json::array& rule, int level, bool input) {
    const int n = below(12);
    if (n == 0) {
      rule.push_back(json::object{{"mangle", {{"key", {{"meta", {{"key", "mark"}}}}}, {"value", below(4)}}}});
    } else if (n == 1) {
      rule.push_back(
          json::object{{"mangle",
                        {{"key", {{"meta", {{"key", "mark"}}}}},
                         {"value", json::object{{"|", {json::object{{"meta", {{"key", "mark"}}}}, 1 + below(2)}}}}}}});
    } else if (n == 2) {
      const bool v6 = pick_v6();
      if (below(2) == 0) {
        rule.push_back(
            json::object{{"vmap", {{"key", payload(protocol_, "dport")}, {"data", "@v" + std::to_string(level)}}}});
      } else {
        json::array pairs;
        for (const auto& e : several([&] { return addresses(v6, true); }, 4))
          pairs.push_back(json::array{e, verdict(level)});
        rule.push_back(json::object{
            {"vmap", {{"key", payload(v6 ? "ip6" : "ip", "saddr")}, {"data", json::object{{"set", pairs}}}}}});
      }
    } else if (n == 3 && input) {
      rule.push_back(json::object{{"reject", {{"type", "icmpx"}, {"expr", "admin-prohibited"}}}});
      if (family_ != "inet") rule.back() = json::object{{"drop", nullptr}};
    } else {
      rule.push_back(verdict(level));
    }
  }

  void rules(const std::string& chain, int level, bool input) {
    for (int i = below(7); i > 0; --i) {
      json::array rule;
      rule_v6_ = family_ == "ip6" || (family_ != "ip" && below(2) == 0);
      for (int m = below(3); m > 0; --m) add_match(rule);
      if (below(4) == 0) rule.push_back(json::object{{"counter", {{"packets", 0}, {"bytes", 0}}}});
      add_end(rule, level, input);
      items_.push_back(in("rule", {{"chain", chain}, {"expr", rule}}));
    }
  }

  void set(const char* kind, const char* name, json::value type, json::array elements, json::object more = {}) {
    more["name"] = name;
    more["type"] = std::move(type);
    more["flags"] = json::array{"interval"};
    if (!elements.empty()) more["elem"] = std::move(elements);
    items_.push_back(in(kind, std::move(more)));
  }

  json::array pairs(bool v6) {
    // One address each: intervals of a concatenation may not overlap in any field at once.
    json::array out;
    std::vector<std::string> seen;
    for (int i = below(5); i > 0; --i) {
      const std::string a = address(v6);
      if (std::find(seen.begin(), seen.end(), a) != seen.end()) continue;
      seen.push_back(a);
      out.push_back(json::object{{"concat", {json::value(a), ports(true)}}});
    }
    return out;
  }

  void table(const char* family, std::string name) {
    family_ = family;
    table_ = std::move(name);
    items_.push_back(json::object{{"table", {{"family", family_}, {"name", table_}}}});
    set("set", "s4", "ipv4_addr", several([&] { return addresses(false, true); }, 4));
    set("set", "s6", "ipv6_addr", several([&] { return addresses(true, true); }, 4));
    set("set", "p", "inet_service", several([&] { return ports(true); }, 4));
    set("set", "c4", json::array{"ipv4_addr", "inet_service"}, pairs(false));
    set("set", "c6", json::array{"ipv6_addr", "inet_service"}, pairs(true));
    // Chains before the maps that jump to them.
    for (const char* sub : {"sub1", "sub0"}) items_.push_back(in("chain", {{"name", sub}}));
    for (int level = 0; level < 3; ++level) {
      json::array elements;
      for (const auto& e : several([&] { return ports(true); }, 4)) elements.push_back(json::array{e, verdict(level)});
      set("map", ("v" + std::to_string(level)).c_str(), "inet_service", elements, {{"map", "verdict"}});
    }
    const int chains = 1 + below(3);
    std::vector<std::pair<int, bool>> used;
    for (int i = 0; i < chains; ++i) {
      const bool input = below(4) != 0;
      int priority = input ? below(40) - 20 : (below(2) == 0 ? -300 : -60) + below(10);
      if (!used.empty() && used.back().second == input && below(3) == 0) priority = used.back().first;
      used.emplace_back(priority, input);
      const std::string chain = "base" + std::to_string(i);
      items_.push_back(in("chain", {{"name", chain},
                                    {"type", "filter"},
                                    {"hook", input ? "input" : "prerouting"},
                                    {"prio", priority},
                                    {"policy", below(3) == 0 ? "drop" : "accept"}}));
      rules(chain, 0, input);
      if (!input && below(3) == 0) {
        items_.push_back(in("rule", {{"chain", chain}, {"expr", json::array{json::object{{"notrack", nullptr}}}}}));
      }
    }
    rules("sub0", 1, false);
    rules("sub1", 2, false);
  }

  std::mt19937 random_;
  std::vector<IpAddress> addresses_;
  std::vector<std::string> interfaces_;
  std::string protocol_, family_, table_;
  bool rule_v6_ = false;
  json::array items_;
};

}  // namespace gatepost::gate::testing_packets
