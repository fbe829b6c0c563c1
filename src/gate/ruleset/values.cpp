#include "gate/ruleset/values.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json.hpp>

namespace gatepost::gate::reading {
namespace {

namespace json = boost::json;
using json::value;

using Word = std::pair<std::string_view, std::uint64_t>;

// linux/in.h, the names of /etc/protocols that nft writes.
constexpr std::array<Word, 18> kProtocols = {{{"tcp", 6},
                                              {"udp", 17},
                                              {"icmp", 1},
                                              {"igmp", 2},
                                              {"ipv6-icmp", 58},
                                              {"icmpv6", 58},
                                              {"esp", 50},
                                              {"ah", 51},
                                              {"sctp", 132},
                                              {"dccp", 33},
                                              {"udplite", 136},
                                              {"gre", 47},
                                              {"comp", 108},
                                              {"ipcomp", 108},
                                              {"ospf", 89},
                                              {"pim", 103},
                                              {"vrrp", 112},
                                              {"ipv6", 41}}};
// linux/netfilter/nf_conntrack_common.h: NF_CT_STATE_BIT, NF_CT_STATE_INVALID_BIT, NF_CT_STATE_UNTRACKED_BIT
constexpr std::array<Word, 5> kStates = {
    {{"invalid", 1}, {"established", 2}, {"related", 4}, {"new", 8}, {"untracked", 64}}};
// enum ip_conntrack_status
constexpr std::array<Word, 8> kStatus = {{{"expected", 1},
                                          {"seen-reply", 2},
                                          {"assured", 4},
                                          {"confirmed", 8},
                                          {"snat", 16},
                                          {"dnat", 32},
                                          {"dying", 512},
                                          {"helper", 8192}}};
constexpr std::array<Word, 8> kTcpFlags = {
    {{"fin", 1}, {"syn", 2}, {"rst", 4}, {"psh", 8}, {"ack", 16}, {"urg", 32}, {"ecn", 64}, {"cwr", 128}}};
constexpr std::array<Word, 2> kNfproto = {{{"ipv4", 2}, {"ipv6", 10}}};
constexpr std::array<Word, 4> kEtherTypes = {{{"ip", 0x0800}, {"ip6", 0x86dd}, {"arp", 0x0806}, {"vlan", 0x8100}}};
constexpr std::array<Word, 5> kPacketTypes = {
    {{"host", 0}, {"unicast", 0}, {"broadcast", 1}, {"multicast", 2}, {"other", 3}}};
constexpr std::array<Word, 2> kDirections = {{{"original", 0}, {"reply", 1}}};
// RTN_LOCAL is what matters; the others are told apart by their numbers alone.
constexpr std::array<Word, 8> kAddressTypes = {{{"unicast", 1},
                                                {"local", 2},
                                                {"broadcast", 3},
                                                {"anycast", 4},
                                                {"multicast", 5},
                                                {"blackhole", 6},
                                                {"unreachable", 7},
                                                {"prohibit", 8}}};

template <std::size_t N>
std::optional<std::uint64_t> find(const std::array<Word, N>& words, std::string_view name) {
  for (const auto& [word, number] : words) {
    if (word == name) return number;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_named(Field field, std::string_view name) {
  switch (field) {
    case Field::l4proto:
      return find(kProtocols, name);
    case Field::ct_state:
      return find(kStates, name);
    case Field::ct_status:
      return find(kStatus, name);
    case Field::tcp_flags:
      return find(kTcpFlags, name);
    case Field::nfproto:
      return find(kNfproto, name);
    case Field::ether_type:
      return find(kEtherTypes, name);
    case Field::packet_type:
      return find(kPacketTypes, name);
    case Field::ct_direction:
      return find(kDirections, name);
    case Field::daddr_type:
      return find(kAddressTypes, name);
    default:
      return std::nullopt;
  }
}

bool is_address(Field field) { return field == Field::saddr || field == Field::daddr; }

std::optional<IpAddress> address_in(const Key& key, std::string_view text) {
  const auto address = IpAddress::parse(text);
  if (!address || (key.needs_nfproto == 2) != address->is_v4()) return std::nullopt;
  return address;
}

// The number that a plain value stands for.
std::optional<AddressNumber> scalar(const Key& key, const value& v) {
  if (const auto number = number_in(&v))
    return is_address(key.field) ? std::nullopt : std::optional<AddressNumber>(*number);
  if (!v.is_string()) return std::nullopt;
  const std::string_view text(v.get_string().data(), v.get_string().size());
  if (is_address(key.field)) {
    const auto address = address_in(key, text);
    return address ? std::optional(number_of(*address)) : std::nullopt;
  }
  const auto named = number_named(key.field, text);
  return named ? std::optional<AddressNumber>(*named) : std::nullopt;
}

std::optional<Values> prefix_of(const Key& key, const value& v) {
  const value* prefix = member(v, "prefix");
  if (prefix == nullptr || !is_address(key.field)) return std::nullopt;
  const auto address = address_in(key, text_in(member(*prefix, "addr")));
  const auto length = number_in(member(*prefix, "len"));
  const unsigned width = key.needs_nfproto == 2 ? 32 : 128;
  if (!address || !length || *length > width) return std::nullopt;
  const unsigned host_bits = width - static_cast<unsigned>(*length);
  const AddressNumber host = host_bits == 128 ? ~AddressNumber{0} : (AddressNumber{1} << host_bits) - 1;
  const AddressNumber lo = number_of(*address) & ~host;
  return Values(lo, lo | host);
}

bool is_interface(Field field) { return field == Field::iif || field == Field::oif; }

Key payload_key(const value& payload) {
  Key key;
  const std::string_view protocol = text_in(member(payload, "protocol"));
  const std::string_view field = text_in(member(payload, "field"));
  if (protocol == "ip" || protocol == "ip6") {
    key.needs_nfproto = protocol == "ip" ? 2 : 10;
    if (field == "saddr") key.field = Field::saddr;
    if (field == "daddr") key.field = Field::daddr;
    // Not "ip6 nexthdr": extension headers may come before what it names.
    if (protocol == "ip" && field == "protocol") key.field = Field::l4proto;
  } else if (protocol == "icmp") {
    key.needs_l4proto = 1;
  } else if (protocol == "icmpv6") {
    key.needs_l4proto = 58;
  } else if (const auto number = find(kProtocols, protocol); number || protocol == "th") {
    key.needs_l4proto = static_cast<std::uint8_t>(number.value_or(0));
    if (protocol == "tcp" || protocol == "udp" || protocol == "th") {
      if (field == "sport") key.field = Field::sport;
      if (field == "dport") key.field = Field::dport;
    }
    if (protocol == "tcp" && field == "flags") key.field = Field::tcp_flags;
  }
  return key;
}

Field meta_field(std::string_view key) {
  static constexpr std::array<std::pair<std::string_view, Field>, 14> kFields = {{{"nfproto", Field::nfproto},
                                                                                  {"protocol", Field::ether_type},
                                                                                  {"l4proto", Field::l4proto},
                                                                                  {"iifname", Field::iif},
                                                                                  {"iif", Field::iif},
                                                                                  {"oifname", Field::oif},
                                                                                  {"oif", Field::oif},
                                                                                  {"mark", Field::mark},
                                                                                  {"pkttype", Field::packet_type},
                                                                                  {"hour", Field::time},
                                                                                  {"day", Field::time},
                                                                                  {"time", Field::time},
                                                                                  {"random", Field::rate},
                                                                                  {"prandom", Field::rate}}};
  for (const auto& [name, field] : kFields) {
    if (name == key) return field;
  }
  return Field::unknown;
}

Field ct_field(const value& ct) {
  const std::string_view key = text_in(member(ct, "key"));
  if (member(ct, "dir") != nullptr || member(ct, "family") != nullptr) return Field::unknown;
  if (key == "state") return Field::ct_state;
  if (key == "status") return Field::ct_status;
  if (key == "direction") return Field::ct_direction;
  if (key == "mark") return Field::ct_mark;
  if (key == "bytes" || key == "packets" || key == "avgpkt") return Field::rate;
  return Field::unknown;
}

Field fib_field(const value& fib) {
  const std::string_view result = text_in(member(fib, "result"));
  const value* flags = member(fib, "flags");
  const auto has = [&](std::string_view wanted) {
    if (flags == nullptr) return false;
    if (!flags->is_array()) return text_in(flags) == wanted;
    return std::ranges::any_of(flags->get_array(), [&](const value& f) { return text_in(&f) == wanted; });
  };
  const std::size_t count = flags == nullptr ? 0 : flags->is_array() ? flags->get_array().size() : 1;
  if (result == "type" && has("daddr") && count == 1) return Field::daddr_type;
  // The reverse path of the source.
  if ((result == "oif" || result == "oifname") && has("saddr")) return Field::route;
  return Field::unknown;
}

// "x & mask"
Key masked_key(const value& operands) {
  if (!operands.is_array() || operands.get_array().size() != 2) return {};
  const std::vector<Key> inner = keys_of(operands.get_array()[0]);
  if (inner.size() != 1 || inner[0].mask || inner[0].prefix != 128) return {};
  Key key = inner[0];
  const value& mask = operands.get_array()[1];
  if (is_address(key.field)) {
    const auto address = address_in(key, text_in(&mask));
    if (!address) return {Field::unknown, key.needs_nfproto, key.needs_l4proto, {}, 128};
    // Only masks that are a prefix: ones, then zeros.
    AddressNumber bits = number_of(*address);
    if (key.needs_nfproto == 2) bits |= ~AddressNumber{0} << 32;
    const AddressNumber host = ~bits;
    if ((host & (host + 1)) != 0) return {Field::unknown, key.needs_nfproto, key.needs_l4proto, {}, 128};
    key.prefix = 0;
    for (AddressNumber b = bits; b != 0; b <<= 1) ++key.prefix;
    return key;
  }
  if (key.field == Field::mark || key.field == Field::ct_mark || key.field == Field::tcp_flags ||
      key.field == Field::ct_state || key.field == Field::ct_status) {
    key.mask = bits_of(key.field, mask);
    if (key.mask) return key;
  }
  return {Field::unknown, key.needs_nfproto, key.needs_l4proto, {}, 128};
}

}  // namespace

AddressNumber Names::number(std::string_view name) {
  const auto at = known_.find(name);
  if (at != known_.end()) return at->second;
  all_.emplace_back(name);
  known_.emplace(std::string(name), all_.size() - 1);
  return all_.size() - 1;
}

const value* member(const value& v, std::string_view name) {
  return v.is_object() ? v.get_object().if_contains({name.data(), name.size()}) : nullptr;
}

std::string_view text_in(const value* v) {
  if (v == nullptr || !v->is_string()) return {};
  return {v->get_string().data(), v->get_string().size()};
}

std::optional<std::uint64_t> number_in(const value* v) {
  if (v == nullptr) return std::nullopt;
  if (v->is_uint64()) return v->get_uint64();
  if (v->is_int64() && v->get_int64() >= 0) return static_cast<std::uint64_t>(v->get_int64());
  return std::nullopt;
}

std::vector<Key> keys_of(const value& expression) {
  if (const value* concat = member(expression, "concat")) {
    std::vector<Key> out;
    if (!concat->is_array() || concat->get_array().size() > 16) return {Key{}};
    for (const value& part : concat->get_array()) {
      if (member(part, "concat") != nullptr) return {Key{}};
      for (Key& key : keys_of(part)) out.push_back(key);
    }
    return out.empty() ? std::vector<Key>{Key{}} : out;
  }
  Key key;
  if (const value* payload = member(expression, "payload")) {
    key = payload_key(*payload);
  } else if (const value* meta = member(expression, "meta")) {
    key.field = meta_field(text_in(member(*meta, "key")));
  } else if (const value* ct = member(expression, "ct")) {
    key.field = ct_field(*ct);
  } else if (const value* fib = member(expression, "fib")) {
    key.field = fib_field(*fib);
  } else if (member(expression, "numgen") != nullptr) {
    key.field = Field::rate;
  } else if (member(expression, "tcp option") != nullptr) {
    key.needs_l4proto = 6;
  } else if (const value* operands = member(expression, "&")) {
    key = masked_key(*operands);
  }
  return {key};
}

std::optional<std::uint64_t> bits_of(Field field, const value& v) {
  if (const auto number = number_in(&v)) return number;
  if (v.is_string()) return number_named(field, text_in(&v));
  const value* list = v.is_array() ? &v : member(v, "|");
  if (list == nullptr || !list->is_array() || list->get_array().size() > 64) return std::nullopt;
  std::uint64_t bits = 0;
  for (const value& one : list->get_array()) {
    // nft nests alternatives: {"|": [{"|": ["fin", "syn"]}, "rst"]}
    const auto more = one.is_array() ? std::nullopt : bits_of(field, one);
    if (!more) return std::nullopt;
    bits |= *more;
  }
  return bits;
}

std::optional<Values> value_of(const Key& key, const value& v, Names& names) {
  if (key.field == Field::unknown || key.field == Field::rate || key.field == Field::time || key.field == Field::route)
    return Values::all();
  if (is_interface(key.field)) {
    const std::string_view name = text_in(&v);
    // "*" is what a map has for all that is not in it.
    if (name.empty() || name.size() > 64 || name == "*") return std::nullopt;
    return Values::of(names.number(name));
  }
  if (const auto prefix = prefix_of(key, v)) return prefix;
  if (const value* range = member(v, "range")) {
    if (!range->is_array() || range->get_array().size() != 2) return std::nullopt;
    const auto lo = scalar(key, range->get_array()[0]), hi = scalar(key, range->get_array()[1]);
    if (!lo || !hi) return std::nullopt;
    return Values(*lo, *hi);
  }
  if (key.field == Field::ct_state || key.field == Field::ct_status || key.field == Field::tcp_flags ||
      key.field == Field::mark || key.field == Field::ct_mark) {
    const auto bits = bits_of(key.field, v);
    return bits ? std::optional(Values::of(*bits)) : std::nullopt;
  }
  const auto number = scalar(key, v);
  return number ? std::optional(Values::of(*number)) : std::nullopt;
}

Depends limit_of(std::string_view kind, const value& body) {
  Depends out{Field::rate};
  const auto least = [](std::uint64_t n) { return static_cast<std::uint32_t>(std::min<std::uint64_t>(n, 1'000'000)); };
  if (kind == "ct count") {
    out.connections = least(number_in(member(body, "val")).value_or(0));
    return out;
  }
  const value* limit = kind == "limit" ? &body : nullptr;
  if (const value* statements = member(body, "stmt"); statements != nullptr && statements->is_array()) {
    for (const value& s : statements->get_array()) limit = limit == nullptr ? member(s, "limit") : limit;
  }
  if (limit == nullptr || member(*limit, "rate_unit") != nullptr) return out;
  const std::uint32_t rate = least(number_in(member(*limit, "rate")).value_or(0));
  const std::string_view per = text_in(member(*limit, "per"));
  if (per == "second") out.per_minute = rate * 60;
  if (per == "minute") out.per_minute = rate;
  return out;
}

const value& bare_element(const value& element) {
  const value* elem = member(element, "elem");
  const value* val = elem == nullptr ? nullptr : member(*elem, "val");
  return val == nullptr ? element : *val;
}

std::optional<std::vector<Values>> fields_of(const std::vector<Key>& keys, const value& element, Names& names) {
  const value& bare = bare_element(element);
  std::vector<Values> out;
  if (keys.size() == 1) {
    auto one = value_of(keys[0], bare, names);
    if (!one) return std::nullopt;
    out.push_back(*std::move(one));
    return out;
  }
  const value* concat = member(bare, "concat");
  if (concat == nullptr || !concat->is_array() || concat->get_array().size() != keys.size()) return std::nullopt;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto one = value_of(keys[i], concat->get_array()[i], names);
    if (!one) return std::nullopt;
    out.push_back(*std::move(one));
  }
  return out;
}

void group(std::vector<Elements::Group>& groups) {
  const auto rank = [](const Elements::Group& g) {
    return std::pair(static_cast<int>(g.verdict.kind), g.verdict.target);
  };
  const auto compare = [](const Values& a, const Values& b) {
    return std::ranges::lexicographical_compare(a.intervals(), b.intervals(), [](const auto& x, const auto& y) {
      return std::pair(x.lo, x.hi) < std::pair(y.lo, y.hi);
    });
  };
  const auto tail_less = [&](const Elements::Group& a, const Elements::Group& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    for (std::size_t i = 1; i < a.fields.size(); ++i) {
      if (a.fields[i] != b.fields[i]) return compare(a.fields[i], b.fields[i]);
    }
    return false;
  };
  std::ranges::sort(groups, tail_less);
  std::vector<Elements::Group> out;
  for (std::size_t i = 0; i < groups.size();) {
    std::size_t j = i;
    std::vector<Values::Interval> firsts;
    for (; j < groups.size() && !tail_less(groups[i], groups[j]); ++j) {
      const auto& intervals = groups[j].fields[0].intervals();
      firsts.insert(firsts.end(), intervals.begin(), intervals.end());
    }
    groups[i].fields[0] = Values::from(std::move(firsts));
    out.push_back(std::move(groups[i]));
    i = j;
  }
  groups = std::move(out);
}

}  // namespace gatepost::gate::reading
