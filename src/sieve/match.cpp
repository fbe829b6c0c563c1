#include "sieve/match.hpp"

#include <algorithm>
#include <optional>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "mime/fold.hpp"

namespace gatepost::sieve {
namespace {

std::string normal(Comparator comparator, std::string_view text) {
  switch (comparator) {
    case Comparator::ascii_casemap:
      return ascii::to_upper(text);  // RFC 4790 9.2
    case Comparator::unicode_casemap:
      return mime::fold(text);
    case Comparator::octet:
    case Comparator::ascii_numeric:
      break;
  }
  return std::string(text);
}

// i;ascii-numeric (RFC 4790 9.1): the digits a text begins with; none is infinity.
std::optional<std::string_view> number_of(std::string_view text) {
  const std::size_t size = static_cast<std::size_t>(std::ranges::find_if_not(text, ascii::is_digit) - text.begin());
  if (size == 0) return std::nullopt;
  const std::string_view digits = text.substr(0, size);
  return digits.substr(std::min(digits.find_first_not_of('0'), size - 1));
}

int order_of_numbers(std::string_view a, std::string_view b) {
  const auto x = number_of(a), y = number_of(b);
  if (!x || !y) return (x ? -1 : 0) + (y ? 1 : 0);
  if (x->size() != y->size()) return x->size() < y->size() ? -1 : 1;
  return x->compare(*y);
}

int order(Comparator comparator, std::string_view a, std::string_view b) {
  if (comparator == Comparator::ascii_numeric) return order_of_numbers(a, b);
  return normal(comparator, a).compare(normal(comparator, b));
}

bool holds(Relation relation, int order) {
  switch (relation) {
    case Relation::gt:
      return order > 0;
    case Relation::ge:
      return order >= 0;
    case Relation::lt:
      return order < 0;
    case Relation::le:
      return order <= 0;
    case Relation::eq:
      return order == 0;
    case Relation::ne:
      return order != 0;
  }
  return false;
}

// A text as the comparator's characters: octets, or of i;unicode-casemap what UTF-8 encodes (RFC 5228 2.7.1).
class Characters {
 public:
  Characters(Comparator comparator, std::string_view text) : text_(text) {
    if (comparator != Comparator::unicode_casemap) {
      folded_ = normal(comparator, text);
      return;
    }
    by_character_ = true;
    std::string_view rest = text;
    while (!rest.empty()) {
      begins_.push_back(
          {static_cast<std::uint32_t>(text.size() - rest.size()), static_cast<std::uint32_t>(folded_.size())});
      const std::string_view before = rest;
      utf8::next(rest);
      folded_ += mime::fold(before.substr(0, before.size() - rest.size()));
    }
    begins_.push_back({static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(folded_.size())});
  }

  std::size_t size() const { return by_character_ ? begins_.size() - 1 : text_.size(); }
  std::string_view folded(std::size_t i) const {
    if (!by_character_) return std::string_view(folded_).substr(i, 1);
    return std::string_view(folded_).substr(begins_[i].folded, begins_[i + 1].folded - begins_[i].folded);
  }
  std::string_view written(std::size_t begin, std::size_t end) const {
    if (!by_character_) return text_.substr(begin, end - begin);
    return text_.substr(begins_[begin].written, begins_[end].written - begins_[begin].written);
  }

 private:
  struct Begin {
    std::uint32_t written, folded;
  };
  std::string_view text_;
  std::string folded_;
  bool by_character_ = false;
  std::vector<Begin> begins_;
};

// What stands in a pattern: a character, "?" or "*".
struct Pattern {
  enum class Kind : std::uint8_t { character, one, any };
  std::vector<Kind> kinds;
  std::vector<std::string_view> folded;  // of characters
};

Pattern read_pattern(const Characters& key) {
  Pattern out;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const std::string_view written = key.written(i, i + 1);
    auto kind = Pattern::Kind::character;
    if (written == "\\" && i + 1 < key.size()) {
      ++i;
    } else if (written == "?") {
      kind = Pattern::Kind::one;
    } else if (written == "*") {
      kind = Pattern::Kind::any;
    }
    out.kinds.push_back(kind);
    out.folded.push_back(key.folded(i));
  }
  return out;
}

struct Span {
  std::size_t begin = 0, end = 0;
};

// Wildcards match as little as possible (RFC 5229 3.2). When something does not fit, only the last "*" may grow: those
// before it have found the first place for what follows them, and a later one would leave less for the rest.
bool fits(const Characters& value, const Pattern& pattern, Budget& budget, std::vector<Span>& spans) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t at = 0, p = 0, star = kNone;
  spans.assign(pattern.kinds.size(), {});
  for (;;) {
    budget.take(1);
    if (budget.spent()) return false;
    if (p == pattern.kinds.size() && at == value.size()) return true;
    if (p < pattern.kinds.size() && pattern.kinds[p] == Pattern::Kind::any) {
      star = p;
      spans[p++] = {at, at};
      continue;
    }
    const bool fits_here = p < pattern.kinds.size() && at < value.size() &&
                           (pattern.kinds[p] == Pattern::Kind::one || value.folded(at) == pattern.folded[p]);
    if (fits_here) {
      spans[p++] = {at, at + 1};
      ++at;
      continue;
    }
    if (star == kNone || spans[star].end == value.size()) return false;
    at = ++spans[star].end;
    p = star + 1;
  }
}

bool wildcards(const Match& match, std::string_view value, std::string_view key, Budget& budget,
               std::vector<std::string>* captures) {
  const Characters characters(match.comparator, value), pattern_characters(match.comparator, key);
  const Pattern pattern = read_pattern(pattern_characters);
  std::vector<Span> spans;
  if (!fits(characters, pattern, budget, spans)) return false;
  if (captures == nullptr) return true;
  captures->assign(1, std::string(value));
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (pattern.kinds[i] == Pattern::Kind::character) continue;
    captures->emplace_back(characters.written(spans[i].begin, spans[i].end));
  }
  return true;
}

}  // namespace

bool matches(const Match& match, std::string_view value, std::string_view key, Budget& budget,
             std::vector<std::string>* captures) {
  budget.take_octets(value.size() + key.size());
  // Decomposing characters is dearer than comparing them.
  if (match.comparator == Comparator::unicode_casemap) budget.take(value.size() + key.size());
  if (budget.spent()) return false;
  switch (match.type) {
    case MatchType::is:
      return order(match.comparator, value, key) == 0;
    case MatchType::contains:
      return normal(match.comparator, value).contains(normal(match.comparator, key));
    case MatchType::matches:
      return wildcards(match, value, key, budget, captures);
    case MatchType::value:
      return holds(match.relation, order(match.comparator, value, key));
    case MatchType::count:
      break;
  }
  return false;
}

bool count_matches(const Match& match, std::uint64_t count, std::string_view key) {
  return holds(match.relation, order(match.comparator, std::to_string(count), key));
}

}  // namespace gatepost::sieve
