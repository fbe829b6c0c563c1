#include "daemon/http_request.hpp"

#include <algorithm>
#include <string>

#include "base/ascii.hpp"

namespace gatepost::daemon {
namespace {

using Kind = HttpRequest::Kind;

// tchar (RFC 9110 5.6.2)
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return ascii::is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// field-value: visible characters, blanks, and octets above ASCII (RFC 9110 5.5)
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '\t' || !ascii::is_control(c); });
}

// request-line = method SP request-target SP HTTP-version
Kind read_request_line(std::string_view line, HttpRequest& request, bool& version_1_1) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return Kind::malformed;
  request.method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(request.method) || !is_visible(target) || !target.starts_with('/')) return Kind::malformed;
  request.path = target.substr(0, target.find('?'));
  // HTTP-version = "HTTP/" DIGIT "." DIGIT
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.') return Kind::malformed;
  if (!ascii::is_digit(version[5]) || !ascii::is_digit(version[7])) return Kind::malformed;
  if (version[5] != '1') return Kind::other_version;
  version_1_1 = version[7] != '0';
  return Kind::complete;
}

struct Fields {
  std::size_t hosts = 0;
  bool close = false, keep_alive = false;
};

Kind read_field(std::string_view line, Fields& fields) {
  const std::size_t colon = line.find(':');
  // A line that begins with a blank would go on with the one before (obs-fold); no blank before the colon either.
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return Kind::malformed;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = ascii::trim(line.substr(colon + 1));
  if (!is_field_value(value)) return Kind::malformed;
  if (ascii::iequals(name, "Host")) ++fields.hosts;
  if (ascii::iequals(name, "Transfer-Encoding")) return Kind::malformed;
  if (ascii::iequals(name, "Content-Length") && value != "0") return Kind::malformed;
  if (ascii::iequals(name, "Connection")) {
    for (const std::string_view option : ascii::split(value, ',')) {
      fields.close |= ascii::iequals(ascii::trim(option), "close");
      fields.keep_alive |= ascii::iequals(ascii::trim(option), "keep-alive");
    }
  }
  return Kind::complete;
}

HttpRequest failed(Kind kind) {
  HttpRequest request;
  request.kind = kind;
  return request;
}

}  // namespace

HttpRequest parse_http_request(std::string_view input) {
  const std::size_t end = input.find("\r\n\r\n");
  const std::string_view head = input.substr(0, end);
  if (end == std::string_view::npos && input.size() < kMaxHttpHeadOctets) return failed(Kind::need_more);
  if (end == std::string_view::npos || end + 4 > kMaxHttpHeadOctets) return failed(Kind::too_large);

  HttpRequest request;
  bool version_1_1 = false;
  Fields fields;
  std::size_t count = 0;
  for (std::size_t at = 0; at <= head.size();) {
    const std::size_t stop = std::min(head.find("\r\n", at), head.size());
    const std::string_view line = head.substr(at, stop - at);
    const Kind kind = at == 0 ? read_request_line(line, request, version_1_1) : read_field(line, fields);
    if (kind != Kind::complete) return failed(kind);
    if (++count > kMaxHttpFields + 1) return failed(Kind::too_large);
    at = stop + 2;
  }
  // RFC 9112 3.2: exactly one Host in HTTP/1.1; a second one is as bad as none.
  if (fields.hosts > 1 || (version_1_1 && fields.hosts == 0)) return failed(Kind::malformed);
  request.kind = Kind::complete;
  request.consumed = end + 4;
  request.keep_alive = !fields.close && (version_1_1 || fields.keep_alive);
  return request;
}

}  // namespace gatepost::daemon
