#include "gate/ruleset/iptables_reader.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/ruleset/address_text.hpp"
#include "gate/ruleset/iptables_values.hpp"

namespace gatepost::gate::iptables {
namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kMaxLine = 64 << 10;
constexpr std::size_t kMaxRules = 500'000;
constexpr std::size_t kMaxNotes = 100;

// Words of a line; double quotes hold blanks, a backslash within them the next octet.
std::optional<Words> words_of(std::string_view line) {
  Words out;
  std::size_t i = 0;
  while (i < line.size()) {
    if (ascii::is_blank(line[i])) {
      ++i;
      continue;
    }
    std::string word;
    bool quoted = false;
    for (; i < line.size() && (quoted || !ascii::is_blank(line[i])); ++i) {
      if (line[i] == '"') {
        quoted = !quoted;
      } else {
        if (line[i] == '\\' && quoted && i + 1 < line.size()) ++i;
        word.push_back(line[i]);
      }
    }
    if (quoted) return std::nullopt;
    out.push_back(std::move(word));
  }
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 80)) out.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  return out;
}

bool is_in(std::string_view word, std::initializer_list<std::string_view> all) {
  return std::ranges::find(all, word) != all.end();
}

// iptables-extensions(8): modules whose options only say how often, and how many of the words of each follow it.
bool is_rate_module(std::string_view name) {
  return is_in(name,
               {"limit", "hashlimit", "connlimit", "connbytes", "quota", "recent", "statistic", "rateest", "nfacct"});
}

// One rule's words, from left to right.
class RuleReader {
 public:
  RuleReader(const Words& words, std::size_t begin, bool v6, reading::Names& names, const IpSets& sets)
      : words_(words), at_(begin), v6_(v6), names_(names), sets_(sets) {}

  SavedRule read() {
    while (at_ < words_.size()) one();
    finish_module();
    if (rate_) rule_.statements.emplace_back(*rate_);
    if (verdict_) rule_.statements.push_back(*std::move(verdict_));
    return std::move(rule_);
  }
  std::vector<std::string> notes;

 private:
  std::string_view next() { return at_ < words_.size() ? std::string_view(words_[at_++]) : std::string_view(); }

  // The words up to the next option.
  void skip() {
    while (at_ < words_.size() && !words_[at_].starts_with("-") && words_[at_] != "!") ++at_;
  }

  void add(Field field, Values values, bool negated, std::uint8_t l4proto = 0,
           std::optional<std::uint64_t> mask = std::nullopt) {
    Key key{field, 0, l4proto, mask, 128};
    auto elements = std::make_shared<Elements>();
    elements->groups.push_back({{std::move(values)}, {}});
    rule_.statements.emplace_back(Match{{key}, negated ? Match::Op::not_equal : Match::Op::equal, std::move(elements)});
  }
  void add_bits(Field field, std::uint64_t bits, bool negated) {
    auto elements = std::make_shared<Elements>();
    elements->groups.push_back({{Values::of(bits)}, {}});
    rule_.statements.emplace_back(
        Match{{Key{field, 0, 0, {}, 128}}, negated ? Match::Op::no_bit : Match::Op::any_bit, std::move(elements)});
  }
  // May match or not.
  void add_unknown(std::string_view what) {
    notes.push_back(fmt::format("not understood: {} of iptables", printable(what)));
    rule_.statements.emplace_back(
        Match{{Key{}}, Match::Op::equal, std::make_shared<Elements>(Elements{{}, true, false})});
  }
  void opaque(std::string_view what) {
    notes.push_back(fmt::format("not understood: {}", printable(what)));
    verdict_ = Opaque{printable(what)};
  }

  void one() {
    const bool negated = words_[at_] == "!";
    if (negated) ++at_;
    const std::string_view option = next();
    if (is_in(option, {"-m", "--match"})) {
      finish_module();
      module_ = next();
      return;
    }
    if (basic(option, negated) || target(option)) return;
    if (module_ == "comment" && option == "--comment") {
      rule_.comment = printable(next());
    } else if (is_rate_module(module_)) {
      rate(option);
    } else if (module_ == "time" || (module_ == "recent")) {
      skip();
    } else if (!extension(option, negated)) {
      module_unknown_ = true;
      skip();
    }
  }

  // A module is over when the next one begins.
  void finish_module() {
    if (is_rate_module(module_) && !rate_) rate_ = Depends{Field::rate};
    if (module_ == "time") rule_.statements.emplace_back(Depends{Field::time});
    if (module_unknown_) add_unknown(fmt::format("match {}", module_));
    module_unknown_ = false;
    module_.clear();
  }

  bool basic(std::string_view option, bool negated) {
    if (is_in(option, {"-s", "--source", "--src", "-d", "--destination", "--dst"})) {
      AddressSet all;
      bool known = true;
      for (const std::string_view one : ascii::split(next(), ',')) {
        const auto set = addresses_in(one);
        known = known && set;
        if (set) all = all | *set;
      }
      if (!known) {
        add_unknown("an address");
      } else {
        add(option[1] == 's' || option.starts_with("--s") ? Field::saddr : Field::daddr, std::move(all), negated);
      }
    } else if (is_in(option, {"-p", "--protocol", "--proto"})) {
      protocol(next(), negated);
    } else if (is_in(option, {"-i", "--in-interface", "-o", "--out-interface"})) {
      std::string name(next());
      const bool in = option == "-i" || option == "--in-interface";
      if (name == "+") name = "*";
      if (name.ends_with('+')) name.back() = '*';
      if (name.empty() || name.size() > 64) {
        add_unknown("an interface");
      } else if (name != "*") {
        add(in ? Field::iif : Field::oif, Values::of(names_.number(name)), negated);
      } else if (negated) {
        add(Field::nfproto, Values(), false);
      }
    } else if (is_in(option, {"-f", "--fragment"})) {
      // Connection tracking puts fragments together before any filter sees them; without it a first packet is none.
      if (!negated) add_unknown("fragments");
    } else if (is_in(option, {"-c", "--set-counters"})) {
      next();
      next();
    } else if (is_in(option, {"-4", "--ipv4", "-6", "--ipv6"})) {
      if ((option == "-6" || option == "--ipv6") != v6_) add(Field::nfproto, Values(), false);
    } else {
      return false;
    }
    return true;
  }

  void protocol(std::string_view name, bool negated) {
    static constexpr std::pair<std::string_view, std::uint8_t> kNames[] = {
        {"tcp", 6},   {"udp", 17},      {"icmp", 1},   {"icmpv6", 58}, {"ipv6-icmp", 58},
        {"esp", 50},  {"ah", 51},       {"sctp", 132}, {"igmp", 2},    {"gre", 47},
        {"dccp", 33}, {"udplite", 136}, {"ospf", 89},  {"vrrp", 112},  {"pim", 103}};
    if (name == "all" || name == "0") {
      if (negated) add(Field::nfproto, Values(), false);
      return;
    }
    std::optional<std::uint64_t> number = number_of_digits(name, 255);
    for (const auto& [word, value] : kNames) {
      if (word == name) number = value;
    }
    if (!number) return add_unknown("a protocol");
    add(Field::l4proto, Values::of(*number), negated);
  }

  void ports(Field field, bool negated) {
    std::vector<Values::Interval> all;
    for (const std::string_view one : ascii::split(next(), ',')) {
      const auto set = ports_in(one);
      if (!set) return add_unknown("a port");
      for (const auto& i : set->intervals()) all.push_back({i.lo, i.hi});
    }
    add(field, Values::from(std::move(all)), negated);
  }

  void rate(std::string_view option) {
    const std::string_view argument = at_ < words_.size() && !words_[at_].starts_with("-") ? next() : "";
    if (!rate_) rate_ = Depends{Field::rate};
    if (is_in(option, {"--limit", "--hashlimit", "--hashlimit-upto", "--hashlimit-above"}))
      rate_->per_minute = per_minute_of(argument);
    if (is_in(option, {"--connlimit-above", "--connlimit-upto"}))
      rate_->connections = static_cast<std::uint32_t>(number_of_digits(argument, 1'000'000'000).value_or(0));
    skip();
  }

  // Matches whose meaning is modelled.
  bool extension(std::string_view option, bool negated) {
    if (is_in(option, {"--dport", "--destination-port", "--dports", "--destination-ports"})) {
      ports(Field::dport, negated);
    } else if (is_in(option, {"--sport", "--source-port", "--sports", "--source-ports"})) {
      ports(Field::sport, negated);
    } else if (is_in(option, {"--ctstate", "--state"})) {
      const auto bits =
          bits_named(next(), {{"NEW", 8}, {"ESTABLISHED", 2}, {"RELATED", 4}, {"INVALID", 1}, {"UNTRACKED", 64}});
      if (!bits) return false;
      add_bits(Field::ct_state, *bits, negated);
    } else if (option == "--syn") {
      add(Field::tcp_flags, Values::of(2), negated, 6, 0x17);  // SYN of FIN, SYN, RST, ACK
    } else if (option == "--tcp-flags") {
      const auto flags = [&](std::string_view list) {
        return list == "NONE" ? std::optional<std::uint64_t>(0)
               : list == "ALL"
                   ? std::optional<std::uint64_t>(0x3f)
                   : bits_named(list, {{"FIN", 1}, {"SYN", 2}, {"RST", 4}, {"PSH", 8}, {"ACK", 16}, {"URG", 32}});
      };
      const auto mask = flags(next()), wanted = flags(next());
      if (!mask || !wanted) return false;
      add(Field::tcp_flags, Values::of(*wanted), negated, 6, *mask);
    } else if (is_in(option, {"--src-range", "--dst-range"})) {
      const auto set = addresses_in(next());
      if (!set) return false;
      add(option == "--src-range" ? Field::saddr : Field::daddr, *set, negated);
    } else if (option == "--dst-type") {
      static constexpr std::pair<std::string_view, std::uint64_t> kTypes[] = {
          {"UNICAST", 1}, {"LOCAL", 2}, {"BROADCAST", 3}, {"ANYCAST", 4}, {"MULTICAST", 5}};
      const std::string_view name = next();
      const auto* at = std::ranges::find(kTypes, name, &std::pair<std::string_view, std::uint64_t>::first);
      if (at == std::end(kTypes)) return false;
      add(Field::daddr_type, Values::of(at->second), negated);
    } else if (option == "--pkt-type") {
      const auto type = bits_named(next(), {{"unicast", 0}, {"broadcast", 1}, {"multicast", 2}});
      if (!type) return false;
      add(Field::packet_type, Values::of(*type), negated);
    } else if (option == "--mark") {
      const auto value = masked(next());
      if (!value) return false;
      add(module_ == "connmark" ? Field::ct_mark : Field::mark, Values::of(value->first), negated, 0, value->second);
    } else if (is_in(option, {"--icmp-type", "--icmpv6-type"})) {
      next();  // the protocol is asked for, too
    } else if (option == "--match-set") {
      const std::string_view name = next(), of = next();
      const auto set = sets_.find(name);
      if (set == sets_.end() || (of != "src" && of != "dst")) return false;
      add(of == "src" ? Field::saddr : Field::daddr, set->second, negated);
    } else if (option == "--rt-type" && !negated) {
      // Linux itself drops packets with a routing header of type 0, which ufw guards against.
      if (next() != "0") return false;
      add(Field::nfproto, Values(), false);
    } else if (module_ == "rpfilter") {
      add(Field::route, Values::all(), negated);
    } else {
      return false;
    }
    return true;
  }

  // -j, -g, and the options of targets.
  bool target(std::string_view option) {
    if (!is_in(option, {"-j", "--jump", "-g", "--goto"})) return false;
    finish_module();
    const bool go = option == "-g" || option == "--goto";
    const std::string_view name = next();
    Words rest(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
    at_ = words_.size();
    if (go) {
      rule_.target = name;
      rule_.go = true;
    } else if (name == "ACCEPT") {
      verdict_ = Verdict{Verdict::Kind::accept, 0};
    } else if (name == "DROP") {
      verdict_ = Verdict{Verdict::Kind::drop, 0};
    } else if (name == "RETURN") {
      verdict_ = Verdict{Verdict::Kind::back, 0};
    } else if (name == "REJECT") {
      verdict_ = Verdict{Verdict::Kind::reject, 0};
    } else if (name == "MARK" || name == "CONNMARK") {
      verdict_ = SetMark{name == "MARK" ? Field::mark : Field::ct_mark, change_of(rest)};
      // --restore-mark changes the packet's mark, which target it is of all the same.
      if (std::ranges::find(rest, "--restore-mark") != rest.end()) verdict_ = SetMark{Field::mark, std::nullopt};
    } else if (is_in(name, {"DNAT", "REDIRECT", "SNAT", "MASQUERADE", "NETMAP"})) {
      translation(name, rest);
    } else if (name == "NOTRACK" || (name == "CT" && rest == Words{"--notrack"})) {
      verdict_ = Notrack{};
    } else if (name == "CT" && !rest.empty() &&
               is_in(rest[0], {"--helper", "--timeout", "--ctevents", "--expevents"})) {
      return true;
    } else if (is_in(name,
                     {"LOG", "NFLOG", "ULOG", "TRACE", "AUDIT", "CHECKSUM", "TCPMSS", "TCPOPTSTRIP", "DSCP", "TOS",
                      "TTL", "HL", "CLASSIFY", "SET", "SECMARK", "CONNSECMARK", "RATEEST", "LED", "IDLETIMER"})) {
      return true;
    } else if (is_in(name, {"NFQUEUE", "QUEUE", "SYNPROXY", "TPROXY", "TEE", "HMARK", "CLUSTERIP", "ECN", "CT", "DNPT",
                            "SNPT"})) {
      opaque(fmt::format("target {} of iptables", name));
    } else {
      rule_.target = name;
    }
    return true;
  }

  static std::optional<SetMark::Change> change_of(const Words& rest) {
    if (rest.size() != 2) return std::nullopt;
    const auto value = masked(rest[1]);
    if (!value) return std::nullopt;
    if (rest[0] == "--set-xmark") return SetMark::Change{~value->second, value->first};
    if (rest[0] == "--set-mark") return SetMark::Change{~(value->second | value->first), value->first};
    return std::nullopt;
  }

  void translation(std::string_view name, const Words& rest) {
    Nat nat;
    nat.destination = name == "DNAT" || name == "REDIRECT";
    nat.here = name == "REDIRECT";
    nat.nfproto = v6_ ? 10 : 2;
    if (name == "NETMAP") nat.known = false;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      if (!is_in(rest[i], {"--to-destination", "--to-ports", "--to-port"}) || i + 1 == rest.size()) continue;
      std::string_view to = rest[++i];
      if (rest[i - 1] == "--to-destination") {
        // "192.0.2.1:993", "[2001:db8::1]:993", an address alone
        std::string_view address = to;
        to = "";
        if (address.starts_with('[')) {
          const std::size_t end = address.find(']');
          if (end != std::string_view::npos && end + 1 < address.size()) to = address.substr(end + 2);
          address = address.substr(1, end == std::string_view::npos ? end : end - 1);
        } else if (!v6_ && address.find(':') != std::string_view::npos) {
          to = address.substr(address.find(':') + 1);
          address = address.substr(0, address.find(':'));
        }
        nat.address = address.empty() ? std::nullopt : IpAddress::parse(address);
        if (!address.empty() && !nat.address) nat.known = false;
      }
      if (to.empty()) continue;
      const auto port = number_of_digits(to, 65535);
      if (port && *port != 0) {
        nat.port = static_cast<std::uint16_t>(*port);
      } else {
        nat.known = false;
      }
    }
    if (nat.destination && !nat.known) notes.push_back("not understood: where a destination is translated to");
    verdict_ = nat;
  }

  const Words& words_;
  std::size_t at_;
  const bool v6_;
  reading::Names& names_;
  const IpSets& sets_;
  SavedRule rule_;
  std::string module_;
  bool module_unknown_ = false;
  std::optional<Depends> rate_;
  std::optional<Statement> verdict_;
};

class Reader {
 public:
  Reader(bool v6, reading::Names& names, const IpSets& sets) : v6_(v6), names_(names), sets_(sets) {}

  Result<Saved> read(std::string_view text) {
    if (text.size() > kMaxOctets) return fail(Errc::too_large, "the rules are larger than 64 MiB");
    std::size_t number = 0;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::string_view one = ascii::trim(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      ++number;
      if (one.size() > kMaxLine) return fail(Errc::too_large, fmt::format("line {} is too long", number));
      if (auto done = line(one); !done)
        return fail(done.error().code, fmt::format("line {}: {}", number, done.error().detail));
    }
    return std::move(out_);
  }

 private:
  Result<> line(std::string_view text) {
    if (text.empty() || text[0] == '#' || text == "COMMIT") return {};
    if (text[0] == '*') {
      table_ = text.substr(1);
      if (table_.empty() || table_.size() > 32) return fail(Errc::invalid, "a table has no name");
      return {};
    }
    if (table_.empty()) return fail(Errc::invalid, "something before the first table");
    if (text[0] == ':') {
      const auto words = ascii::split(text.substr(1), ' ');
      SavedChain& c = chain(words[0]);
      if (words.size() > 1 && words[1] != "-") {
        c.built_in = true;
        c.drops = words[1] == "DROP";
      }
      return {};
    }
    const auto words = words_of(text);
    if (!words) return fail(Errc::invalid, "a quotation has no end");
    return command(*words);
  }

  Result<> command(const Words& words) {
    std::size_t i = 0;
    if (words[0].starts_with('[')) ++i;  // counters
    if (words.size() < i + 2) return fail(Errc::invalid, "a line that is no rule");
    const std::string& what = words[i];
    if (what == "-N" || what == "--new-chain") {
      chain(words[i + 1]);
      return {};
    }
    if (what == "-P" || what == "--policy") {
      SavedChain& c = chain(words[i + 1]);
      c.built_in = true;
      c.drops = words.size() > i + 2 && words[i + 2] == "DROP";
      return {};
    }
    if (what == "-F" || what == "-X" || what == "-Z") return {};
    const bool append = what == "-A" || what == "--append", insert = what == "-I" || what == "--insert";
    if (!append && !insert) return fail(Errc::invalid, fmt::format("\"{}\" is no rule", printable(what)));
    if (++rules_ > kMaxRules) return fail(Errc::too_large, "too many rules");
    SavedChain& c = chain(words[i + 1]);
    std::size_t begin = i + 2, place = 0;
    if (insert && begin < words.size()) {
      if (const auto at = number_of_digits(words[begin], kMaxRules)) {
        place = static_cast<std::size_t>(*at == 0 ? 0 : *at - 1);
        ++begin;
      }
    }
    RuleReader reader(words, begin, v6_, names_, sets_);
    SavedRule rule = reader.read();
    for (std::string& note : reader.notes) {
      if (out_.notes.size() < kMaxNotes && noted_.insert(note).second) out_.notes.push_back(std::move(note));
    }
    if (insert) {
      c.rules.insert(c.rules.begin() + static_cast<std::ptrdiff_t>(std::min(place, c.rules.size())), std::move(rule));
    } else {
      c.rules.push_back(std::move(rule));
    }
    return {};
  }

  SavedChain& chain(std::string_view name) {
    const auto [at, fresh] = index_.try_emplace(std::pair(table_, std::string(name)), out_.chains.size());
    if (fresh) {
      const bool known = is_in(name, {"INPUT", "OUTPUT", "FORWARD", "PREROUTING", "POSTROUTING"});
      out_.chains.push_back({table_, std::string(name), known, false, {}});
    }
    return out_.chains[at->second];
  }

  const bool v6_;
  reading::Names& names_;
  const IpSets& sets_;
  Saved out_;
  std::string table_;
  std::map<std::pair<std::string, std::string>, std::size_t> index_;
  std::set<std::string> noted_;
  std::size_t rules_ = 0;
};

// linux/netfilter_ipv4.h: where each table sits at its hooks.
void hook_in(Chain& c) {
  static constexpr std::pair<std::string_view, Hook> kHooks[] = {{"PREROUTING", Hook::prerouting},
                                                                 {"INPUT", Hook::input},
                                                                 {"FORWARD", Hook::forward},
                                                                 {"OUTPUT", Hook::output},
                                                                 {"POSTROUTING", Hook::postrouting}};
  for (const auto& [name, hook] : kHooks) {
    if (c.name == name) c.hook = hook;
  }
  c.type = c.table == "nat" ? "nat" : "filter";
  const bool source = c.hook == Hook::input || c.hook == Hook::postrouting;
  if (c.table == "raw") c.priority = -300;
  if (c.table == "mangle") c.priority = -150;
  if (c.table == "nat") c.priority = source ? 100 : -100;
  if (c.table == "security") c.priority = 50;
}

// Rules that only log or count steer nothing, whatever they look at.
bool steers(const std::vector<Statement>& statements) {
  return std::ranges::any_of(statements, [](const Statement& s) {
    return !std::holds_alternative<Match>(s) && !std::holds_alternative<Depends>(s);
  });
}

}  // namespace

Result<Saved> read_saved(std::string_view text, bool v6, reading::Names& names, const IpSets& sets) {
  return Reader(v6, names, sets).read(text);
}

void add_chains(Ruleset& into, const Saved& saved, bool v6) {
  std::map<std::pair<std::string, std::string>, std::size_t> index;
  for (const SavedChain& c : saved.chains) {
    index[{c.table, c.name}] = into.chains.size();
    Chain out;
    out.family = v6 ? Family::ip6 : Family::ip;
    out.table = c.table;
    out.name = c.name;
    out.drops = c.drops;
    if (c.built_in) hook_in(out);
    into.chains.push_back(std::move(out));
  }
  for (const SavedChain& c : saved.chains) {
    Chain& chain = into.chains[index[{c.table, c.name}]];
    for (const SavedRule& r : c.rules) {
      Rule rule;
      rule.comment = r.comment;
      rule.statements = linked(r, [&](const std::string& name) -> std::optional<std::size_t> {
        const auto at = index.find({c.table, name});
        return at == index.end() ? std::nullopt : std::optional(at->second);
      });
      if (!steers(rule.statements)) rule.statements.clear();
      chain.rules.push_back(std::move(rule));
    }
  }
  for (const std::string& note : saved.notes) {
    if (std::ranges::find(into.notes, note) == into.notes.end()) into.notes.push_back(note);
  }
}

}  // namespace gatepost::gate::iptables
