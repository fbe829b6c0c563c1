#include "gate/import/rule_list.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "gate/ruleset/address_text.hpp"

namespace gatepost::gate::importing {
namespace {

Statement match(Field field, Values values) {
  auto elements = std::make_shared<Elements>();
  elements->groups.push_back({{std::move(values)}, {}});
  const std::uint8_t tcp = field == Field::dport ? 6 : 0;
  return Match{{Key{field, 0, tcp, {}, 128}}, Match::Op::equal, std::move(elements)};
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  for (const char c : text.substr(0, most)) out.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  return out;
}

void Material::lose(std::string text) {
  text = printable(text, 300);
  if (losses.size() < kMaxLosses && std::ranges::find(losses, text) == losses.end()) losses.push_back(std::move(text));
}

RuleList::RuleList(Material& into, bool drops_otherwise) : into_(into) {
  Chain chain;
  chain.family = Family::inet;
  chain.table = "imported";
  chain.name = "input";
  chain.type = "filter";
  chain.hook = Hook::input;
  chain.drops = drops_otherwise;
  into_.rules.chains.push_back(std::move(chain));
}

void RuleList::push(const ListedRule& rule, std::vector<Statement> last) {
  Rule out;
  out.comment = printable(rule.comment);
  out.statements.push_back(match(Field::l4proto, Values::of(6)));
  if (rule.sources) out.statements.push_back(match(Field::saddr, *rule.sources));
  if (rule.destinations) out.statements.push_back(match(Field::daddr, *rule.destinations));
  if (rule.ports) {
    std::vector<Values::Interval> wide;
    for (const auto& i : rule.ports->intervals()) wide.push_back({i.lo, i.hi});
    out.statements.push_back(match(Field::dport, Values::from(std::move(wide))));
  }
  for (Statement& s : last) out.statements.push_back(std::move(s));
  into_.rules.chains.back().rules.push_back(std::move(out));
}

void RuleList::add(const ListedRule& rule) {
  const bool limited = rule.per_minute != 0 || rule.connections != 0;
  if (limited && rule.action == ListedRule::Action::allow)
    push(rule, {Depends{Field::rate, rule.per_minute, rule.connections}, Verdict{Verdict::Kind::drop, 0}});
  const Verdict::Kind kind = rule.action == ListedRule::Action::allow  ? Verdict::Kind::accept
                             : rule.action == ListedRule::Action::drop ? Verdict::Kind::drop
                                                                       : Verdict::Kind::reject;
  push(rule, {Verdict{kind, 0}});
}

AddressSet addresses_of(const std::vector<std::string>& texts, Material& into, std::string_view where) {
  // Taken together once: one after the other would cost their square.
  std::vector<AddressSet::Interval> all;
  for (const std::string& text : texts) {
    const auto one = addresses_in(text);
    if (!one) {
      into.lose(fmt::format("{}: \"{}\" is no address, network or range", where, printable(text, 60)));
      continue;
    }
    const auto& intervals = one->intervals();
    all.insert(all.end(), intervals.begin(), intervals.end());
  }
  return AddressSet::from(std::move(all));
}

}  // namespace gatepost::gate::importing
