#include <algorithm>

#include "base/ascii.hpp"
#include "mime/address.hpp"
#include "mime/encoded_word.hpp"
#include "mime/header.hpp"
#include "sieve/body_texts.hpp"
#include "sieve/limits.hpp"
#include "sieve/moment.hpp"
#include "sieve/run.hpp"
#include "sieve/text.hpp"

namespace gatepost::sieve {
namespace {

constexpr std::uint64_t kUsualMemory = 7 * kDay, kLongestMemory = 90 * kDay;  // RFC 7352 3.3
constexpr std::size_t kMaxUniqueId = 4'000;
// Octets to a step where they are decoded and not only looked through.
constexpr std::size_t kReadingCost = 4;

// A field's value as people read it (RFC 5228 2.7.2).
std::string readable(std::string_view value) { return std::string(ascii::trim(mime::decode_words(value))); }

}  // namespace

bool Run::any_key(const Test& test, std::string_view value, bool captures) {
  std::vector<std::string>* const into = captures && program_.has_variables() ? &captures_ : nullptr;
  return std::ranges::any_of(test.keys, [&](const Text& key) {
    if (budget_.spent()) return false;
    // A key may refer to what the captures are before this match.
    return matches(test.match, value, text(key), budget_, into);
  });
}

bool Run::any_key_counts(const Test& test, std::uint64_t count) {
  return std::ranges::any_of(test.keys, [&](const Text& key) { return count_matches(test.match, count, text(key)); });
}

bool Run::any_field(const Test& test, const Visit& visit) {
  const std::string_view header = message_.header();
  // RFC 5260 6: all named fields are counted in the order of the names, with :last from behind.
  std::uint64_t wanted = test.number.value_or(0);
  if (test.number && test.last) {
    std::uint64_t all = 0;
    for (const Text& name : test.names) {
      const std::string expanded = text(name);
      budget_.take_octets(header.size());
      if (budget_.spent()) return false;
      mime::HeaderReader reader(header);
      while (const auto field = reader.next()) all += ascii::iequals(field->name, expanded) ? 1 : 0;
    }
    if (wanted > all) return false;
    wanted = all + 1 - wanted;
  }
  std::uint64_t at = 0;
  for (const Text& name : test.names) {
    const std::string expanded = text(name);
    budget_.take_octets(header.size());
    if (budget_.spent()) return false;
    if (expanded.empty()) continue;
    mime::HeaderReader reader(header);
    while (const auto field = reader.next()) {
      if (!ascii::iequals(field->name, expanded)) continue;
      ++at;
      if (test.number && at != wanted) continue;
      if (visit(field->value)) return true;
      if (budget_.spent()) return false;
    }
  }
  return false;
}

Parsed<bool> Run::test(const Test& test) {
  GP_CHECK(check(test.origin));
  using Kind = Test::Kind;
  bool result = false;
  switch (test.kind) {
    case Kind::all_of:
    case Kind::any_of:
    case Kind::not_this: {
      Parsed<> failure;
      result = group(test, failure);
      GP_CHECK(failure);
      break;
    }
    case Kind::yes:
      result = true;
      break;
    case Kind::no:
      break;
    case Kind::address:
      result = address(test);
      break;
    case Kind::envelope:
      result = envelope(test);
      break;
    case Kind::exists:
      result = exists(test);
      break;
    case Kind::header:
      result = header(test);
      break;
    case Kind::size:
      result = test.over ? message_.octets() > *test.number : message_.octets() < *test.number;
      break;
    case Kind::body: {
      GP_TRY(result, body(test));
      break;
    }
    case Kind::date:
    case Kind::current_date:
      result = date(test);
      break;
    case Kind::duplicate:
      result = duplicate(test);
      break;
    case Kind::environment:
      result = environment(test);
      break;
    case Kind::has_flag:
      result = has_flag(test);
      break;
    case Kind::i_have:
      result = i_have(test);
      break;
    case Kind::mailbox_exists:
      result =
          std::ranges::all_of(test.names, [&](const Text& name) { return surroundings_.mailbox_exists(text(name)); });
      break;
    case Kind::special_use_exists:
      result = special_use(test);
      break;
    case Kind::string:
      result = string(test);
      break;
  }
  if (budget_.spent()) return wrong(test.origin.line, "the script takes too long for this message");
  return result;
}

// From the left, and no further than needed (RFC 5229 3.2, RFC 5463 4).
bool Run::group(const Test& test, Parsed<>& failure) {
  const bool stops_at = test.kind == Test::Kind::any_of;
  for (const Test& inner : test.tests) {
    const Parsed<bool> result = this->test(inner);
    if (!result) {
      failure = std::unexpected(result.error());
      return false;
    }
    if (test.kind == Test::Kind::not_this) return !*result;
    if (*result == stops_at) return stops_at;
  }
  return !stops_at;
}

std::string_view Run::part_of(AddressPart part, std::string_view local, std::string_view domain, std::string_view whole,
                              bool& there) const {
  const std::size_t plus = local.find('+');  // what the directory takes for the separator, too
  there = true;
  switch (part) {
    case AddressPart::all:
      return whole;
    case AddressPart::localpart:
      return local;
    case AddressPart::domain:
      there = !domain.empty();
      return domain;
    case AddressPart::user:
      return local.substr(0, plus);
    case AddressPart::detail:
      // RFC 5233 4: without a detail the test is false, whatever the key.
      there = plus != std::string_view::npos;
      return there ? local.substr(plus + 1) : std::string_view();
  }
  return whole;
}

bool Run::addresses_of(const Test& test, std::string_view field, std::uint64_t& count) {
  budget_.take(field.size() / kReadingCost + 1);
  const mime::AddressList list = mime::read_addresses(field);
  for (const mime::Address& address : list.addresses) {
    if (!address.is_mailbox()) continue;
    ++count;
    if (test.match.type == MatchType::count) continue;
    std::string whole(*address.mailbox);
    if (!address.host->empty()) whole.append("@").append(*address.host);
    bool there = true;
    const std::string_view value = part_of(test.part, *address.mailbox, *address.host, whole, there);
    if (there && any_key(test, value)) return true;
    if (budget_.spent()) return false;
  }
  return false;
}

bool Run::address(const Test& test) {
  std::uint64_t count = 0;
  if (any_field(test, [&](std::string_view value) { return addresses_of(test, value, count); })) return true;
  return test.match.type == MatchType::count && any_key_counts(test, count);
}

bool Run::envelope(const Test& test) {
  std::uint64_t count = 0;
  for (const Text& name : test.names) {
    const std::string part = ascii::to_lower(text(name));
    if (part != "from" && part != "to") continue;
    const std::string& address = part == "from" ? envelope_.from : envelope_.to;
    count += address.empty() ? 0 : 1;
    if (test.match.type == MatchType::count) continue;
    const std::string_view whole = address;
    const std::size_t at = whole.rfind('@');
    bool there = true;
    // RFC 5228 5.4: the null path is empty, whatever part is asked for.
    std::string_view value = whole;
    if (!whole.empty()) {
      value = part_of(test.part, whole.substr(0, at),
                      at == std::string_view::npos ? std::string_view() : whole.substr(at + 1), whole, there);
    }
    if (there && any_key(test, value)) return true;
  }
  return test.match.type == MatchType::count && any_key_counts(test, count);
}

bool Run::header(const Test& test) {
  std::uint64_t count = 0;
  const bool found = any_field(test, [&](std::string_view value) {
    ++count;
    if (test.match.type == MatchType::count) return false;
    budget_.take(value.size() / kReadingCost + 1);
    return any_key(test, readable(value));
  });
  return found || (test.match.type == MatchType::count && any_key_counts(test, count));
}

bool Run::exists(const Test& test) {
  const std::string_view header = message_.header();
  return std::ranges::all_of(test.names, [&](const Text& name) {
    budget_.take_octets(header.size());
    const std::string expanded = text(name);
    return !budget_.spent() && !expanded.empty() && mime::find_field(header, expanded).has_value();
  });
}

Parsed<bool> Run::body(const Test& test) {
  const Result<std::string_view> beginning = message_.beginning();
  if (!beginning) return wrong(test.origin.line, "the message could not be read: " + beginning.error().detail);
  budget_.take(beginning->size() / kReadingCost + 1);
  std::vector<std::string> types;
  for (const Text& name : test.names) {
    if (budget_.spent()) break;
    types.push_back(text(name));
  }
  // RFC 5173 6: these set no match variables.
  return any_body_text(*beginning, test.transform, types,
                       [&](std::string_view value) { return any_key(test, value, false) || budget_.spent(); });
}

bool Run::date(const Test& test) {
  TimePoint at = now_;
  int zone = surroundings_.zone_minutes();
  if (test.kind == Test::Kind::date) {
    std::optional<std::string> value;
    // Only the first one, or the one that :index names.
    any_field(test, [&](std::string_view field) {
      value = mime::unfold(field);
      return true;
    });
    int written = 0;
    const auto found = value ? field_date(*value, written) : std::nullopt;
    if (!found) return test.match.type == MatchType::count && any_key_counts(test, 0);
    at = *found;
    if (test.zone.kind == Zone::Kind::original) zone = written;
  }
  if (test.zone.kind == Zone::Kind::given) zone = test.zone.minutes;
  const auto value = date_part(at, zone, ascii::to_lower(text(*test.text)));
  if (!value) return false;
  return test.match.type == MatchType::count ? any_key_counts(test, 1) : any_key(test, *value);
}

bool Run::duplicate(const Test& test) {
  const std::uint64_t seconds = std::min(test.number.value_or(kUsualMemory), kLongestMemory);
  if (seconds == 0) return false;
  std::string id;
  if (test.text && !test.is_header) {
    id = text(*test.text);
  } else {
    const std::string name = test.text ? text(*test.text) : "Message-ID";
    const auto field = name.empty() ? std::nullopt : mime::find_field(message_.header(), name);
    if (!field) return false;
    id = readable(*field);
  }
  if (id.empty() || id.size() > kMaxUniqueId) return false;
  std::string key = test.handle ? text(*test.handle) : std::string();
  key.append(1, '\0').append(id);
  const bool seen = surroundings_.was_seen(key);
  const auto same = std::ranges::find(actions_.seen, key, &Seen::id);
  if (same != actions_.seen.end()) return seen;
  if ((!seen || test.last) && actions_.seen.size() < kMaxActions) {
    actions_.seen.push_back({.id = std::move(key), .seconds = seconds, .renew = test.last});
  }
  return seen;
}

bool Run::environment(const Test& test) {
  const auto value = surroundings_.environment(ascii::to_lower(text(*test.text)));
  if (!value) return false;
  if (test.match.type == MatchType::count) return any_key_counts(test, value->empty() ? 0 : 1);
  return any_key(test, *value);
}

bool Run::has_flag(const Test& test) {
  Flags flags;
  if (test.names.empty()) {
    flags = flags_;
  } else {
    for (const std::string& name : test.names) add_flags(flags, variable(name));
  }
  if (test.match.type == MatchType::count) return any_key_counts(test, flags.size());
  // RFC 5232 4: a key may name several flags, apart by blanks.
  Test by_word = test;
  by_word.keys.clear();
  for (const Text& key : test.keys) {
    const std::string expanded = text(key);
    for (const std::string_view word : ascii::split(expanded, ' ')) {
      if (!word.empty() && by_word.keys.size() < 1'000) by_word.keys.emplace_back(word);
    }
  }
  return std::ranges::any_of(flags, [&](const std::string& flag) {
    return std::ranges::any_of(by_word.keys, [&](const std::string& key) {
      return matches(test.match, flag, key, budget_, program_.has_variables() ? &captures_ : nullptr);
    });
  });
}

bool Run::i_have(const Test& test) {
  ExtensionSet found;
  for (const std::string& name : test.names) {
    const auto extension = find_extension(name);
    if (!extension) return false;
    const bool changes_texts = *extension == Extension::variables || *extension == Extension::encoded_character;
    if (changes_texts && !program_.required.has(*extension)) return false;
    found.add(*extension);
  }
  enabled_.add(found);
  return true;
}

// RFC 8579 3: all of the attributes are there, of the mailbox when one is named.
bool Run::special_use(const Test& test) {
  const std::string mailbox = test.text ? text(*test.text) : std::string();
  return std::ranges::all_of(test.names, [&](const Text& name) {
    const auto found = surroundings_.special_use(text(name));
    return found && (!test.text || *found == mailbox);
  });
}

bool Run::string(const Test& test) {
  std::uint64_t count = 0;
  for (const Text& source : test.names) {
    const std::string value = text(source);
    count += value.empty() ? 0 : 1;
    if (test.match.type != MatchType::count && any_key(test, value)) return true;
    if (budget_.spent()) return false;
  }
  return test.match.type == MatchType::count && any_key_counts(test, count);
}

}  // namespace gatepost::sieve
