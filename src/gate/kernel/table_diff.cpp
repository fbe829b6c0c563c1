#include "gate/kernel/table_diff.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gate/bans/ban_set.hpp"

namespace gatepost::gate {
namespace {

namespace json = boost::json;
using json::value;

std::string text_of(const json::object& o, std::string_view key) {
  const value* v = o.if_contains({key.data(), key.size()});
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

bool is_ours(const json::object& o) {
  return text_of(o, "family") == "inet" && text_of(o, o.contains("table") ? "table" : "name") == "gatepost";
}

Result<value> parse(std::string_view text) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  value root = json::parse({text.data(), text.size()}, error, {}, options);
  const json::object* o = error ? nullptr : root.if_object();
  const value* list = o == nullptr ? nullptr : o->if_contains("nftables");
  if (list == nullptr || !list->is_array()) return fail(Errc::invalid, "no listing of an nftables ruleset");
  return root;
}

struct LiveRule {
  std::uint64_t handle = 0;
  std::string content;
};
struct LiveChain {
  std::string base;  // hook, type, priority
  std::string policy;
  std::vector<LiveRule> rules;
};
struct LiveSet {
  std::string properties;
  std::map<std::string, std::int64_t> elements;  // seconds left; -1: for good
  bool timed = false;
};
struct Live {
  bool there = false;
  std::map<std::string, LiveChain> chains;
  std::map<std::string, LiveSet> sets;
};

// An expression without what packets change.
void still(value& v) {
  if (value* counter = v.is_object() ? v.get_object().if_contains("counter") : nullptr;
      counter != nullptr && counter->is_object()) {
    counter->get_object()["packets"] = 0;
    counter->get_object()["bytes"] = 0;
  }
}

LiveSet set_from(const json::object& o) {
  LiveSet set;
  for (const char* key : {"type", "flags", "timeout", "size", "map"}) {
    const value* v = o.if_contains(key);
    set.properties += fmt::format("{};", v == nullptr ? std::string("-") : json::serialize(*v));
  }
  const value* elements = o.if_contains("elem");
  if (elements == nullptr || !elements->is_array()) return set;
  for (const value& e : elements->get_array()) {
    const value* elem = e.is_object() ? e.get_object().if_contains("elem") : nullptr;
    if (elem == nullptr || !elem->is_object()) {
      set.elements[json::serialize(e)] = -1;
      continue;
    }
    const value* inner = elem->get_object().if_contains("val");
    const value* left = elem->get_object().if_contains("expires");
    if (left == nullptr) left = elem->get_object().if_contains("timeout");
    set.elements[inner == nullptr ? std::string() : json::serialize(*inner)] =
        left != nullptr && left->is_int64() ? left->get_int64() : -1;
    set.timed = true;
  }
  return set;
}

Result<Live> live_of(std::string_view text) {
  GP_TRY(const value root, parse(text));
  Live out;
  for (const value& item : root.get_object().at("nftables").get_array()) {
    if (!item.is_object() || item.get_object().size() != 1) continue;
    const auto& entry = *item.get_object().begin();
    if (!entry.value().is_object()) continue;
    const json::object& o = entry.value().get_object();
    if (!is_ours(o)) continue;
    const std::string_view kind(entry.key().data(), entry.key().size());
    if (kind == "table") out.there = true;
    if (kind == "chain") {
      LiveChain chain;
      const value* priority = o.if_contains("prio");
      chain.base = fmt::format("{}/{}/{}", text_of(o, "type"), text_of(o, "hook"),
                               priority == nullptr ? std::string() : json::serialize(*priority));
      chain.policy = text_of(o, "policy");
      out.chains[text_of(o, "name")] = std::move(chain);
    } else if (kind == "set" || kind == "map") {
      out.sets[text_of(o, "name")] = set_from(o);
    } else if (kind == "rule") {
      LiveRule rule;
      const value* handle = o.if_contains("handle");
      if (handle != nullptr && handle->is_int64()) rule.handle = static_cast<std::uint64_t>(handle->get_int64());
      value expressions = o.if_contains("expr") == nullptr ? value() : o.at("expr");
      if (expressions.is_array()) {
        for (value& e : expressions.get_array()) still(e);
      }
      rule.content = json::serialize(expressions) + text_of(o, "comment");
      out.chains[text_of(o, "chain")].rules.push_back(std::move(rule));
    }
  }
  return out;
}

// Which of `have` stay: for each of `want`, the index into `have` it is, or -1. Longest common subsequence.
std::vector<std::ptrdiff_t> common(const std::vector<LiveRule>& have, const std::vector<LiveRule>& want) {
  const std::size_t n = have.size(), m = want.size();
  std::vector<std::vector<std::uint32_t>> best(n + 1, std::vector<std::uint32_t>(m + 1, 0));
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = m; j-- > 0;) {
      best[i][j] =
          have[i].content == want[j].content ? best[i + 1][j + 1] + 1 : std::max(best[i + 1][j], best[i][j + 1]);
    }
  }
  std::vector<std::ptrdiff_t> out(m, -1);
  for (std::size_t i = 0, j = 0; i < n && j < m;) {
    if (have[i].content == want[j].content) {
      out[j++] = static_cast<std::ptrdiff_t>(i++);
    } else if (best[i + 1][j] >= best[i][j + 1]) {
      ++i;
    } else {
      ++j;
    }
  }
  return out;
}

// An element's JSON as nft(8) writes it.
std::string nft_text(const std::string& element) {
  const value v = json::parse(element);
  if (const json::object* o = v.if_object(); o != nullptr) {
    if (const value* prefix = o->if_contains("prefix"); prefix != nullptr && prefix->is_object())
      return fmt::format("{}/{}", text_of(prefix->get_object(), "addr"), json::serialize(prefix->at("len")));
    if (const value* range = o->if_contains("range");
        range != nullptr && range->is_array() && range->get_array().size() == 2)
      return fmt::format("{}-{}", nft_text(json::serialize(range->get_array()[0])),
                         nft_text(json::serialize(range->get_array()[1])));
  }
  return v.is_string() ? std::string(v.get_string()) : element;
}

constexpr std::size_t kMostRules = 2'000;  // of a chain, to compare one by one

// Elements may differ in the seconds that passed between two listings.
constexpr std::int64_t kSlack = 90;

bool same_elements(const LiveSet& a, const LiveSet& b) {
  return std::ranges::equal(a.elements, b.elements, [](const auto& x, const auto& y) {
    return x.first == y.first && (x.second < 0) == (y.second < 0) && std::abs(x.second - y.second) <= kSlack;
  });
}

class Changes {
 public:
  Changes(const NftTable& wanted, const Live& normal, const Live& live)
      : wanted_(wanted), normal_(normal), live_(live) {}

  std::string batch() {
    if (!live_.there || !stepwise()) return replacement();
    sets();
    chains();
    for (const NftChain& chain : wanted_.chains) rules(chain);
    removals();
    std::string out = first_ + elements_ + rules_text_ + last_;
    return out;
  }

 private:
  std::string replacement() const {
    return fmt::format("add table {0}\ndelete table {0}\n{1}", kTable, wanted_.text());
  }

  const LiveChain* live_chain(const std::string& name) const {
    const auto at = live_.chains.find(name);
    return at == live_.chains.end() ? nullptr : &at->second;
  }

  bool stepwise() const {
    for (const NftChain& chain : wanted_.chains) {
      const LiveChain* have = live_chain(chain.name);
      const auto want = normal_.chains.find(chain.name);
      if (want == normal_.chains.end() || want->second.rules.size() != chain.rules.size()) return false;
      if (have == nullptr) continue;
      if (have->base != want->second.base || have->rules.size() > kMostRules || chain.rules.size() > kMostRules)
        return false;
    }
    for (const NftSet& set : wanted_.sets) {
      const auto have = live_.sets.find(set.name);
      const auto want = normal_.sets.find(set.name);
      if (want == normal_.sets.end()) return false;
      if (have != live_.sets.end() && have->second.properties != want->second.properties) return false;
    }
    return true;
  }

  void sets() {
    for (const NftSet& set : wanted_.sets) {
      const auto have = live_.sets.find(set.name);
      if (have == live_.sets.end()) {
        first_ += fmt::format("table {} {{\n{}}}\n", kTable, set.text());
        continue;
      }
      if (set.meter || same_elements(have->second, normal_.sets.at(set.name))) continue;
      repair(set, have->second, normal_.sets.at(set.name));
    }
  }

  // The name says what a set holds, so somebody else changed it.
  void repair(const NftSet& set, const LiveSet& have, const LiveSet& want) {
    const auto differs = [](const LiveSet& in, const std::string& element, std::int64_t left) {
      const auto at = in.elements.find(element);
      return at == in.elements.end() || (at->second < 0) != (left < 0) || std::abs(at->second - left) > kSlack;
    };
    std::vector<std::string> extra, missing;
    for (const auto& [element, left] : have.elements) {
      if (differs(want, element, left)) extra.push_back(nft_text(element));
    }
    for (const auto& [element, left] : want.elements) {
      if (!differs(have, element, left)) continue;
      missing.push_back(nft_text(element) + (left < 0 ? std::string() : fmt::format(" timeout {}s", left)));
    }
    if (!extra.empty())
      elements_ += fmt::format("delete element {} {} {{ {} }}\n", kTable, set.name, fmt::join(extra, ", "));
    if (!missing.empty())
      elements_ += fmt::format("add element {} {} {{ {} }}\n", kTable, set.name, fmt::join(missing, ", "));
  }

  void chains() {
    for (const NftChain& chain : wanted_.chains) {
      const LiveChain* have = live_chain(chain.name);
      const bool new_policy = have != nullptr && have->policy != normal_.chains.at(chain.name).policy;
      if (have == nullptr || new_policy) {
        first_ += fmt::format("add chain {} {}{}\n", kTable, chain.name,
                              chain.base.empty() ? std::string() : fmt::format(" {{ {} }}", chain.base));
      }
    }
  }

  void rules(const NftChain& chain) {
    static const std::vector<LiveRule> kNone;
    const LiveChain* chain_now = live_chain(chain.name);
    const std::vector<LiveRule>& have = chain_now == nullptr ? kNone : chain_now->rules;
    const std::vector<std::ptrdiff_t> kept = common(have, normal_.chains.at(chain.name).rules);
    std::vector<bool> stays(have.size(), false);
    for (const std::ptrdiff_t k : kept) {
      if (k >= 0) stays[static_cast<std::size_t>(k)] = true;
    }
    const bool any_stays = std::ranges::find(stays, true) != stays.end();
    std::string added;
    for (std::size_t j = 0; j < kept.size();) {
      if (kept[j] >= 0) {
        ++j;
        continue;
      }
      std::size_t end = j;
      while (end < kept.size() && kept[end] < 0) ++end;
      if (!any_stays) {
        for (std::size_t i = j; i < end; ++i)
          added += fmt::format("add rule {} {} {}\n", kTable, chain.name, chain.rules[i]);
      } else if (j == 0) {
        for (std::size_t i = end; i-- > j;)
          added += fmt::format("insert rule {} {} {}\n", kTable, chain.name, chain.rules[i]);
      } else {
        // Each right behind the rule that stays before them, so the last one first.
        const std::uint64_t handle = have[static_cast<std::size_t>(kept[j - 1])].handle;
        for (std::size_t i = end; i-- > j;)
          added += fmt::format("add rule {} {} handle {} {}\n", kTable, chain.name, handle, chain.rules[i]);
      }
      j = end;
    }
    rules_text_ += added;
    for (std::size_t i = 0; i < have.size(); ++i) {
      if (!stays[i]) rules_text_ += fmt::format("delete rule {} {} handle {}\n", kTable, chain.name, have[i].handle);
    }
  }

  void removals() {
    const auto wanted_chain = [&](const std::string& name) {
      return std::ranges::any_of(wanted_.chains, [&](const NftChain& c) { return c.name == name; });
    };
    std::string flushes, deletes;
    for (const auto& [name, chain] : live_.chains) {
      if (wanted_chain(name)) continue;
      if (!chain.rules.empty()) flushes += fmt::format("flush chain {} {}\n", kTable, name);
      deletes += fmt::format("delete chain {} {}\n", kTable, name);
    }
    last_ += flushes + deletes;
    for (const auto& [name, set] : live_.sets) {
      const bool wanted = std::ranges::any_of(wanted_.sets, [&](const NftSet& s) { return s.name == name; });
      if (!wanted) last_ += fmt::format("delete set {} {}\n", kTable, name);
    }
  }

  const NftTable& wanted_;
  const Live& normal_;
  const Live& live_;
  std::string first_, elements_, rules_text_, last_;
};

}  // namespace

Result<std::string> table_changes(const NftTable& wanted, std::string_view normal, std::string_view live) {
  GP_TRY(const Live want, live_of(normal));
  GP_TRY(const Live have, live_of(live));
  return Changes(wanted, want, have).batch();
}

Result<std::string> ruleset_with(std::string_view live, std::string_view normal) {
  GP_TRY(value root, parse(live));
  GP_TRY(const value own, parse(normal));
  const auto ours = [](const value& item) {
    return item.is_object() && item.get_object().size() == 1 && item.get_object().begin()->value().is_object() &&
           is_ours(item.get_object().begin()->value().get_object());
  };
  json::array all;
  for (const value& item : root.get_object().at("nftables").get_array()) {
    if (!ours(item)) all.push_back(item);
  }
  for (const value& item : own.get_object().at("nftables").get_array()) {
    if (ours(item)) all.push_back(item);
  }
  root.get_object()["nftables"] = std::move(all);
  return json::serialize(root);
}

Result<bool> same_table(std::string_view one, std::string_view other) {
  GP_TRY(Live a, live_of(one));
  GP_TRY(Live b, live_of(other));
  for (Live* live : {&a, &b})
    std::erase_if(live->chains, [](const auto& c) { return parse_marker(c.first).has_value(); });
  if (a.there != b.there || a.chains.size() != b.chains.size() || a.sets.size() != b.sets.size()) return false;
  const bool chains = std::ranges::equal(a.chains, b.chains, [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.base == y.second.base && x.second.policy == y.second.policy &&
           std::ranges::equal(x.second.rules, y.second.rules, {}, &LiveRule::content, &LiveRule::content);
  });
  const bool sets = std::ranges::equal(a.sets, b.sets, [](const auto& x, const auto& y) {
    if (x.first != y.first || x.second.properties != y.second.properties) return false;
    // Meters have a time-out of their own; exceptions have one for each element.
    const bool meter = x.first.ends_with("-rate-4") || x.first.ends_with("-rate-6");
    return meter || is_ban_set(x.first) || same_elements(x.second, y.second);
  });
  return chains && sets;
}

std::optional<Marker> marker_in(std::string_view ruleset) {
  const auto live = live_of(ruleset);
  if (!live) return std::nullopt;
  for (const auto& [name, chain] : live->chains) {
    if (auto marker = parse_marker(name)) return marker;
  }
  return std::nullopt;
}

bool has_our_table(std::string_view ruleset) {
  const auto live = live_of(ruleset);
  return live && live->there;
}

std::optional<std::vector<Network>> banned_networks(std::string_view ruleset) {
  const auto live = live_of(ruleset);
  if (!live) return std::nullopt;
  std::vector<Network> out;
  for (const BanSet& set : kBanSets) {
    const auto found = live->sets.find(std::string(set.name));
    if (found == live->sets.end()) return std::nullopt;
    for (const auto& [text, left] : found->second.elements) {
      boost::system::error_code error;
      const value element = json::parse(text, error);
      if (error || !element.is_string()) continue;
      if (const auto address = IpAddress::parse(std::string_view(element.get_string())))
        out.push_back({*address, set.prefix});
    }
  }
  return out;
}

std::map<std::string, std::uint64_t> connections_let_in(std::string_view ruleset) {
  std::map<std::string, std::uint64_t> out;
  const auto root = parse(ruleset);
  if (!root) return out;
  for (const value& item : root->get_object().at("nftables").get_array()) {
    const value* rule = item.is_object() ? item.get_object().if_contains("rule") : nullptr;
    if (rule == nullptr || !rule->is_object() || !is_ours(rule->get_object())) continue;
    const std::string comment = text_of(rule->get_object(), "comment");
    constexpr std::string_view kBegin = "gp:", kEnd = ":open";
    if (!comment.starts_with(kBegin) || !comment.ends_with(kEnd) || comment.size() <= kBegin.size() + kEnd.size())
      continue;
    const value* expressions = rule->get_object().if_contains("expr");
    if (expressions == nullptr || !expressions->is_array()) continue;
    std::uint64_t& count = out[comment.substr(kBegin.size(), comment.size() - kBegin.size() - kEnd.size())];
    for (const value& e : expressions->get_array()) {
      const value* counter = e.is_object() ? e.get_object().if_contains("counter") : nullptr;
      const value* packets =
          counter != nullptr && counter->is_object() ? counter->get_object().if_contains("packets") : nullptr;
      if (packets != nullptr && packets->is_int64()) count += static_cast<std::uint64_t>(packets->get_int64());
    }
  }
  return out;
}

}  // namespace gatepost::gate
