#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/import/readers.hpp"
#include "gate/ruleset/address_text.hpp"

// pf.conf(5): macros, tables, and filter rules of the incoming direction.
namespace gatepost::gate::importing {
namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kMaxWords = 2'000'000;
constexpr std::pair<std::string_view, std::uint16_t> kPorts[] = {
    {"ssh", 22},         {"smtp", 25},   {"http", 80},   {"www", 80},          {"pop3", 110},
    {"imap", 143},       {"ldap", 389},  {"https", 443}, {"submissions", 465}, {"smtps", 465},
    {"submission", 587}, {"ldaps", 636}, {"imaps", 993}, {"pop3s", 995}};

bool is_in(std::string_view word, std::initializer_list<std::string_view> all) {
  return std::ranges::find(all, word) != all.end();
}

struct Line {
  Words words;
  std::string comment;
};

// Lines of words; braces, parentheses and commas are words of their own. A line goes on after a backslash, and while a
// brace is open.
std::optional<std::vector<Line>> lines_of(std::string_view text) {
  std::vector<Line> out(1);
  std::size_t open = 0, count = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '#') {
      const std::size_t end = std::min(text.find('\n', i), text.size());
      out.back().comment = ascii::trim(text.substr(i + 1, end - i - 1));
      i = end;
    } else if (c == '\\' && i + 1 < text.size() && text[i + 1] == '\n') {
      i += 2;
    } else if (c == '\n') {
      if (open == 0) out.emplace_back();
      ++i;
    } else if (ascii::is_space(c) || c == ',') {
      ++i;
    } else if (c == '{' || c == '}' || c == '(' || c == ')' || c == '!' || c == '=') {
      if (c == '{') ++open;
      if (c == '}' && open > 0) --open;
      out.back().words.emplace_back(1, c);
      ++i;
    } else if (c == '"') {
      const std::size_t end = text.find('"', i + 1);
      if (end == std::string_view::npos) return std::nullopt;
      out.back().words.emplace_back(text.substr(i + 1, end - i - 1));
      i = end + 1;
    } else {
      const std::size_t end = std::min(text.find_first_of(" \t\r\n,{}()#\"=", i), text.size());
      out.back().words.emplace_back(text.substr(i, std::max(end, i + 1) - i));
      i = std::max(end, i + 1);
    }
    if (++count > kMaxWords * 8 || out.back().words.size() > kMaxWords) return std::nullopt;
  }
  return out;
}

class Reader {
 public:
  Result<Material> read(const std::vector<File>& files) {
    for (const File& file : files) {
      const auto lines = lines_of(file.text);
      if (!lines) return fail(Errc::invalid, "a quotation has no end, or there are too many words");
      for (const Line& line : *lines) statement(line);
    }
    if (!found_) return fail(Errc::invalid, "there is no rule of pf in it");
    // The last rule that matches counts, but for the first that says "quick".
    std::deque<const Rule*> order;
    for (auto at = rules_.rbegin(); at != rules_.rend(); ++at)
      at->quick ? order.push_front(&*at) : order.push_back(&*at);
    RuleList list(out_, false);
    for (const Rule* rule : order) list.add(rule->rule);
    return std::move(out_);
  }

 private:
  struct Rule {
    ListedRule rule;
    bool quick = false;
  };

  void statement(const Line& line) {
    const Words words = with_macros(line.words);
    if (words.empty()) return;
    if (words.size() >= 3 && words[1] == "=") {
      macros_[words[0]] = Words(words.begin() + 2, words.end());
    } else if (words[0] == "table") {
      found_ = true;
      table(words);
    } else if (words[0] == "pass" || words[0] == "block") {
      found_ = true;
      rule(words, line.comment);
    } else if (!is_in(words[0], {"set", "scrub", "match"})) {
      out_.lose(fmt::format("the line \"{} ...\"", printable(words[0], 40)));
    }
  }

  Words with_macros(const Words& words) const {
    Words out;
    for (const std::string& word : words) {
      const auto at = word.starts_with('$') ? macros_.find(std::string_view(word).substr(1)) : macros_.end();
      if (at == macros_.end()) {
        out.push_back(word);
      } else if (out.size() + at->second.size() < kMaxWords) {
        // A macro's value is often one quoted text, of which each word counts.
        for (const std::string& part : at->second) {
          const auto inner = lines_of(part);
          if (inner) out.insert(out.end(), inner->front().words.begin(), inner->front().words.end());
        }
      }
    }
    return out;
  }

  void table(const Words& words) {
    if (words.size() < 2) return;
    Words in, outside;
    bool inside = false;
    for (std::size_t i = 2; i < words.size(); ++i) {
      if (words[i] == "{" || words[i] == "}") {
        inside = words[i] == "{";
      } else if (words[i] == "file") {
        out_.lose(fmt::format("the table {} from a file", printable(words[1], 60)));
      } else if (inside && words[i] == "!" && i + 1 < words.size()) {
        outside.push_back(words[++i]);
      } else if (inside) {
        in.push_back(words[i]);
      }
    }
    tables_[words[1]] = addresses_of(in, out_, words[1]).minus(addresses_of(outside, out_, words[1]));
  }

  // A rule's words, with where reading is.
  struct Cursor {
    const Words& words;
    std::size_t at = 0;
    bool more() const { return at < words.size(); }
    std::string_view peek() const { return more() ? std::string_view(words[at]) : std::string_view(); }
    std::string_view next() { return more() ? std::string_view(words[at++]) : std::string_view(); }
    bool take(std::string_view word) {
      if (peek() != word || !more()) return false;
      ++at;
      return true;
    }
  };

  // One word, or those between braces.
  static Words list(Cursor& c) {
    Words out;
    if (!c.take("{")) {
      out.emplace_back(c.next());
      return out;
    }
    while (c.more() && !c.take("}")) out.emplace_back(c.next());
    return out;
  }

  // After "from" or "to": nullopt in `out` is any. False: it cannot be said.
  bool host(Cursor& c, std::optional<AddressSet>& out) {
    const bool negated = c.take("!");
    if (c.take("(")) {
      const bool self = c.take("self");
      while (c.more() && !c.take(")")) c.next();
      if (!self) out_.lose("the addresses of an interface: name them");
      return self && !negated;
    }
    AddressSet set;
    bool inner_not = false;
    for (const std::string& word : list(c)) {
      if (word == "any" || word == "self") return !negated;
      if (word == "!") {
        inner_not = true;
        continue;
      }
      AddressSet one;
      if (word.starts_with('<')) {
        const auto at = tables_.find(word);
        if (at == tables_.end()) out_.lose(fmt::format("the table {} is not there", printable(word, 60)));
        if (at != tables_.end()) one = at->second;
      } else {
        one = addresses_of({word}, out_, "a rule");
        if (one.empty()) return false;
      }
      if (inner_not) one = one.complement();
      inner_not = false;
      set = set | one;
    }
    out = negated ? set.complement() : set;
    return true;
  }

  bool ports(Cursor& c, std::optional<PortSet>& out) {
    std::vector<PortSet::Interval> all;
    bool known = true;
    for (const std::string& word : list(c)) {
      auto set = ports_in(word);
      for (const auto& [name, port] : kPorts) {
        if (word == name) set = PortSet::of(port);
      }
      known = known && set;
      if (set) all.insert(all.end(), set->intervals().begin(), set->intervals().end());
      if (!set) out_.lose(fmt::format("the port {}", printable(word, 40)));
    }
    out = PortSet::from(std::move(all));
    return known;
  }

  void rule(const Words& words, const std::string& comment) {
    Cursor c{words, 1};
    Rule one;
    one.rule.comment = comment;
    one.rule.action = words[0] == "pass" ? ListedRule::Action::allow : ListedRule::Action::drop;
    bool tcp = true, in = true, sayable = true;
    std::optional<AddressSet> family;
    std::optional<PortSet> source_ports;
    while (c.more()) {
      const std::string_view word = c.next();
      if (word == "out") {
        in = false;
      } else if (word == "quick") {
        one.quick = true;
      } else if (word.starts_with("return")) {
        one.rule.action = ListedRule::Action::reject;
        options(c, one.rule);
      } else if (word == "inet" || word == "inet6") {
        family = word == "inet" ? all_v4() : all_v6();
      } else if (word == "proto") {
        const Words protocols = list(c);
        tcp = std::ranges::any_of(protocols, [](const std::string& p) { return p == "tcp" || p == "6"; });
      } else if (word == "on") {
        const bool negated = c.take("!");
        const Words devices = list(c);
        if (negated || devices != Words{"any"}) {
          sayable = false;
          out_.lose(fmt::format("a rule on {}: name the networks behind it",
                                printable(devices.empty() ? "" : devices[0], 40)));
        }
      } else if (word == "from") {
        sayable = host(c, one.rule.sources) && sayable;
        if (c.take("port")) ports(c, source_ports);
      } else if (word == "to") {
        sayable = host(c, one.rule.destinations) && sayable;
        if (c.take("port")) sayable = ports(c, one.rule.ports) && sayable;
      } else if (word == "flags" || word == "label" || word == "tag" || word == "set") {
        c.next();
      } else if (word == "log" || word == "state") {
        options(c, one.rule);
      } else if (!is_in(word, {"in", "all", "drop", "keep", "modulate", "synproxy", "no"})) {
        // user, group, tagged, probability, route-to, icmp-type and the like narrow what it matches.
        sayable = false;
        if (tcp && in) out_.lose(fmt::format("a rule with \"{}\"", printable(word, 40)));
        c.next();
      }
    }
    if (!in || !tcp) return;
    if (family) one.rule.sources = one.rule.sources ? *one.rule.sources & *family : *family;
    if (source_ports) {
      out_.lose("a rule for some source ports alone");
      return;
    }
    // A block that cannot be said would leave open what it closes: it is taken for all it may mean.
    if (!sayable && one.rule.action == ListedRule::Action::allow) return;
    rules_.push_back(std::move(one));
  }

  // "(max 200, max-src-conn-rate 30/60, overload <bad> flush)" after "keep state"; of "log" and "return" nothing
  // counts.
  void options(Cursor& c, ListedRule& rule) {
    if (!c.take("(")) return;
    while (c.more() && !c.take(")")) {
      const std::string_view word = c.next();
      if (word == "max" || word == "max-src-conn")
        rule.connections = static_cast<std::uint32_t>(number_of_digits(c.next(), 1'000'000).value_or(0));
      if (word != "max-src-conn-rate") continue;
      const auto parts = ascii::split(c.next(), '/');
      const auto count = number_of_digits(parts[0], 1'000'000);
      const auto seconds = parts.size() == 2 ? number_of_digits(parts[1], 86'400) : std::nullopt;
      if (count && seconds && *seconds != 0)
        rule.per_minute = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, *count * 60 / *seconds));
    }
  }

  Material out_;
  std::map<std::string, Words, std::less<>> macros_;
  std::map<std::string, AddressSet, std::less<>> tables_;
  std::vector<Rule> rules_;
  bool found_ = false;
};

}  // namespace

Result<Material> read_pf(const std::vector<File>& files) { return Reader().read(files); }

}  // namespace gatepost::gate::importing
