#include "smtp/protocol/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/utf8.hpp"

namespace gatepost::smtp {
namespace {

using ascii::iequals;

std::unexpected<SyntaxError> bad_parameter(const char* detail) {
  return std::unexpected(SyntaxError{Fault::bad_parameter, detail});
}

bool has_control(std::string_view text) { return std::ranges::any_of(text, ascii::is_control); }

struct Parameter {
  std::string_view key;
  std::optional<std::string_view> value;
};

// esmtp-param = esmtp-keyword ["=" esmtp-value]
std::expected<std::vector<Parameter>, SyntaxError> split(std::string_view text) {
  std::vector<Parameter> out;
  for (std::string_view word : ascii::split(text, ' ')) {
    if (word.empty()) continue;
    const std::size_t equals = word.find('=');
    Parameter p{word.substr(0, equals), std::nullopt};
    if (equals != std::string_view::npos) p.value = word.substr(equals + 1);
    for (const Parameter& earlier : out) {
      if (iequals(earlier.key, p.key)) return bad_parameter("a parameter is given twice");
    }
    out.push_back(p);
    constexpr std::size_t kMaxParameters = 32;  // more than there are
    if (out.size() > kMaxParameters) return bad_parameter("too many parameters");
  }
  return out;
}

// size-value = 1*20DIGIT (RFC 1870 6)
std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::size_t kMaxDigits = 20;
  if (text.empty() || text.size() > kMaxDigits || !std::ranges::all_of(text, ascii::is_digit)) return std::nullopt;
  std::uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  return value;
}

std::optional<Body> parse_body(std::string_view text) {
  if (iequals(text, "7BIT")) return Body::seven_bit;
  if (iequals(text, "8BITMIME")) return Body::eight_bit_mime;
  if (iequals(text, "BINARYMIME")) return Body::binary_mime;
  return std::nullopt;
}

std::optional<Ret> parse_ret(std::string_view text) {
  if (iequals(text, "FULL")) return Ret::full;
  if (iequals(text, "HDRS")) return Ret::headers;
  return std::nullopt;
}

// AUTH=xtext, or <> (RFC 4954 5). What it names is the sender's claim; we only keep it from breaking lines.
std::optional<std::string> parse_auth_mailbox(std::string_view text) {
  if (text == "<>") return std::string();
  auto decoded = from_xtext(text);
  if (!decoded || decoded->empty() || decoded->size() > kMaxAuthParameterOctets) return std::nullopt;
  if (has_control(*decoded) || !utf8::is_valid(*decoded)) return std::nullopt;
  return decoded;
}

// ENVID: at most 100 characters, printable when decoded (RFC 3461 4.4)
std::optional<std::string> parse_envid(std::string_view text) {
  auto decoded = from_xtext(text);
  if (!decoded || decoded->empty() || text.size() > kMaxEnvidOctets) return std::nullopt;
  if (has_control(*decoded) || !utf8::is_ascii(*decoded)) return std::nullopt;
  return decoded;
}

// future-release-integer = 1*9DIGIT, in seconds (RFC 4865 4)
std::optional<std::chrono::seconds> parse_hold_for(std::string_view text) {
  constexpr std::size_t kMaxDigits = 9;
  if (text.empty() || text.size() > kMaxDigits || !std::ranges::all_of(text, ascii::is_digit)) return std::nullopt;
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::chrono::seconds(value);
}

// date-time of RFC 3339 (RFC 4865 4, erratum 2040)
std::optional<TimePoint> parse_hold_until(std::string_view text) {
  const auto time = date::parse_rfc3339(text);
  if (!time) return std::nullopt;
  return std::chrono::floor<std::chrono::milliseconds>(*time);
}

// "NEVER" / 1#("SUCCESS" / "FAILURE" / "DELAY")
std::optional<Notify> parse_notify(std::string_view text) {
  Notify notify;
  if (iequals(text, "NEVER")) return notify;
  for (std::string_view word : ascii::split(text, ',')) {
    bool* which = iequals(word, "SUCCESS")   ? &notify.success
                  : iequals(word, "FAILURE") ? &notify.failure
                  : iequals(word, "DELAY")   ? &notify.delay
                                             : nullptr;
    if (which == nullptr || *which) return std::nullopt;
    *which = true;
  }
  return notify;
}

// utf-8-addr-xtext / utf-8-addr-unitext (RFC 6533 3): characters as they are or as \x{HEX}
std::optional<std::string> parse_unitext(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (!text.starts_with('\\')) {
      const char c = text.front();
      if (c == '+' || c == '=') return std::nullopt;
      out += c;
      text.remove_prefix(1);
      continue;
    }
    const std::size_t end = text.find('}');
    constexpr std::size_t kPrefix = 3, kMaxHexDigits = 6;  // \x{ and 10FFFF
    if (!text.starts_with("\\x{") || end == std::string_view::npos || end > kPrefix + kMaxHexDigits)
      return std::nullopt;
    std::uint32_t code_point = 0;
    const char* last = text.data() + end;
    if (const auto [ptr, ec] = std::from_chars(text.data() + kPrefix, last, code_point, 16);
        ec != std::errc{} || ptr != last) {
      return std::nullopt;
    }
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000)) return std::nullopt;
    utf8::append(out, code_point);
    text.remove_prefix(end + 1);
  }
  if (!utf8::is_valid(out)) return std::nullopt;
  return out;
}

std::string to_unitext(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char32_t c = utf8::next(text);
    if (c > 0x20 && c < 0x7f && c != '\\' && c != '+' && c != '=') {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("\\x{{{:X}}}", static_cast<std::uint32_t>(c));
    }
  }
  return out;
}

// original-recipient-address = addr-type ";" xtext (RFC 3461 4.2)
std::optional<OriginalRecipient> parse_orcpt(std::string_view text) {
  const std::size_t semicolon = text.find(';');
  if (semicolon == 0 || semicolon == std::string_view::npos) return std::nullopt;
  const std::string_view type = text.substr(0, semicolon);
  if (!std::ranges::all_of(type, [](char c) { return ascii::is_alnum(c) || c == '-'; })) return std::nullopt;
  OriginalRecipient out{.type = ascii::to_lower(type), .address = {}};
  const std::string_view address = text.substr(semicolon + 1);
  auto decoded = out.type == "utf-8" ? parse_unitext(address) : from_xtext(address);
  if (!decoded || decoded->empty() || decoded->size() > kMaxOrcptOctets) return std::nullopt;
  if (has_control(*decoded) || !utf8::is_valid(*decoded)) return std::nullopt;
  out.address = *std::move(decoded);
  return out;
}

// Assigns what `parse` makes of the value, or says what is wrong with it.
template <class T>
std::expected<void, SyntaxError> set(std::optional<T>& field, const Parameter& p,
                                     std::optional<T> (*parse)(std::string_view), const char* complaint) {
  if (p.value) field = parse(*p.value);
  if (!field) return bad_parameter(complaint);
  return {};
}

std::unexpected<SyntaxError> unknown() {
  return std::unexpected(SyntaxError{Fault::unknown_parameter, "a parameter is not recognised"});
}

}  // namespace

std::expected<MailParameters, SyntaxError> parse_mail_parameters(std::string_view text, const ParseOptions& options) {
  GP_TRY(const auto parameters, split(text));
  MailParameters out;
  for (const Parameter& p : parameters) {
    if (iequals(p.key, "SIZE")) {
      GP_CHECK(set(out.size, p, parse_size, "SIZE needs a number"));
    } else if (iequals(p.key, "BODY")) {
      GP_CHECK(set(out.body, p, parse_body, "BODY is 7BIT, 8BITMIME or BINARYMIME"));
    } else if (iequals(p.key, "SMTPUTF8")) {
      if (p.value) return bad_parameter("SMTPUTF8 takes no value");
      out.smtputf8 = true;
    } else if (iequals(p.key, "AUTH")) {
      GP_CHECK(set(out.auth, p, parse_auth_mailbox, "AUTH is not well-formed"));
    } else if (options.dsn && iequals(p.key, "RET")) {
      GP_CHECK(set(out.ret, p, parse_ret, "RET is FULL or HDRS"));
    } else if (options.dsn && iequals(p.key, "ENVID")) {
      GP_CHECK(set(out.envid, p, parse_envid, "ENVID is not well-formed"));
    } else if (options.future_release && iequals(p.key, "HOLDFOR")) {
      GP_CHECK(set(out.hold_for, p, parse_hold_for, "HOLDFOR needs a number of seconds"));
    } else if (options.future_release && iequals(p.key, "HOLDUNTIL")) {
      GP_CHECK(set(out.hold_until, p, parse_hold_until, "HOLDUNTIL needs a date and a time"));
    } else {
      return unknown();
    }
  }
  if (out.hold_for && out.hold_until) return bad_parameter("HOLDFOR and HOLDUNTIL exclude each other");
  return out;
}

std::expected<RcptParameters, SyntaxError> parse_rcpt_parameters(std::string_view text, const ParseOptions& options) {
  GP_TRY(const auto parameters, split(text));
  RcptParameters out;
  for (const Parameter& p : parameters) {
    if (options.dsn && iequals(p.key, "NOTIFY")) {
      GP_CHECK(set(out.notify, p, parse_notify, "NOTIFY is NEVER, or some of SUCCESS, FAILURE, DELAY"));
    } else if (options.dsn && iequals(p.key, "ORCPT")) {
      GP_CHECK(set(out.orcpt, p, parse_orcpt, "ORCPT is not well-formed"));
    } else {
      return unknown();
    }
  }
  return out;
}

void write(std::string& out, const MailParameters& p) {
  if (p.size) out += fmt::format(" SIZE={}", *p.size);
  if (p.body) {
    out += *p.body == Body::seven_bit        ? " BODY=7BIT"
           : *p.body == Body::eight_bit_mime ? " BODY=8BITMIME"
                                             : " BODY=BINARYMIME";
  }
  if (p.smtputf8) out += " SMTPUTF8";
  if (p.auth) out += " AUTH=" + (p.auth->empty() ? std::string("<>") : to_xtext(*p.auth));
  if (p.ret) out += *p.ret == Ret::full ? " RET=FULL" : " RET=HDRS";
  if (p.envid) out += " ENVID=" + to_xtext(*p.envid);
  if (p.hold_for) out += fmt::format(" HOLDFOR={}", p.hold_for->count());
  if (p.hold_until) out += " HOLDUNTIL=" + date::format_rfc3339(*p.hold_until);
}

void write(std::string& out, const RcptParameters& p) {
  if (p.notify) {
    std::string words;
    if (p.notify->success) words += ",SUCCESS";
    if (p.notify->failure) words += ",FAILURE";
    if (p.notify->delay) words += ",DELAY";
    out += " NOTIFY=" + (words.empty() ? "NEVER" : words.substr(1));
  }
  if (p.orcpt) {
    out += " ORCPT=" + p.orcpt->type + ";";
    out += p.orcpt->type == "utf-8" ? to_unitext(p.orcpt->address) : to_xtext(p.orcpt->address);
  }
}

std::string to_xtext(std::string_view octets) {
  std::string out;
  for (char c : octets) {
    if (c > ' ' && c < 0x7f && c != '+' && c != '=') {
      out += c;
    } else {
      out += fmt::format("+{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::optional<std::string> from_xtext(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '+') {
      if (c <= ' ' || c >= 0x7f || c == '=') return std::nullopt;
      out += c;
      continue;
    }
    // Lower-case hex is against the grammar, and harmless.
    const auto octet = from_hex(text.substr(i + 1, 2));
    if (!octet || octet->empty()) return std::nullopt;
    out += *octet;
    i += 2;
  }
  return out;
}

}  // namespace gatepost::smtp
