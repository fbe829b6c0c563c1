#include "pull/imap_reply.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.hpp"
#include "base/date.hpp"
#include "base/utf8.hpp"
#include "imap/protocol/mailbox_name.hpp"

namespace gatepost::pull {
namespace {

constexpr std::size_t kMaxNesting = 32;
constexpr std::size_t kMaxFlags = 1'000;

template <class N>
std::optional<N> number_of(std::string_view text) {
  N n = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

// Reads words, strings and lists from the front; after the first thing it cannot read it is at its end.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool skip(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void blanks() {
    while (skip(' ')) {
    }
  }
  // Up to a blank, a parenthesis or the end; brackets hold together ("BODY[HEADER.FIELDS (TO)]").
  std::string_view atom() {
    std::size_t n = 0;
    bool inside = false;
    for (; n < rest_.size(); ++n) {
      const char c = rest_[n];
      if (c == '[') inside = true;
      if (c == ']') inside = false;
      if (!inside && (c == ' ' || c == '(' || c == ')')) break;
    }
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  // A quoted string, a literal, or an atom. `nil`: it was the atom NIL.
  std::string string(bool* nil = nullptr) {
    if (skip('"')) return quoted();
    if (peek() == '{' || (peek() == '~' && rest_.substr(1).starts_with('{'))) return literal();
    const std::string_view text = atom();
    if (nil != nullptr) *nil = ascii::iequals(text, "NIL");
    return std::string(text);
  }
  // One value, whatever it is.
  void value() {
    if (peek() != '(') {
      (void)string();
      return;
    }
    std::size_t open = 0;
    do {
      blanks();
      if (skip('(')) {
        if (++open > kMaxNesting) return give_up();
      } else if (skip(')')) {
        --open;
      } else {
        const std::size_t before = rest_.size();
        (void)string();
        if (rest_.size() == before) return give_up();
      }
    } while (open > 0 && !at_end());
  }
  void give_up() { rest_ = {}; }
  std::string_view rest() const { return rest_; }

 private:
  std::string quoted() {
    std::string out;
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return out;
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      out.push_back(c);
    }
    return out;
  }
  std::string literal() {
    const std::size_t lf = rest_.find("\r\n");
    if (lf == std::string_view::npos) {
      give_up();
      return {};
    }
    const auto size = literal_at_end(rest_.substr(0, lf));
    rest_.remove_prefix(lf + 2);
    if (!size || *size > rest_.size()) {
      give_up();
      return {};
    }
    std::string out(rest_.substr(0, static_cast<std::size_t>(*size)));
    rest_.remove_prefix(static_cast<std::size_t>(*size));
    return out;
  }

  std::string_view rest_;
};

std::string mailbox_name(const std::string& text, bool utf8) {
  if (utf8) return utf8::sanitize(text);
  return imap::modified_utf7_to_utf8(text).value_or(utf8::sanitize(text));
}

char delimiter_of(Words& words) {
  bool nil = false;
  const std::string text = words.string(&nil);
  return nil || text.empty() ? '\0' : text.front();
}

}  // namespace

std::optional<std::uint64_t> literal_at_end(std::string_view line) {
  if (!line.ends_with('}')) return std::nullopt;
  const std::size_t open = line.rfind('{');
  if (open == std::string_view::npos) return std::nullopt;
  std::string_view digits = line.substr(open + 1, line.size() - open - 2);
  if (digits.ends_with('+')) digits.remove_suffix(1);
  return number_of<std::uint64_t>(digits);
}

std::optional<StatusLine> parse_status(std::string_view text) {
  constexpr std::pair<std::string_view, Status> kStatus[] = {
      {"OK", Status::ok}, {"NO", Status::no}, {"BAD", Status::bad}, {"BYE", Status::bye}, {"PREAUTH", Status::preauth}};
  const std::size_t blank = std::min(text.find(' '), text.size());
  const auto* const known =
      std::ranges::find_if(kStatus, [&](const auto& row) { return ascii::iequals(row.first, text.substr(0, blank)); });
  if (known == std::end(kStatus)) return std::nullopt;
  StatusLine out;
  out.status = known->second;
  std::string_view rest = ascii::trim(text.substr(blank));
  if (rest.starts_with('[')) {
    const std::size_t end = std::min(rest.find(']'), rest.size());
    const std::string_view code = rest.substr(1, end - 1);
    const std::size_t space = std::min(code.find(' '), code.size());
    out.code = ascii::to_upper(code.substr(0, space));
    out.arguments = std::string(ascii::trim(code.substr(space)));
    rest = ascii::trim(rest.substr(std::min(end + 1, rest.size())));
  }
  out.text = std::string(rest);
  return out;
}

bool Listed::has(std::string_view attribute) const {
  return std::ranges::find(attributes, attribute) != attributes.end();
}

std::optional<Listed> parse_list(std::string_view text, bool utf8) {
  Words words(text);
  const std::string_view kind = words.atom();
  if (!ascii::iequals(kind, "LIST") && !ascii::iequals(kind, "XLIST")) return std::nullopt;
  words.blanks();
  if (!words.skip('(')) return std::nullopt;
  Listed out;
  while (!words.skip(')')) {
    words.blanks();
    if (words.peek() == ')') continue;
    const std::string_view attribute = words.atom();
    if (attribute.empty() || out.attributes.size() > kMaxFlags) return std::nullopt;
    out.attributes.push_back(ascii::to_lower(attribute));
  }
  words.blanks();
  out.delimiter = delimiter_of(words);
  words.blanks();
  if (words.at_end()) return std::nullopt;
  // Some write names with blanks and parentheses bare.
  const bool marked = words.peek() == '"' || words.peek() == '{';
  out.name = mailbox_name(marked ? words.string() : std::string(words.rest()), utf8);
  if (out.name.empty()) return std::nullopt;
  return out;
}

std::optional<Namespace> parse_namespace(std::string_view text, bool utf8) {
  Words words(text);
  if (!ascii::iequals(words.atom(), "NAMESPACE")) return std::nullopt;
  words.blanks();
  if (!words.skip('(') || !words.skip('(')) return std::nullopt;
  Namespace out;
  out.prefix = mailbox_name(words.string(), utf8);
  words.blanks();
  out.delimiter = delimiter_of(words);
  return out;
}

std::optional<Fetched> parse_fetch(std::string_view text) {
  Words words(text);
  Fetched out;
  const auto number = number_of<std::uint32_t>(words.atom());
  words.blanks();
  if (!number || !ascii::iequals(words.atom(), "FETCH")) return std::nullopt;
  out.number = *number;
  words.blanks();
  if (!words.skip('(')) return std::nullopt;
  while (!words.at_end() && !words.skip(')')) {
    words.blanks();
    const std::string name = ascii::to_upper(words.atom());
    words.blanks();
    if (name.empty()) {
      if (words.peek() != ')') return std::nullopt;
      continue;
    }
    if (name == "UID") {
      out.uid = number_of<std::uint32_t>(words.atom()).value_or(0);
    } else if (name == "RFC822.SIZE") {
      out.size = number_of<std::uint64_t>(words.atom());
    } else if (name == "INTERNALDATE") {
      out.received = date::parse_imap_datetime(words.string());
    } else if (name == "FLAGS" && words.skip('(')) {
      out.has_flags = true;
      while (!words.at_end() && !words.skip(')')) {
        words.blanks();
        const std::string_view flag = words.atom();
        if (flag.empty() && words.peek() != ')') return std::nullopt;
        if (!flag.empty() && out.flags.size() < kMaxFlags) out.flags.emplace_back(flag);
      }
    } else if (name.starts_with("BODY[")) {
      const std::string_view rest = words.rest();
      if (rest.find("\r\n") == std::string_view::npos) {
        if (const auto size = literal_at_end(rest); size && rest.starts_with('{')) {
          out.literal = size;
          return out;
        }
      }
      bool nil = false;
      out.empty_body = words.string(&nil).empty() || nil;
    } else {
      words.value();
    }
  }
  return out;
}

std::optional<std::uint32_t> parse_exists(std::string_view text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos || !ascii::iequals(ascii::trim(text.substr(blank)), "EXISTS"))
    return std::nullopt;
  return number_of<std::uint32_t>(text.substr(0, blank));
}

std::vector<std::string> parse_capabilities(std::string_view words) {
  std::vector<std::string> out;
  for (const std::string_view word : ascii::split(words, ' ')) {
    if (!word.empty() && out.size() < kMaxFlags) out.push_back(ascii::to_upper(word));
  }
  if (!out.empty() && out.front() == "CAPABILITY") out.erase(out.begin());
  return out;
}

std::optional<std::chrono::milliseconds> backoff_of(std::string_view text) {
  constexpr std::string_view kWords = "backoff time:";
  const std::string lower = ascii::to_lower(text);
  const std::size_t at = lower.find(kWords);
  if (at == std::string::npos) return std::nullopt;
  std::string_view rest = ascii::trim(std::string_view(lower).substr(at + kWords.size()));
  const std::size_t end = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const auto n = number_of<std::uint32_t>(rest.substr(0, end));
  if (!n) return std::nullopt;
  return std::chrono::milliseconds(*n);
}

bool is_temporary(const StatusLine& line) {
  for (const std::string_view code : {"THROTTLED", "UNAVAILABLE", "INUSE", "LIMIT", "OVERQUOTA"}) {
    if (line.code == code) return true;
  }
  const std::string lower = ascii::to_lower(line.text);
  for (const std::string_view words :
       {"throttled", "backoff", "try again", "temporar", "too many", "server busy", "server is busy", "bandwidth"}) {
    if (lower.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace gatepost::pull
