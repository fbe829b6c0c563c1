#include "runtime/foreign_protocol.hpp"

#include <cstddef>

namespace gatepost::runtime {
namespace {

using namespace std::string_view_literals;

// request-line = method SP request-target SP HTTP-version (RFC 9112 3)
bool is_http(std::string_view first) {
  const std::string_view line = first.substr(0, first.find('\r'));
  const std::size_t method = line.find(' ');
  if (method == std::string_view::npos || method == 0 || method > 10) return false;
  for (const char c : line.substr(0, method)) {
    if (c < 'A' || c > 'Z') return false;
  }
  const std::size_t version = line.rfind(' ');
  return version > method && line.substr(version + 1).starts_with("HTTP/");
}

}  // namespace

std::string_view foreign_protocol(std::string_view first) {
  first = first.substr(0, 1024);
  if (first.starts_with("SSH-")) return "SSH";  // RFC 4253 4.2
  if (first.size() >= 3 && first[0] == '\x16' && first[1] == '\x03' && first[2] <= '\x04')
    return kTlsHello;  // RFC 8446 5.1
  // A connection request in TPKT (RFC 1006 6), as remote desktops begin.
  if (first.size() >= 6 && first.starts_with("\x03\0"sv) && first[5] == '\xE0') return "RDP";
  if (first.size() >= 8 && (first.substr(4, 4) == "\xFFSMB" || first.substr(4, 4) == "\xFESMB")) return "SMB";
  // RFC 1928 3: version, number of methods, the methods, and nothing else.
  if (first.size() >= 3 && first[0] == '\x05' && first.size() == std::size_t{2} + static_cast<unsigned char>(first[1]))
    return "SOCKS";
  if (is_http(first)) return kHttp;
  return {};
}

}  // namespace gatepost::runtime
