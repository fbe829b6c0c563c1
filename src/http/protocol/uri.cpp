#include "http/protocol/uri.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/ip.hpp"

namespace gatepost::http {
namespace {

int hex_value(char c) {
  if (ascii::is_digit(c)) return c - '0';
  const char l = ascii::lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// unreserved of RFC 3986 2.3
bool is_unreserved(char c) { return ascii::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

// pchar, "/" and "?" of RFC 3986 3.3 and 3.4, and what browsers leave unescaped there ("|", "[", "^" and such).
bool may_stand_in_target(char c) {
  return !ascii::is_control(c) && !ascii::is_8bit(c) && c != ' ' && c != '#' && c != '"' && c != '<' && c != '>' &&
         c != '\\';
}

std::optional<std::string> decoded(std::string_view text, bool keep_slash) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    const char c = static_cast<char>(high << 4 | low);
    if (c == '/' && keep_slash) {
      out += "%2F";
    } else {
      out += c;
    }
    i += 2;
  }
  return out;
}

Result<> read_path(std::string_view text, Target& into) {
  for (const std::string_view part : ascii::split(text.substr(1), '/')) {
    auto segment = decoded(part, true);
    if (!segment) return fail(Errc::invalid, "a broken escape");
    if (*segment == "." || *segment == "..") return fail(Errc::invalid, "a dot segment");
    if (segment->find('\0') != std::string::npos) return fail(Errc::invalid, "an octet 0");
    into.path += '/';
    into.path += *segment;
    into.segments.push_back(*std::move(segment));
  }
  return {};
}

}  // namespace

Result<Authority> parse_authority(std::string_view text) {
  Authority out;
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return fail(Errc::invalid, "no end of an address");
    host = text.substr(0, end + 1);
    const std::string_view rest = text.substr(end + 1);
    const auto address = IpAddress::parse(host.substr(1, host.size() - 2));
    if (!address || address->is_v4()) return fail(Errc::invalid, "no address in brackets");
    if (!rest.empty() && rest[0] != ':') return fail(Errc::invalid, "more than a host and a port");
    port = rest.empty() ? rest : rest.substr(1);
  } else {
    const std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
    // reg-name of RFC 3986 3.2.2, without escapes: no host of ours has one.
    if (!std::ranges::all_of(host, [](char c) { return is_unreserved(c); })) return fail(Errc::invalid, "no host name");
  }
  if (host.size() > 255) return fail(Errc::invalid, "a long host name");
  std::uint32_t number = 0;
  for (const char c : port) {
    if (!ascii::is_digit(c)) return fail(Errc::invalid, "no port number");
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
    if (number > 65535) return fail(Errc::invalid, "no port number");
  }
  out.host = ascii::to_lower(host);
  out.port = static_cast<std::uint16_t>(number);
  return out;
}

Result<Target> parse_target(std::string_view text) {
  Target out;
  if (text == "*") {
    out.path = "*";
    return out;
  }
  if (!std::ranges::all_of(text, may_stand_in_target)) return fail(Errc::invalid, "a character no URI has");
  if (!text.starts_with('/')) {
    // absolute-form = absolute-URI; here "http" or "https" "://" authority path-abempty
    const std::size_t scheme = ascii::istarts_with(text, "http://") ? 7 : ascii::istarts_with(text, "https://") ? 8 : 0;
    if (scheme == 0) return fail(Errc::invalid, "another form of target");
    text.remove_prefix(scheme);
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    GP_TRY(out.authority, parse_authority(text.substr(0, end)));
    if (out.authority->host.empty()) return fail(Errc::invalid, "no host");
    text.remove_prefix(end);
  }
  const std::size_t question = std::min(text.find('?'), text.size());
  if (question != text.size()) out.query = text.substr(question + 1);
  const std::string_view path = text.substr(0, question);
  GP_CHECK(read_path(path.empty() ? std::string_view("/") : path, out));
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) { return decoded(text, false); }

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[octet >> 4];
      out += kDigits[octet & 15];
    }
  }
  return out;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  for (const std::string_view pair : ascii::split(query, '&')) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string key(pair.substr(0, equals));
    std::string value(pair.substr(std::min(equals + 1, pair.size())));
    std::ranges::replace(key, '+', ' ');
    std::ranges::replace(value, '+', ' ');
    if (percent_decoded(key) != name) continue;
    return percent_decoded(value);
  }
  return std::nullopt;
}

}  // namespace gatepost::http
