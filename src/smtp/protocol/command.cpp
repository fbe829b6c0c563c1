#include "smtp/protocol/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <type_traits>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"

namespace gatepost::smtp {
namespace {

using ascii::iequals;
using ascii::istarts_with;
using Parsed = std::expected<Command, SyntaxError>;

constexpr std::array<std::string_view, 15> kNames = {"HELO", "EHLO", "MAIL", "RCPT", "DATA",     "BDAT", "RSET", "NOOP",
                                                     "QUIT", "VRFY", "EXPN", "HELP", "STARTTLS", "AUTH", ""};
static_assert(kNames.size() == static_cast<std::size_t>(Verb::unknown) + 1);

constexpr std::size_t kMaxMechanismOctets = 20;  // RFC 4422 3.1

std::string_view drop_spaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

// Takes the first word and the spaces behind it.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text = drop_spaces(text.substr(end));
  return word;
}

// Names go into Received fields and logs: nothing that means something there (RFC 5322 3.2.1, comments and quotes).
bool is_safe_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxDomainOctets || !utf8::is_valid(name)) return false;
  return std::ranges::none_of(
      name, [](char c) { return c == ' ' || ascii::is_control(c) || std::string_view("()<>\"\\,;@").contains(c); });
}

Parsed parse_hello(bool extended, std::string_view args, const ParseOptions& options) {
  if (options.any_hello_name) {
    const std::string_view name = take_word(args);
    if (!is_safe_name(name)) return bad("a host name is needed");
    return Hello{extended, std::string(name)};
  }
  GP_TRY(std::string name, parse_domain(args, options));
  return Hello{extended, std::move(name)};
}

// Takes "FROM:" or "TO:", and the space that clients like to put behind it.
bool take_keyword(std::string_view& args, std::string_view keyword, const ParseOptions& options) {
  if (!istarts_with(args, keyword)) return false;
  args.remove_prefix(keyword.size());
  if (options.space_after_colon) args = drop_spaces(args);
  return true;
}

// "MAIL FROM:" Reverse-path [SP Mail-parameters]
Parsed parse_mail(std::string_view args, const ParseOptions& options) {
  Mail mail;
  if (!take_keyword(args, "FROM:", options)) return bad("MAIL FROM:<address> is the form");
  GP_TRY(mail.reverse_path, take_path(args, PathKind::reverse, options));
  GP_TRY(mail.parameters, parse_mail_parameters(args, options));
  return mail;
}

// "RCPT TO:" Forward-path [SP Rcpt-parameters]
Parsed parse_rcpt(std::string_view args, const ParseOptions& options) {
  Rcpt rcpt;
  if (!take_keyword(args, "TO:", options)) return bad("RCPT TO:<address> is the form");
  GP_TRY(rcpt.forward_path, take_path(args, PathKind::forward, options));
  GP_TRY(rcpt.parameters, parse_rcpt_parameters(args, options));
  return rcpt;
}

// "BDAT" SP chunk-size [SP "LAST"]
Parsed parse_bdat(std::string_view args) {
  Bdat bdat;
  const std::string_view size = take_word(args);
  const char* end = size.data() + size.size();
  const auto [ptr, ec] = std::from_chars(size.data(), end, bdat.octets);
  if (size.empty() || ec != std::errc{} || ptr != end) return bad("BDAT needs a number of octets");
  if (!args.empty() && !iequals(args, "LAST")) return bad("LAST is all that may follow the number of octets");
  bdat.last = !args.empty();
  return bdat;
}

// "VRFY" SP String [SP "SMTPUTF8"]
template <class T>
Parsed parse_lookup(std::string_view args) {
  if (args.empty()) return bad("an argument is needed");
  constexpr std::string_view kFlag = " SMTPUTF8";
  T lookup;
  if (args.size() > kFlag.size() && iequals(args.substr(args.size() - kFlag.size()), kFlag)) {
    lookup.smtputf8 = true;
    args.remove_suffix(kFlag.size());
  }
  lookup.text = args;
  return lookup;
}

// "AUTH" SP mechanism [SP initial-response], "=" for an empty one (RFC 4954 4)
Parsed parse_auth(std::string_view args) {
  Auth auth;
  const std::string_view mechanism = take_word(args);
  auto allowed = [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_'; };
  if (mechanism.empty() || mechanism.size() > kMaxMechanismOctets || !std::ranges::all_of(mechanism, allowed)) {
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

template <class T>
Parsed parse_alone(std::string_view args) {
  if (!args.empty()) return bad("this command takes no argument");
  return T{};
}

Parsed parse_arguments(Verb verb, std::string_view args, const ParseOptions& options) {
  switch (verb) {
    case Verb::helo:
      return parse_hello(false, args, options);
    case Verb::ehlo:
      return parse_hello(true, args, options);
    case Verb::mail:
      return parse_mail(args, options);
    case Verb::rcpt:
      return parse_rcpt(args, options);
    case Verb::data:
      return parse_alone<Data>(args);
    case Verb::bdat:
      return parse_bdat(args);
    case Verb::rset:
      return parse_alone<Rset>(args);
    case Verb::noop:
      return Noop{};  // its argument is ignored (RFC 5321 4.1.1.9)
    case Verb::quit:
      return parse_alone<Quit>(args);
    case Verb::vrfy:
      return parse_lookup<Vrfy>(args);
    case Verb::expn:
      return parse_lookup<Expn>(args);
    case Verb::help:
      return Help{std::string(args)};
    case Verb::starttls:
      return parse_alone<StartTls>(args);
    case Verb::auth:
      return parse_auth(args);
    case Verb::unknown:
      break;
  }
  return std::unexpected(SyntaxError{Fault::unknown_command, "command not recognised"});
}

struct Writer {
  std::string& out;
  void operator()(const Hello& c) const { out += (c.extended ? "EHLO " : "HELO ") + c.name; }
  void operator()(const Mail& c) const {
    out += "MAIL FROM:";
    write(out, c.reverse_path);
    write(out, c.parameters);
  }
  void operator()(const Rcpt& c) const {
    out += "RCPT TO:";
    write(out, c.forward_path);
    write(out, c.parameters);
  }
  void operator()(const Bdat& c) const { out += fmt::format("BDAT {}{}", c.octets, c.last ? " LAST" : ""); }
  void operator()(const Vrfy& c) const { out += "VRFY " + c.text + (c.smtputf8 ? " SMTPUTF8" : ""); }
  void operator()(const Expn& c) const { out += "EXPN " + c.text + (c.smtputf8 ? " SMTPUTF8" : ""); }
  void operator()(const Help& c) const { out += c.topic.empty() ? "HELP" : "HELP " + c.topic; }
  void operator()(const Auth& c) const {
    out += "AUTH " + c.mechanism;
    if (c.initial) out += " " + (c.initial->empty() ? std::string("=") : base64::encode(*c.initial));
  }
  void operator()(const auto& c) const { out += to_string(verb(Command(c))); }
};

}  // namespace

std::string_view to_string(Verb verb) { return kNames[static_cast<std::size_t>(verb)]; }

Verb verb_of(std::string_view line) {
  const std::string_view word = line.substr(0, line.find(' '));
  for (std::size_t i = 0; i + 1 < kNames.size(); ++i) {
    if (iequals(word, kNames[i])) return static_cast<Verb>(i);
  }
  return Verb::unknown;
}

Verb verb(const Command& command) {
  // Hello is two verbs; from Mail on, alternatives and verbs go side by side.
  if (const auto* hello = std::get_if<Hello>(&command)) return hello->extended ? Verb::ehlo : Verb::helo;
  static_assert(std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(Verb::auth) - 1, Command>, Auth>);
  return static_cast<Verb>(command.index() + 1);
}

std::expected<Command, SyntaxError> parse_command(std::string_view line, const ParseOptions& options) {
  if (options.trailing_space) line = line.substr(0, line.find_last_not_of(' ') + 1);
  const Verb verb = verb_of(line);
  if (verb != Verb::unknown && (std::ranges::any_of(line, ascii::is_control) || !utf8::is_valid(line))) {
    return bad("the line has octets that are neither printable nor UTF-8");
  }
  const std::size_t space = line.find(' ');
  const std::string_view args = space == std::string_view::npos ? std::string_view() : drop_spaces(line.substr(space));
  if (space != std::string_view::npos && args.empty()) return bad("a space ends the line");
  return parse_arguments(verb, args, options);
}

void write(std::string& out, const Command& command) {
  std::visit(Writer{out}, command);
  out += "\r\n";
}

std::optional<std::string> parse_sasl_line(std::string_view line) { return base64::decode(line); }

}  // namespace gatepost::smtp
