#include "imap/protocol/imap_url.hpp"

#include <charconv>
#include <utility>

#include "base/ascii.hpp"
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
bool take_number(std::string_view& text, T& out) {
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

bool read_partial(std::string_view& rest, Partial& partial) {
  if (!take_number(rest, partial.offset) || partial.offset > INT64_MAX) return false;
  if (!skip(rest, ".")) return true;
  return take_number(rest, partial.octets) && partial.octets != 0 && partial.octets <= INT64_MAX;
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
    if (!take_number(rest, out.uid_validity.emplace()) || !rest.empty()) return std::nullopt;
  }
  auto name = decoded(mailbox);
  if (!name || name->empty()) return std::nullopt;
  out.mailbox = *std::move(name);
  if (ascii::iequals(out.mailbox, "INBOX")) out.mailbox = "INBOX";
  if (!skip(url, "/;UID=") || !take_number(url, out.uid) || out.uid == 0) return std::nullopt;
  if (skip(url, "/;SECTION=")) {
    auto section = section_of(take_until(url, "/;PARTIAL="));
    if (!section) return std::nullopt;
    out.section = *std::move(section);
  }
  if (skip(url, "/;PARTIAL=") && !read_partial(url, out.partial.emplace())) return std::nullopt;
  if (!url.empty()) return std::nullopt;
  return out;
}

}  // namespace gatepost::imap
