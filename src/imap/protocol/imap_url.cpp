#include "imap/protocol/imap_url.hpp"

#include <charconv>
#include <utility>

#include "base/ascii.hpp"
#include "base/date.hpp"
#include "base/utf8.hpp"
#include "imap/protocol/parsers.hpp"
#include "imap/protocol/tokens.hpp"

namespace gatepost::imap {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Undoes percent-encoding (RFC 3986 2.1). nullopt: broken, or not UTF-8, or with controls.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex(text[i + 1]);
    const int low = hex(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  for (const char c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
  }
  if (!utf8::is_valid(out)) return std::nullopt;
  return out;
}

template <class T>
bool take_digits(std::string_view& text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end == text.data()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// The text up to the next of these, in any case, or all of it.
std::string_view take_until(std::string_view& text, std::string_view end) {
  std::size_t at = 0;
  while (at < text.size() && !ascii::istarts_with(text.substr(at), end)) ++at;
  const std::string_view out = text.substr(0, at);
  text.remove_prefix(at);
  return out;
}

bool skip(std::string_view& text, std::string_view word) {
  if (!ascii::istarts_with(text, word)) return false;
  text.remove_prefix(word.size());
  return true;
}

std::optional<Section> section_of(std::string_view encoded) {
  const auto text = decoded(encoded);
  if (!text || text->empty()) return std::nullopt;
  const std::string bracketed = "[" + *text + "]";
  const ParseOptions options;
  Tokens t(bracketed, options);
  Section section = parse_section(t);
  if (!t.ok() || !t.at_end()) return std::nullopt;
  return section;
}

bool read_url_partial(std::string_view& rest, Partial& partial) {
  if (!take_digits(rest, partial.offset) || partial.offset > INT64_MAX) return false;
  if (!skip(rest, ".")) return true;
  return take_digits(rest, partial.octets) && partial.octets != 0 && partial.octets <= INT64_MAX;
}

}  // namespace

std::optional<MessageUrl> parse_message_url(std::string_view url) {
  if (url.size() > kMaxUrlOctets || !url.starts_with('/') || url.starts_with("//")) return std::nullopt;
  url.remove_prefix(1);
  MessageUrl out;
  std::string_view mailbox = take_until(url, "/;UID=");
  if (std::string_view rest = mailbox; !take_until(rest, ";UIDVALIDITY=").empty() && !rest.empty()) {
    mailbox.remove_suffix(rest.size());
    skip(rest, ";UIDVALIDITY=");
    if (!take_digits(rest, out.uid_validity.emplace()) || !rest.empty()) return std::nullopt;
  }
  auto name = decoded(mailbox);
  if (!name || name->empty()) return std::nullopt;
  out.mailbox = *std::move(name);
  if (ascii::iequals(out.mailbox, "INBOX")) out.mailbox = "INBOX";
  if (!skip(url, "/;UID=") || !take_digits(url, out.uid) || out.uid == 0) return std::nullopt;
  if (skip(url, "/;SECTION=")) {
    auto section = section_of(take_until(url, "/;PARTIAL="));
    if (!section) return std::nullopt;
    out.section = *std::move(section);
  }
  if (skip(url, "/;PARTIAL=") && !read_url_partial(url, out.partial.emplace())) return std::nullopt;
  if (!url.empty()) return std::nullopt;
  return out;
}

namespace {

// iserver = [iuserinfo "@"] host [ ":" port ]; the user has to be there (RFC 4467 7, GENURLAUTH).
bool read_server(std::string_view text, AuthUrl& out) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return false;
  std::string_view user = text.substr(0, at), host = text.substr(at + 1);
  user = take_until(user, ";AUTH=");
  auto name = decoded(user);
  if (!name || name->empty()) return false;
  out.user = *std::move(name);
  if (const std::size_t colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']')) {
    std::string_view port = host.substr(colon + 1);
    std::uint16_t number = 0;
    if (!take_digits(port, number) || !port.empty()) return false;
    host = host.substr(0, colon);
  }
  out.host = host;
  return !host.empty();
}

// access = ("submit+" enc-user) / ("user+" enc-user) / "authuser" / "anonymous"
bool read_access(std::string_view text, AuthUrl& out) {
  using Access = AuthUrl::Access;
  if (ascii::iequals(text, "authuser") || ascii::iequals(text, "anonymous")) {
    out.access = ascii::iequals(text, "anonymous") ? Access::anonymous : Access::auth_user;
    return true;
  }
  if (skip(text, "submit+")) {
    out.access = Access::submit;
  } else if (skip(text, "user+")) {
    out.access = Access::user;
  } else {
    return false;
  }
  auto name = decoded(text);
  if (!name || name->empty()) return false;
  out.access_user = *std::move(name);
  return true;
}

// iua-verifier = ":" uauth-mechanism ":" 32*HEXDIG
bool read_verifier(std::string_view text, AuthUrl& out) {
  if (!skip(text, ":")) return false;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto lower = [](std::string_view from) {
    std::string to(from);
    for (char& c : to) c = ascii::lower(c);
    return to;
  };
  out.mechanism = lower(text.substr(0, colon));
  out.token = lower(text.substr(colon + 1));
  constexpr std::size_t kLeastDigits = 32;
  if (out.token.size() < kLeastDigits) return false;
  for (const char c : out.token) {
    if (hex(c) < 0) return false;
  }
  return true;
}

}  // namespace

// authimapurl = "imap://" iserver "/" imessagepart      iurlauth-rump = [";EXPIRE=" date-time] ";URLAUTH=" access
std::optional<AuthUrl> parse_auth_url(std::string_view url) {
  constexpr std::string_view kScheme = "imap://", kMark = ";URLAUTH=";
  const std::string_view whole = url;
  if (url.size() > kMaxUrlOctets || !skip(url, kScheme)) return std::nullopt;
  AuthUrl out;
  if (!read_server(take_until(url, "/"), out)) return std::nullopt;
  std::string_view path = take_until(url, kMark);
  if (!skip(url, kMark)) return std::nullopt;
  const std::string_view access = take_until(url, ":");
  if (!read_access(access, out)) return std::nullopt;
  out.rump_octets = whole.size() - url.size();
  if (!url.empty() && !read_verifier(url, out)) return std::nullopt;
  if (std::string_view expires = path; !take_until(expires, ";EXPIRE=").empty() && !expires.empty()) {
    path.remove_suffix(expires.size());
    skip(expires, ";EXPIRE=");
    out.expires = date::parse_rfc3339(expires);
    if (!out.expires) return std::nullopt;
  }
  auto message = parse_message_url(path);
  if (!message) return std::nullopt;
  out.message = *std::move(message);
  return out;
}

}  // namespace gatepost::imap
