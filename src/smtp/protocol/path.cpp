#include "smtp/protocol/path.hpp"

#include <algorithm>
#include <optional>

#include "base/ascii.hpp"
#include "base/ip.hpp"
#include "base/utf8.hpp"

namespace gatepost::smtp {
namespace {

constexpr std::string_view kPostmaster = "postmaster";

// atext (RFC 5322 3.2.3), with UTF8-non-ascii (RFC 6531 3.3)
bool is_atext(char c) {
  return ascii::is_alnum(c) || ascii::is_8bit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

// Dot-string = Atom *("." Atom); loose: dots anywhere but at the front
bool is_dot_string(std::string_view text, bool loose) {
  if (text.empty() || text.front() == '.') return false;
  if (!loose && text.back() == '.') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' ? !loose && text[i - 1] == '.' : !is_atext(text[i])) return false;
  }
  return true;
}

// Quoted-string = DQUOTE *QcontentSMTP DQUOTE, at the front of `text`
std::expected<std::string, SyntaxError> take_quoted(std::string_view& text) {
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      text.remove_prefix(i + 1);
      return out;
    }
    if (c == '\\' && ++i < text.size()) {
      c = text[i];
      if (ascii::is_8bit(c)) return bad("a backslash stands before ASCII only");
    }
    if (ascii::is_control(c)) return bad("control character in a quoted local part");
    out += c;
  }
  return bad("quoted local part without an end");
}

// Local-part = Dot-string / Quoted-string, at the front of `text`
std::expected<std::string, SyntaxError> take_local_part(std::string_view& text, const ParseOptions& options) {
  std::string local;
  if (text.starts_with('"')) {
    GP_TRY(local, take_quoted(text));
  } else {
    std::size_t end = 0;
    while (end < text.size() && (is_atext(text[end]) || text[end] == '.')) ++end;
    local = text.substr(0, end);
    if (!is_dot_string(local, options.loose_dots_in_local_part)) return bad("the local part is not well-formed");
    text.remove_prefix(end);
  }
  if (local.size() > kMaxLocalPartOctets) return bad("the local part is too long");
  if (!utf8::is_valid(local)) return bad("the local part is not UTF-8");
  return local;
}

// address-literal (RFC 5321 4.1.3) with its brackets
std::expected<std::string, SyntaxError> parse_literal(std::string_view text) {
  constexpr std::string_view kTag = "IPv6:";
  if (text.size() < 2 || !text.ends_with(']')) return bad("the address literal is not well-formed");
  std::string_view inner = text.substr(1, text.size() - 2);
  const bool v6 = ascii::istarts_with(inner, kTag);
  if (v6) inner.remove_prefix(kTag.size());
  const auto address = IpAddress::parse(inner);
  if (!address || v6 != inner.contains(':')) return bad("the address literal is not well-formed");
  return address->is_v4() ? "[" + address->to_string() + "]" : "[IPv6:" + address->to_string() + "]";
}

// sub-domain = Let-dig [Ldh-str] / U-label (RFC 6531 3.3)
bool is_label(std::string_view label, const ParseOptions& options) {
  constexpr std::size_t kMaxLabelOctets = 63;  // RFC 1035 2.3.4; of a U-label the A-label counts
  const bool plain = utf8::is_ascii(label);
  if (label.empty() || (plain && label.size() > kMaxLabelOctets)) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [&](char c) {
    return ascii::is_alnum(c) || c == '-' || ascii::is_8bit(c) || (c == '_' && options.underscore_in_domain);
  });
}

// A-d-l ":" = At-domain *("," At-domain) ":", at the front of `text`
std::expected<void, SyntaxError> drop_source_route(std::string_view& text, const ParseOptions& options) {
  const std::size_t end = [&] {
    bool in_literal = false;  // colons of IPv6 do not end the route
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '[') in_literal = true;
      if (text[i] == ']') in_literal = false;
      if (text[i] == ':' && !in_literal) return i;
    }
    return std::string_view::npos;
  }();
  if (end == std::string_view::npos || end > kMaxSourceRouteOctets) return bad("the source route is not well-formed");
  for (std::string_view hop : ascii::split(text.substr(0, end), ',')) {
    if (!hop.starts_with('@')) return bad("the source route is not well-formed");
    GP_CHECK(parse_domain(hop.substr(1), options));
  }
  text.remove_prefix(end + 1);
  return {};
}

// Mailbox = Local-part "@" ( Domain / address-literal ), or postmaster alone; up to `terminator`, or the end when that
// is 0
std::expected<Path, SyntaxError> take_mailbox(std::string_view& text, char terminator, bool bare_postmaster,
                                              const ParseOptions& options) {
  Path path;
  GP_TRY(path.local_part, take_local_part(text, options));
  const std::size_t end = terminator != 0 ? text.find(terminator) : text.size();
  if (end == std::string_view::npos) return bad("the address has no end");
  const std::string_view domain = text.substr(0, end);
  if (domain.empty() && bare_postmaster && ascii::iequals(path.local_part, kPostmaster)) {
    path.local_part = kPostmaster;
  } else {
    if (!domain.starts_with('@')) return bad("the address has no domain");
    GP_TRY(path.domain, parse_domain(domain.substr(1), options));
  }
  if (path.address().size() + 2 > kMaxPathOctets) return bad("the address is too long");
  text.remove_prefix(end);
  return path;
}

std::expected<Path, SyntaxError> take_any_path(std::string_view& text, PathKind kind, const ParseOptions& options) {
  const bool forward = kind == PathKind::forward;
  if (!text.starts_with('<')) {
    if (!options.missing_brackets) return bad("the address needs < and >");
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    GP_TRY(Path path, take_mailbox(word, 0, forward, options));
    text.remove_prefix(end);
    return path;
  }
  std::string_view rest = text.substr(1);
  Path path;
  if (!(kind == PathKind::reverse && rest.starts_with('>'))) {
    if (rest.starts_with('@')) GP_CHECK(drop_source_route(rest, options));
    GP_TRY(path, take_mailbox(rest, '>', forward, options));
  }
  rest.remove_prefix(1);
  if (!rest.empty() && rest.front() != ' ') return bad("something follows the address");
  text = rest;
  return path;
}

}  // namespace

bool Path::needs_smtputf8() const { return !utf8::is_ascii(local_part) || !utf8::is_ascii(domain); }

std::string Path::address() const {
  if (is_null()) return {};
  std::string out;
  if (is_dot_string(local_part, false)) {
    out = local_part;
  } else {
    out = '"';
    for (char c : local_part) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  if (!domain.empty()) out += "@" + domain;
  return out;
}

std::expected<std::string, SyntaxError> parse_domain(std::string_view text, const ParseOptions& options) {
  if (text.empty() || text.size() > kMaxDomainOctets) return bad("the domain is empty or too long");
  if (text.front() == '[') return parse_literal(text);
  if (!utf8::is_valid(text)) return bad("the domain is not UTF-8");
  for (std::string_view label : ascii::split(text, '.')) {
    if (!is_label(label, options)) return bad("the domain is not well-formed");
  }
  return ascii::to_lower(text);
}

std::expected<Path, SyntaxError> take_path(std::string_view& text, PathKind kind, const ParseOptions& options) {
  auto path = take_any_path(text, kind, options);
  if (!path) path.error().fault = kind == PathKind::reverse ? Fault::bad_sender : Fault::bad_recipient;
  return path;
}

std::expected<Path, SyntaxError> parse_mailbox(std::string_view text, const ParseOptions& options) {
  return take_mailbox(text, 0, false, options);
}

void write(std::string& out, const Path& path) { out += "<" + path.address() + ">"; }

}  // namespace gatepost::smtp
