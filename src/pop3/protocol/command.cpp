#include "pop3/protocol/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <type_traits>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/result.hpp"
#include "base/utf8.hpp"

namespace gatepost::pop3 {
namespace {

using Parsed = std::expected<Command, SyntaxError>;

constexpr std::array<std::string_view, 17> kNames = {"USER", "PASS", "STAT", "LIST", "UIDL", "RETR",
                                                     "DELE", "NOOP", "RSET", "TOP",  "QUIT", "CAPA",
                                                     "STLS", "AUTH", "UTF8", "LANG", ""};
static_assert(kNames.size() == static_cast<std::size_t>(Verb::unknown) + 1);

constexpr std::size_t kMaxMechanismOctets = 20;  // RFC 4422 3.1
constexpr std::size_t kMaxTagOctets = 100;

std::unexpected<SyntaxError> bad(const char* detail) { return std::unexpected(SyntaxError{false, detail}); }

std::string_view drop_spaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}
std::string_view trim_end(std::string_view text) { return text.substr(0, text.find_last_not_of(' ') + 1); }

std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text = drop_spaces(text.substr(end));
  return word;
}

std::expected<std::uint32_t, SyntaxError> parse_number(std::string_view word) {
  if (word.empty() || !std::ranges::all_of(word, ascii::is_digit)) return bad("a number is needed");
  std::uint32_t value = 0;
  const auto [ptr, ec] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (ec != std::errc{}) return std::numeric_limits<std::uint32_t>::max();
  return value;
}

template <class T>
Parsed parse_alone(std::string_view args) {
  if (!args.empty()) return bad("this command takes no argument");
  return T{};
}

template <class T>
Parsed parse_one(std::string_view args) {
  GP_TRY(const std::uint32_t message, parse_number(args));
  return T{message};
}

template <class T>
Parsed parse_optional(std::string_view args) {
  if (args.empty()) return T{};
  GP_TRY(const std::uint32_t message, parse_number(args));
  return T{message};
}

Parsed parse_user(std::string_view args) {
  if (args.empty() || args.contains(' ')) return bad("USER needs a name without spaces");
  if (std::ranges::any_of(args, ascii::is_control)) return bad("the name has control characters");
  if (!utf8::is_valid(args)) return bad("the name is not UTF-8");  // RFC 6856 2.2
  return User{std::string(args)};
}

// RFC 1939 7: PASS has one argument, so spaces belong to the password, at its ends too.
Parsed parse_pass(std::string_view line) {
  if (line.size() < 6) return bad("PASS needs a password");
  const std::string_view password = line.substr(5);
  if (password.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos) {
    return bad("the password has control characters");
  }
  if (!utf8::is_valid(password)) return bad("the password is not UTF-8");
  return Pass{Secret(password)};
}

Parsed parse_top(std::string_view args) {
  GP_TRY(const std::uint32_t message, parse_number(take_word(args)));
  GP_TRY(const std::uint32_t lines, parse_number(args));
  return Top{message, lines};
}

// "AUTH" [SP mechanism [SP initial-response]], "=" for an empty one (RFC 5034 4)
Parsed parse_auth(std::string_view args) {
  Auth auth;
  const std::string_view mechanism = take_word(args);
  auto allowed = [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_'; };
  if (mechanism.size() > kMaxMechanismOctets || !std::ranges::all_of(mechanism, allowed)) {
    return bad("AUTH needs the name of a mechanism");
  }
  auth.mechanism = ascii::to_upper(mechanism);
  if (args == "=") {
    auth.initial = "";
  } else if (!args.empty()) {
    auth.initial = base64::decode(args);
    if (!auth.initial) return bad("the initial response is not base64");
  }
  return auth;
}

// "LANG" [SP ("*" / language-tag)] (RFC 6856 3)
Parsed parse_lang(std::string_view args) {
  auto allowed = [](char c) { return ascii::is_alnum(c) || c == '-'; };
  if (args.size() > kMaxTagOctets || !(args == "*" || std::ranges::all_of(args, allowed))) {
    return bad("LANG needs a language tag");
  }
  return Lang{std::string(args)};
}

struct Writer {
  std::string& out;
  void number(std::string_view name, std::optional<std::uint32_t> message) const {
    out += name;
    if (message) out += fmt::format(" {}", *message);
  }
  void operator()(const User& c) const { out += "USER " + c.name; }
  void operator()(const Pass& c) const { out.append("PASS ").append(c.password.reveal()); }
  void operator()(const List& c) const { number("LIST", c.message); }
  void operator()(const Uidl& c) const { number("UIDL", c.message); }
  void operator()(const Retr& c) const { number("RETR", c.message); }
  void operator()(const Dele& c) const { number("DELE", c.message); }
  void operator()(const Top& c) const { out += fmt::format("TOP {} {}", c.message, c.lines); }
  void operator()(const Auth& c) const {
    out += c.mechanism.empty() ? "AUTH" : "AUTH " + c.mechanism;
    if (c.initial) out += " " + (c.initial->empty() ? std::string("=") : base64::encode(*c.initial));
  }
  void operator()(const Lang& c) const { out += c.tag.empty() ? "LANG" : "LANG " + c.tag; }
  void operator()(const auto& c) const { out += to_string(verb(Command(c))); }
};

}  // namespace

std::string_view to_string(Verb verb) { return kNames[static_cast<std::size_t>(verb)]; }

Verb verb_of(std::string_view line) {
  const std::string_view word = line.substr(0, line.find(' '));
  for (std::size_t i = 0; i + 1 < kNames.size(); ++i) {
    if (ascii::iequals(word, kNames[i])) return static_cast<Verb>(i);
  }
  return Verb::unknown;
}

Verb verb(const Command& command) {
  static_assert(std::variant_size_v<Command> == static_cast<std::size_t>(Verb::unknown));
  return static_cast<Verb>(command.index());
}

std::expected<Command, SyntaxError> parse_command(std::string_view line) {
  const Verb verb = verb_of(line);
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view args = trim_end(drop_spaces(line.substr(space)));
  switch (verb) {
    case Verb::user:
      return parse_user(args);
    case Verb::pass:
      return parse_pass(line);
    case Verb::stat:
      return parse_alone<Stat>(args);
    case Verb::list:
      return parse_optional<List>(args);
    case Verb::uidl:
      return parse_optional<Uidl>(args);
    case Verb::retr:
      return parse_one<Retr>(args);
    case Verb::dele:
      return parse_one<Dele>(args);
    case Verb::noop:
      return parse_alone<Noop>(args);
    case Verb::rset:
      return parse_alone<Rset>(args);
    case Verb::top:
      return parse_top(args);
    case Verb::quit:
      return parse_alone<Quit>(args);
    case Verb::capa:
      return parse_alone<Capa>(args);
    case Verb::stls:
      return parse_alone<Stls>(args);
    case Verb::auth:
      return parse_auth(args);
    case Verb::utf8:
      return parse_alone<Utf8>(args);
    case Verb::lang:
      return parse_lang(args);
    case Verb::unknown:
      break;
  }
  return std::unexpected(SyntaxError{true, "unknown command"});
}

void write(std::string& out, const Command& command) {
  std::visit(Writer{out}, command);
  out += "\r\n";
}

std::optional<std::string> parse_sasl_line(std::string_view line) { return base64::decode(line); }

}  // namespace gatepost::pop3
