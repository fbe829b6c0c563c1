#include "transcripts/transcript.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/bytes.hpp"

namespace gatepost::transcripts {
namespace {

// Reads the text of one line: escapes, variables, functions.
class Expander {
 public:
  Expander(std::string_view text, const Variables& variables) : text_(text), variables_(variables) {}

  // Pieces between "**"; one piece when there is none, or when it is not a pattern.
  Result<std::vector<std::string>> pieces(bool pattern) {
    std::vector<std::string> out(1);
    while (!text_.empty()) {
      if (pattern && take("**")) {
        out.emplace_back();
      } else {
        GP_TRY(const std::string piece, one());
        out.back() += piece;
      }
    }
    return out;
  }

 private:
  bool take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  Result<std::string> one() {
    if (take("\\")) return escape();
    if (text_.starts_with("$(")) return function();
    if (text_.starts_with('$')) return variable();
    const std::string out(text_.substr(0, 1));
    text_.remove_prefix(1);
    return out;
  }

  Result<std::string> escape() {
    if (text_.empty()) return fail(Errc::invalid, "a backslash at the end");
    const char c = text_.front();
    text_.remove_prefix(1);
    switch (c) {
      case 'r':
        return "\r";
      case 'n':
        return "\n";
      case 't':
        return "\t";
      case '0':
        return std::string(1, '\0');
      case 'x': {
        const auto octet = from_hex(text_.substr(0, 2));
        if (!octet || octet->size() != 1) return fail(Errc::invalid, "\\x needs two digits");
        text_.remove_prefix(2);
        return *octet;
      }
      default:
        return std::string(1, c);
    }
  }

  Result<std::string> variable() {
    std::size_t end = 1;
    while (end < text_.size() && ascii::is_alnum(text_[end])) ++end;
    const auto found = variables_.find(text_.substr(1, end - 1));
    if (found == variables_.end()) end = 1;
    const std::string out = found == variables_.end() ? "$" : found->second;
    text_.remove_prefix(end);
    return out;
  }

  // $(name TEXT)
  Result<std::string> function() {
    text_.remove_prefix(2);
    const std::size_t space = text_.find(' ');
    if (space == std::string_view::npos) return fail(Errc::invalid, "a function without an argument");
    const std::string_view name = text_.substr(0, space);
    text_.remove_prefix(space + 1);
    std::size_t count = 0;
    if (name == "repeat") {
      const auto [end, ec] = std::from_chars(text_.data(), text_.data() + text_.size(), count);
      if (ec != std::errc{} || *end != ' ') return fail(Errc::invalid, "repeat needs a number");
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()) + 1);
    }
    std::string argument;
    while (!take(")")) {
      if (text_.empty()) return fail(Errc::invalid, "a function without an end");
      GP_TRY(const std::string piece, one());
      argument += piece;
    }
    if (name == "base64") return base64::encode(argument);
    if (name == "octets") return std::to_string(argument.size());
    if (name != "repeat") return fail(Errc::invalid, fmt::format("no function '{}'", name));
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += argument;
    return out;
  }

  std::string_view text_;
  const Variables& variables_;
};

Result<std::string> expand(std::string_view text, const Variables& variables) {
  GP_TRY(auto pieces, Expander(text, variables).pieces(false));
  return std::move(pieces.front());
}

Result<Pattern> pattern(std::string_view text, const Variables& variables) {
  Pattern out{.source = std::string(text)};
  if (text == "...") {
    out.any_lines = true;
    return out;
  }
  GP_TRY(out.pieces, Expander(text, variables).pieces(true));
  return out;
}

std::optional<std::chrono::microseconds> duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (ec != std::errc{}) return std::nullopt;
  if (unit == "ms") return std::chrono::milliseconds(number);
  if (unit == "s") return std::chrono::seconds(number);
  if (unit == "m") return std::chrono::minutes(number);
  return std::nullopt;
}

std::optional<std::string_view> after(std::string_view line, std::string_view prefix) {
  if (line == ascii::trim(prefix)) return std::string_view();
  if (!line.starts_with(prefix)) return std::nullopt;
  return line.substr(prefix.size());
}

class Reader {
 public:
  explicit Reader(const Variables& variables) : variables_(variables) {}

  Result<> line(std::string_view text, int number) {
    if (text.starts_with('#')) return {};
    if (text.empty()) {
      in_head_ = false;
      return {};
    }
    if (in_head_) return head(text);
    return step(text, number);
  }

  Transcript out;

 private:
  Result<> head(std::string_view text) {
    const std::size_t colon = text.find(": ");
    if (colon == std::string_view::npos) return fail(Errc::invalid, "the head has lines 'name: value'");
    GP_TRY(std::string value, expand(text.substr(colon + 2), variables_));
    const std::string_view name = text.substr(0, colon);
    if (name == "listener") {
      out.listener = std::move(value);
    } else {
      out.head.emplace(name, std::move(value));
    }
    return {};
  }

  // The step that goes on with this line, or a new one.
  Step& of(Step::Kind kind, int number) {
    if (out.steps.empty() || out.steps.back().kind != kind) {
      out.steps.push_back({.kind = kind, .line = number, .pause = {}});
    }
    return out.steps.back();
  }

  Result<> step(std::string_view text, int number) {
    using Kind = Step::Kind;
    if (const auto pattern_text = after(text, "S: ")) {
      GP_TRY(Pattern p, pattern(*pattern_text, variables_));
      of(Kind::expect, number).patterns.push_back(std::move(p));
      return {};
    }
    if (const auto sent = after(text, "C: ")) {
      GP_TRY(const std::string octets, expand(*sent, variables_));
      of(Kind::send, number).text += octets + "\r\n";
      return {};
    }
    if (const auto sent = after(text, "C+ ")) {
      GP_TRY(const std::string octets, expand(*sent, variables_));
      of(Kind::send, number).text += octets;
      return {};
    }
    if (const auto content = after(text, "| ")) return continued(*content);
    return word(text, number);
  }

  Result<> continued(std::string_view text) {
    if (out.steps.empty()) return fail(Errc::invalid, "a line of text without its step");
    Step& step = out.steps.back();
    if (step.kind == Step::Kind::mail) {
      GP_TRY(step.lines.emplace_back(), expand(text, variables_));
      return {};
    }
    if (step.kind != Step::Kind::newest) return fail(Errc::invalid, "a line of text without its step");
    GP_TRY(step.patterns.emplace_back(), pattern(text, variables_));
    return {};
  }

  Result<> word(std::string_view text, int number) {
    using Kind = Step::Kind;
    const auto words = ascii::split(text, ' ');
    const std::string_view name = words[0];
    Step step{.kind = Kind::tls, .line = number, .pause = {}};
    if (text == "hang up") {
      step.kind = Kind::hang_up;
    } else if (text == "closed") {
      step.kind = Kind::closed;
    } else if (text == "stop") {
      step.kind = Kind::stop;
    } else if (name == "disable" && words.size() == 2) {
      step.kind = Kind::disable;
      GP_TRY(step.account, expand(words[1], variables_));
    } else if (name == "grant" && words.size() == 5) {
      step.kind = Kind::grant;
      GP_TRY(step.account, expand(words[1], variables_));
      step.folder = words[2];
      GP_TRY(step.identifier, expand(words[3], variables_));
      step.rights = words[4];
    } else if (name == "connect") {
      step.kind = Kind::connect;
      if (words.size() > 1) step.text = words[1];
    } else if (name == "wait" && words.size() == 2) {
      const auto pause = duration(words[1]);
      if (!pause) return fail(Errc::invalid, "not a duration");
      step.kind = Kind::wait;
      step.pause = *pause;
    } else if ((name == "mail" || name == "newest" || name == "empty") && words.size() >= 3) {
      step.kind = name == "mail" ? Kind::mail : name == "newest" ? Kind::newest : Kind::empty;
      GP_TRY(step.account, expand(words[1], variables_));
      step.folder = text.substr(static_cast<std::size_t>(words[2].data() - text.data()));
    } else if (text != "tls") {
      return fail(Errc::invalid, "not a step");
    }
    out.steps.push_back(std::move(step));
    return {};
  }

  const Variables& variables_;
  bool in_head_ = true;
};

// patterns[p...] against lines[l...]
bool match(const std::vector<std::string_view>& lines, std::size_t l, const std::vector<Pattern>& patterns,
           std::size_t p, std::size_t& furthest) {
  furthest = std::max(furthest, l);
  if (p == patterns.size()) return l == lines.size();
  if (patterns[p].any_lines) {
    for (std::size_t from = l; from <= lines.size(); ++from) {
      if (match(lines, from, patterns, p + 1, furthest)) return true;
    }
    return false;
  }
  return l < lines.size() && patterns[p].matches(lines[l]) && match(lines, l + 1, patterns, p + 1, furthest);
}

}  // namespace

bool Pattern::matches(std::string_view line) const {
  if (pieces.size() == 1) return line == pieces.front();
  if (!line.starts_with(pieces.front())) return false;
  line.remove_prefix(pieces.front().size());
  for (std::size_t i = 1; i + 1 < pieces.size(); ++i) {
    const std::size_t at = line.find(pieces[i]);
    if (at == std::string_view::npos) return false;
    line.remove_prefix(at + pieces[i].size());
  }
  return line.ends_with(pieces.back());
}

Result<> compare(std::string_view text, const std::vector<Pattern>& patterns) {
  std::vector<std::string_view> lines;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  std::size_t furthest = 0;
  if (match(lines, 0, patterns, 0, furthest) && (text.empty() || text.ends_with("\r\n"))) return {};
  std::string expected;
  for (const Pattern& p : patterns) expected += "\n    " + p.source;
  std::string got;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    got += fmt::format("\n  {} {}", i == furthest ? '>' : ' ', lines[i].substr(0, 300));
  }
  return fail(Errc::invalid, fmt::format("\n  expected:{}\n  got:{}", expected, got.empty() ? " nothing" : got));
}

Result<Transcript> parse(std::string_view text, const Variables& variables) {
  Reader reader(variables);
  int number = 0;
  for (std::string_view line : ascii::split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (auto done = reader.line(line, number); !done) {
      return fail(Errc::invalid, fmt::format("line {}: {}: {}", number, done.error().detail, line));
    }
  }
  return std::move(reader.out);
}

}  // namespace gatepost::transcripts
