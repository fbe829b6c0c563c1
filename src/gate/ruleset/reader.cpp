#include "gate/ruleset/reader.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gate/ruleset/iptables_reader.hpp"
#include "gate/ruleset/values.hpp"

namespace gatepost::gate {
namespace {

namespace json = boost::json;
using json::value;
using namespace reading;

constexpr std::size_t kMaxChains = 20'000;
constexpr std::size_t kMaxRules = 500'000;
constexpr std::size_t kMaxElements = 2'000'000;
constexpr std::size_t kMaxNotes = 100;

Family family_of(std::string_view word) {
  if (word == "ip") return Family::ip;
  if (word == "ip6") return Family::ip6;
  if (word == "inet") return Family::inet;
  if (word == "netdev") return Family::netdev;
  return Family::other;
}

Hook hook_of(std::string_view word) {
  static constexpr std::pair<std::string_view, Hook> kHooks[] = {
      {"ingress", Hook::ingress}, {"prerouting", Hook::prerouting}, {"input", Hook::input},
      {"forward", Hook::forward}, {"output", Hook::output},         {"postrouting", Hook::postrouting}};
  for (const auto& [name, hook] : kHooks) {
    if (name == word) return hook;
  }
  return Hook::other;
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 80)) out.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  return out;
}

class Reader {
 public:
  Result<Ruleset> read(const value& root, const IptablesListings& listings) {
    const value* list = member(root, "nftables");
    if (list == nullptr || !list->is_array()) return fail(Errc::invalid, "no list of an nftables ruleset");
    // A listing that cannot be read leaves its rules as unknown as they were without it.
    const iptables::IpSets sets = iptables::read_ipsets(listings.sets).value_or(iptables::IpSets());
    for (const auto& [text, v6] : {std::pair{&listings.v4, false}, std::pair{&listings.v6, true}}) {
      if (text->empty()) continue;
      if (auto saved = iptables::read_saved(*text, v6, names_, sets)) take_saved(*std::move(saved), v6);
    }
    for (const value& item : list->get_array()) GP_CHECK(first_pass(item));
    for (const value& item : list->get_array()) {
      const value* rule = member(item, "rule");
      if (rule == nullptr) continue;
      note_changes(member(*rule, "expr"));
      ++rules_in_[name_of(*rule, "chain")];
    }
    for (const value& item : list->get_array()) {
      if (const value* rule = member(item, "rule")) GP_CHECK(take_rule(*rule));
    }
    return std::move(out_);
  }

 private:
  using Name = std::tuple<std::string, std::string, std::string>;  // family, table, name
  struct Set {
    const value* elements = nullptr;
    bool is_map = false;
    bool opaque = false;   // a map to data, or of a kind that is not understood
    bool changes = false;  // its elements carry limits
  };

  static Name name_of(const value& object, std::string_view key) {
    return {std::string(text_in(member(object, "family"))), std::string(text_in(member(object, "table"))),
            std::string(text_in(member(object, key)))};
  }

  // Chains of iptables, rule by rule as nft lists them, too.
  void take_saved(iptables::Saved saved, bool v6) {
    for (iptables::SavedChain& c : saved.chains) saved_[Name{v6 ? "ip6" : "ip", c.table, c.name}] = std::move(c.rules);
    for (const std::string& text : saved.notes) note(text);
  }

  // The rule of iptables that this is; nullptr: there is no listing, or it is of another moment.
  const iptables::SavedRule* saved_rule(const Name& chain) {
    const auto at = saved_.find(chain);
    const std::size_t number = read_in_[chain]++;
    return at == saved_.end() || at->second.size() != rules_in_[chain] ? nullptr : &at->second.at(number);
  }

  static bool has_extension(const value* expressions) {
    return expressions != nullptr && expressions->is_array() &&
           std::ranges::any_of(expressions->get_array(), [](const value& e) { return member(e, "xt") != nullptr; });
  }

  void note(std::string text) {
    if (out_.notes.size() < kMaxNotes && noted_.insert(text).second) out_.notes.push_back(std::move(text));
  }

  // Chains and sets: rules refer to them by name.
  Result<> first_pass(const value& item) {
    if (const value* chain = member(item, "chain")) return take_chain(*chain);
    for (const std::string_view kind : {"set", "map"}) {
      const value* set = member(item, kind);
      if (set == nullptr) continue;
      Set one;
      one.elements = member(*set, "elem");
      one.is_map = kind == "map";
      one.changes = depends(member(*set, "stmt"));
      one.opaque = one.is_map && text_in(member(*set, "map")) != "verdict";
      if (one.elements != nullptr && !one.elements->is_array()) one.opaque = true;
      if (one.elements != nullptr && one.elements->is_array()) elements_ += one.elements->get_array().size();
      if (elements_ > kMaxElements) return fail(Errc::too_large, "the ruleset's sets hold too many elements");
      sets_[name_of(*set, "name")] = one;
    }
    return {};
  }

  // Whether statements of a set's elements decide if an element counts: anything but a counter does.
  static bool depends(const value* statements) {
    if (statements == nullptr) return false;
    if (!statements->is_array()) return true;
    return std::ranges::any_of(statements->get_array(), [](const value& s) { return member(s, "counter") == nullptr; });
  }
  static bool depends_element(const value& element) {
    const value* elem = member(element, "elem");
    if (elem == nullptr || !elem->is_object()) return false;
    return std::ranges::any_of(elem->get_object(), [](const auto& entry) {
      const std::string_view key(entry.key().data(), entry.key().size());
      return key != "val" && key != "timeout" && key != "expires" && key != "comment" && key != "counter";
    });
  }

  Result<> take_chain(const value& chain) {
    if (out_.chains.size() >= kMaxChains) return fail(Errc::too_large, "the ruleset has too many chains");
    Chain c;
    const Name name = name_of(chain, "name");
    c.family = family_of(std::get<0>(name));
    c.table = std::get<1>(name);
    c.name = std::get<2>(name);
    if (c.table.empty() || c.name.empty()) return fail(Errc::invalid, "a chain of the ruleset has no name");
    if (const value* hook = member(chain, "hook")) {
      c.hook = hook_of(text_in(hook));
      c.type = text_in(member(chain, "type"));
      const value* priority = member(chain, "prio");
      if (priority == nullptr || !priority->is_int64()) return fail(Errc::invalid, "a base chain has no priority");
      c.priority = priority->get_int64();
      c.drops = text_in(member(chain, "policy")) == "drop";
      take_devices(chain, c);
      if (std::get<0>(name) == "bridge")
        note("not judged: chains of the family bridge, which may drop what a bridge brings");
    }
    if (!chains_.emplace(name, out_.chains.size()).second) return fail(Errc::invalid, "a chain is there twice");
    out_.chains.push_back(std::move(c));
    return {};
  }

  static void take_devices(const value& chain, Chain& c) {
    for (const std::string_view key : {"dev", "devs", "device", "devices"}) {
      const value* devices = member(chain, key);
      if (devices == nullptr) continue;
      if (devices->is_string()) c.devices.emplace_back(text_in(devices));
      if (!devices->is_array()) continue;
      for (const value& one : devices->get_array()) c.devices.emplace_back(text_in(&one));
    }
  }

  // Sets that packets change.
  void note_changes(const value* expressions) {
    if (expressions == nullptr || !expressions->is_array()) return;
    for (const value& e : expressions->get_array()) {
      for (const std::string_view kind : {"set", "map"}) {
        const value* update = member(e, kind);
        const std::string_view name = update == nullptr ? std::string_view() : text_in(member(*update, kind));
        // A name alone: the same name in another table is treated alike, which errs to "may".
        if (name.starts_with('@')) changing_.insert(std::string(name.substr(1)));
      }
    }
  }

  Result<> take_rule(const value& rule) {
    if (++rules_ > kMaxRules) return fail(Errc::too_large, "the ruleset has too many rules");
    const auto at = chains_.find(name_of(rule, "chain"));
    const value* expressions = member(rule, "expr");
    if (at == chains_.end()) return fail(Errc::invalid, "a rule belongs to no chain");
    Rule r;
    r.handle = number_in(member(rule, "handle")).value_or(0);
    r.comment = printable(text_in(member(rule, "comment")));
    family_ = std::get<0>(at->first);
    table_ = std::get<1>(at->first);
    const iptables::SavedRule* saved = saved_rule(at->first);
    if (saved != nullptr && has_extension(expressions)) {
      if (!saved->comment.empty()) r.comment = saved->comment;
      r.statements = iptables::linked(*saved, [&](const std::string& name) -> std::optional<std::size_t> {
        const auto chain = chains_.find(Name{family_, table_, name});
        return chain == chains_.end() ? std::nullopt : std::optional(chain->second);
      });
    } else if (expressions == nullptr || !expressions->is_array()) {
      r.statements.emplace_back(opaque("a rule without expressions"));
    } else {
      for (const value& e : expressions->get_array()) take_statement(e, r);
    }
    // Rules that only count or log do not steer packets, whatever they look at.
    const bool steers = std::ranges::any_of(r.statements, [](const Statement& s) {
      return !std::holds_alternative<Match>(s) && !std::holds_alternative<Depends>(s) &&
             !(std::holds_alternative<Verdict>(s) && std::get<Verdict>(s).kind == Verdict::Kind::next);
    });
    if (!steers) r.statements.clear();
    out_.chains[at->second].rules.push_back(std::move(r));
    return {};
  }

  Opaque opaque(std::string_view what) {
    note(fmt::format("not understood: {}", printable(what)));
    return {printable(what)};
  }

  void take_statement(const value& e, Rule& r) {
    if (!e.is_object() || e.get_object().size() != 1) {
      r.statements.emplace_back(opaque("an expression"));
      return;
    }
    const auto& entry = *e.get_object().begin();
    const std::string_view kind(entry.key().data(), entry.key().size());
    const value& body = entry.value();
    if (kind == "counter" || kind == "log" || kind == "comment" || kind == "last" || kind == "dup" || kind == "flow" ||
        kind == "ct helper" || kind == "ct timeout" || kind == "secmark") {
      return;
    }
    if (kind == "match") {
      take_match(body, r);
    } else if (kind == "vmap") {
      take_vmap(body, r);
    } else if (kind == "limit" || kind == "quota" || kind == "ct count" || kind == "meter" || kind == "set" ||
               kind == "map") {
      r.statements.emplace_back(limit_of(kind, body));
    } else if (kind == "mangle") {
      take_mangle(body, r);
    } else if (kind == "reject") {
      r.statements.emplace_back(Verdict{Verdict::Kind::reject, 0});
    } else if (kind == "dnat" || kind == "redirect" || kind == "snat" || kind == "masquerade") {
      take_nat(kind, body, r);
    } else if (kind == "notrack") {
      r.statements.emplace_back(Notrack{});
    } else if (kind == "xt") {
      take_xt(body, r);
    } else if (const auto verdict = verdict_of(e)) {
      r.statements.emplace_back(*verdict);
    } else {
      r.statements.emplace_back(opaque(kind));
    }
  }

  // Extensions of iptables, of which the listing has the names alone. A match only matches or not; a target may do
  // anything, but for those whose name says all.
  void take_xt(const value& body, Rule& r) {
    const std::string_view type = text_in(member(body, "type")), name = text_in(member(body, "name"));
    const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
      return std::ranges::find(names, name) != names.end();
    };
    if (type == "match") {
      if (is_one_of({"comment"})) return;
      if (is_one_of({"limit", "hashlimit", "connlimit", "connbytes", "quota", "recent", "statistic"})) {
        r.statements.emplace_back(Depends{Field::rate});
        return;
      }
      if (is_one_of({"time"})) {
        r.statements.emplace_back(Depends{Field::time});
        return;
      }
      note(fmt::format("not understood: match {} of iptables", printable(name)));
      r.statements.emplace_back(
          Match{{Key{}}, Match::Op::equal, std::make_shared<Elements>(Elements{{}, true, false})});
    } else if (type == "target" && is_one_of({"LOG", "NFLOG", "TRACE", "AUDIT"})) {
      return;
    } else if (type == "target" && is_one_of({"REJECT"})) {
      r.statements.emplace_back(Verdict{Verdict::Kind::reject, 0});
    } else {
      r.statements.emplace_back(opaque(fmt::format("{} {} of iptables", type, name)));
    }
  }

  std::optional<Verdict> verdict_of(const value& v) {
    using Kind = Verdict::Kind;
    static constexpr std::pair<std::string_view, Kind> kPlain[] = {
        {"accept", Kind::accept}, {"drop", Kind::drop}, {"continue", Kind::next}, {"return", Kind::back}};
    for (const auto& [name, kind] : kPlain) {
      if (member(v, name) != nullptr) return Verdict{kind, 0};
    }
    for (const auto& [name, kind] : {std::pair{"jump", Kind::jump}, std::pair{"goto", Kind::go}}) {
      const value* jump = member(v, name);
      if (jump == nullptr) continue;
      const auto at = chains_.find(Name{family_, table_, std::string(text_in(member(*jump, "target")))});
      if (at == chains_.end()) return std::nullopt;
      return Verdict{kind, at->second};
    }
    return std::nullopt;
  }

  void take_match(const value& body, Rule& r) {
    const value* left = member(body, "left");
    const value* right = member(body, "right");
    const std::string_view op = text_in(member(body, "op"));
    if (left == nullptr || right == nullptr) {
      r.statements.emplace_back(opaque("a match without sides"));
      return;
    }
    Match m;
    m.keys = keys_of(*left);
    m.op = Match::Op::equal;
    const bool one_key = m.keys.size() == 1;
    if (op == "in" || op == "!") {
      m.op = op == "in" ? Match::Op::any_bit : Match::Op::no_bit;
      const auto bits = one_key ? bits_of(m.keys[0].field, *right) : std::nullopt;
      if (!bits) return unknown_match(std::move(m), *left, r);
      m.values = std::make_shared<Elements>(Elements{{{{Values::of(*bits)}, {}}}, false, false});
    } else if (op == "<" || op == ">" || op == "<=" || op == ">=") {
      const auto bound = one_key ? value_of(m.keys[0], *right, names_) : std::nullopt;
      if (!bound || bound->intervals().size() != 1 || m.keys[0].prefix != 128)
        return unknown_match(std::move(m), *left, r);
      const AddressNumber b = bound->intervals()[0].lo;
      Values values(0, b);
      if (op == ">") values = values.complement();
      if (op == "<") values = values.minus(Values::of(b));
      if (op == ">=") values = Values(b, Values::kMax);
      m.values = std::make_shared<Elements>(Elements{{{{values}, {}}}, false, false});
    } else if (op == "==" || op == "!=") {
      m.op = op == "==" ? Match::Op::equal : Match::Op::not_equal;
      if (op == "!=" && right->is_array()) return unknown_match(std::move(m), *left, r);
      m.values = values_on_the_right(m.keys, *right);
    } else {
      return unknown_match(std::move(m), *left, r);
    }
    for (const Key& key : m.keys) {
      if (key.field == Field::unknown) note_unknown(*left);
    }
    r.statements.emplace_back(std::move(m));
  }

  void note_unknown(const value& left) {
    std::string text = json::serialize(left);
    note(fmt::format("not understood: a match on {}", printable(text)));
  }

  void unknown_match(Match m, const value& left, Rule& r) {
    note_unknown(left);
    m.op = Match::Op::equal;
    m.values = std::make_shared<Elements>(Elements{{}, true, false});
    r.statements.emplace_back(std::move(m));
  }

  std::shared_ptr<const Elements> values_on_the_right(const std::vector<Key>& keys, const value& right) {
    const std::string_view text = text_in(&right);
    if (text.starts_with('@')) return named_elements(keys, text.substr(1), false);
    if (const value* set = member(right, "set")) return anonymous_elements(keys, *set, false);
    auto out = std::make_shared<Elements>();
    // A match against one value of a concatenation, or a plain one.
    auto fields = fields_of(keys, right, names_);
    if (fields) {
      out->groups.push_back({*std::move(fields), {}});
    } else {
      out->opaque = true;
    }
    return out;
  }

  std::shared_ptr<Elements> anonymous_elements(const std::vector<Key>& keys, const value& list, bool is_map) {
    auto out = std::make_shared<Elements>();
    if (!list.is_array()) {
      // A set of one may be written without a list.
      auto fields = is_map ? std::nullopt : fields_of(keys, list, names_);
      if (fields) {
        out->groups.push_back({*std::move(fields), {}});
      } else {
        out->opaque = true;
      }
      return out;
    }
    elements_ += list.get_array().size();
    for (const value& element : list.get_array()) {
      Elements::Group g;
      const value* key = &element;
      if (is_map) {
        if (!element.is_array() || element.get_array().size() != 2) {
          out->opaque = true;
          continue;
        }
        const auto verdict = verdict_of(element.get_array()[1]);
        if (!verdict) {
          out->opaque = true;
          continue;
        }
        g.verdict = *verdict;
        key = &element.get_array()[0];
      }
      if (depends_element(*key)) out->changes = true;
      auto fields = fields_of(keys, *key, names_);
      if (!fields) {
        out->opaque = true;
        continue;
      }
      g.fields = *std::move(fields);
      out->groups.push_back(std::move(g));
    }
    group(out->groups);
    return out;
  }

  std::shared_ptr<const Elements> named_elements(const std::vector<Key>& keys, std::string_view name, bool is_map) {
    // The same set read with the same keys is read once.
    std::string signature = fmt::format("{}\n{}\n{}\n{}", family_, table_, name, is_map);
    for (const Key& k : keys) signature += fmt::format("\n{} {}", static_cast<int>(k.field), k.needs_nfproto);
    if (const auto known = read_.find(signature); known != read_.end()) return known->second;
    const auto at = sets_.find(Name{family_, table_, std::string(name)});
    std::shared_ptr<Elements> out;
    if (at == sets_.end() || at->second.is_map != is_map) {
      out = std::make_shared<Elements>();
      out->opaque = true;
    } else if (at->second.elements == nullptr) {
      out = std::make_shared<Elements>();
      out->opaque = at->second.opaque;
    } else {
      out = anonymous_elements(keys, *at->second.elements, is_map);
      out->opaque = out->opaque || at->second.opaque;
    }
    out->changes = out->changes || (at != sets_.end() && at->second.changes) || changing_.contains(std::string(name));
    if (out->opaque) note(fmt::format("not understood: the elements of set {}", printable(name)));
    read_.emplace(std::move(signature), out);
    return out;
  }

  void take_vmap(const value& body, Rule& r) {
    const value* key = member(body, "key");
    const value* data = member(body, "data");
    if (key == nullptr || data == nullptr) {
      r.statements.emplace_back(opaque("a verdict map"));
      return;
    }
    VerdictMap m;
    m.keys = keys_of(*key);
    const std::string_view name = text_in(data);
    const value* set = member(*data, "set");
    if (name.starts_with('@')) {
      m.values = named_elements(m.keys, name.substr(1), true);
    } else if (set != nullptr) {
      m.values = anonymous_elements(m.keys, *set, true);
    } else {
      r.statements.emplace_back(opaque("a verdict map"));
      return;
    }
    const bool readable = std::ranges::none_of(m.keys, [](const Key& k) { return k.field == Field::unknown; });
    if (!readable) note_unknown(*key);
    // With an element that is not understood, or a key, any verdict of any chain is possible.
    if (!readable || m.values->opaque) {
      r.statements.emplace_back(opaque("a verdict map"));
      return;
    }
    r.statements.emplace_back(std::move(m));
  }

  // "meta mark set X": X a number, or the mark with bits kept, set and turned.
  static std::optional<SetMark::Change> change_of(const value& v, Field mark) {
    if (const auto number = number_in(&v)) return SetMark::Change{0, static_cast<std::uint32_t>(*number)};
    const std::vector<Key> keys = keys_of(v);
    if (keys.size() == 1 && keys[0].field == mark && !keys[0].mask) return SetMark::Change{~0U, 0};
    for (const std::string_view op : {"&", "|", "^"}) {
      const value* operands = member(v, op);
      if (operands == nullptr || !operands->is_array() || operands->get_array().size() != 2) continue;
      const value* inner = &operands->get_array()[0];
      const auto number = number_in(&operands->get_array()[1]);
      // (mark & a) ^ b at most: nothing deeper is written by people.
      std::optional<SetMark::Change> before;
      if (const std::vector<Key> k = keys_of(*inner); k.size() == 1 && k[0].field == mark) {
        before = SetMark::Change{static_cast<std::uint32_t>(k[0].mask.value_or(~0U)), 0};
      }
      if (!before || !number) return std::nullopt;
      const auto n = static_cast<std::uint32_t>(*number);
      if (op == "&") return SetMark::Change{before->keep & n, before->flip & n};
      if (op == "|") return SetMark::Change{before->keep & ~n, before->flip | n};
      return SetMark::Change{before->keep, before->flip ^ n};
    }
    return std::nullopt;
  }

  void take_mangle(const value& body, Rule& r) {
    const value* key = member(body, "key");
    const value* v = member(body, "value");
    const std::vector<Key> keys = key == nullptr ? std::vector<Key>{} : keys_of(*key);
    const value* meta = key == nullptr ? nullptr : member(*key, "meta");
    const std::string_view meta_key = meta == nullptr ? std::string_view() : text_in(member(*meta, "key"));
    if (meta_key == "nftrace" || meta_key == "priority" || meta_key == "secmark") return;
    if (keys.size() == 1 && v != nullptr && (keys[0].field == Field::mark || keys[0].field == Field::ct_mark)) {
      r.statements.emplace_back(SetMark{keys[0].field, change_of(*v, keys[0].field)});
      return;
    }
    const value* payload = key == nullptr ? nullptr : member(*key, "payload");
    const std::string_view field = payload == nullptr ? std::string_view() : text_in(member(*payload, "field"));
    if (field == "dscp" || field == "ecn" || field == "ttl" || field == "hoplimit") return;
    r.statements.emplace_back(opaque("a change of the packet"));
  }

  void take_nat(std::string_view kind, const value& body, Rule& r) {
    Nat nat;
    nat.destination = kind == "dnat" || kind == "redirect";
    nat.here = kind == "redirect";
    const value* address = member(body, "addr");
    const value* port = member(body, "port");
    if (address != nullptr) {
      nat.address = IpAddress::parse(text_in(address));
      if (!nat.address) nat.known = false;
    }
    if (port != nullptr) {
      const auto number = number_in(port);
      if (number && *number >= 1 && *number <= 65535) {
        nat.port = static_cast<std::uint16_t>(*number);
      } else {
        nat.known = false;
      }
    }
    if (member(body, "type_flags") != nullptr) nat.known = false;
    const std::string_view family = text_in(member(body, "family"));
    if (family == "ip" || (nat.address && nat.address->is_v4())) nat.nfproto = 2;
    if (family == "ip6" || (nat.address && !nat.address->is_v4())) nat.nfproto = 10;
    if (nat.destination && !nat.known) note("not understood: where a destination is translated to");
    r.statements.emplace_back(nat);
  }

  Ruleset out_;
  Names names_{out_.names};
  std::map<Name, std::size_t> chains_;
  std::map<Name, Set> sets_;
  std::map<Name, std::vector<iptables::SavedRule>> saved_;
  std::map<Name, std::size_t> rules_in_, read_in_;  // how many a chain has; how many of them were read
  std::set<std::string> changing_, noted_;
  std::map<std::string, std::shared_ptr<const Elements>> read_;
  std::size_t rules_ = 0, elements_ = 0;
  std::string family_, table_;
};

}  // namespace

std::string Chain::label() const {
  static constexpr std::string_view kFamilies[] = {"ip", "ip6", "inet", "netdev", "other"};
  return fmt::format("{} {} {}", kFamilies[static_cast<std::size_t>(family)], printable(table), printable(name));
}

std::size_t Ruleset::rule_count() const {
  std::size_t n = 0;
  for (const Chain& c : chains) n += c.rules.size();
  return n;
}

Result<Ruleset> read_iptables(const IptablesListings& listings) {
  Ruleset out;
  Names names(out.names);
  GP_TRY(const iptables::IpSets sets, iptables::read_ipsets(listings.sets));
  for (const auto& [text, v6] : {std::pair{&listings.v4, false}, std::pair{&listings.v6, true}}) {
    if (text->empty()) continue;
    GP_TRY(const iptables::Saved saved, iptables::read_saved(*text, v6, names, sets));
    iptables::add_chains(out, saved, v6);
  }
  return out;
}

Result<Ruleset> read_ruleset(std::string_view text, const IptablesListings& listings) {
  if (text.size() > kMaxRulesetOctets) return fail(Errc::too_large, "the ruleset is larger than 256 MiB");
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  json::monotonic_resource memory;
  const value root = json::parse({text.data(), text.size()}, error, &memory, options);
  if (error) return fail(Errc::invalid, "the ruleset is not JSON: " + error.message());
  return Reader().read(root, listings);
}

}  // namespace gatepost::gate
