#include "pop3/protocol/reply.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/base64.hpp"

namespace gatepost::pop3 {
namespace {

// The first line of a reply: whatever the text is, one line within the limit.
void write_status(std::string& out, std::string_view status, std::string_view text) {
  std::string line(status);
  if (!text.empty()) line.append(" ").append(text);
  std::ranges::replace_if(line, ascii::is_control, ' ');
  std::size_t end = std::min(line.size(), kMaxReplyOctets - 2);
  if (end < line.size()) {
    while (end > 0 && (line[end] & 0xc0) == 0x80) --end;  // not inside a character of UTF-8
  }
  out.append(line, 0, end).append("\r\n");
}

}  // namespace

void write_ok(std::string& out, std::string_view text) { write_status(out, "+OK", text); }

void write_err(std::string& out, std::string_view code, std::string_view text) {
  std::string status = "-ERR";
  if (!code.empty()) status.append(" [").append(code).append("]");
  write_status(out, status, text);
}

void write_challenge(std::string& out, std::string_view octets) { out += "+ " + base64::encode(octets) + "\r\n"; }

void write_line(std::string& out, std::string_view line) {
  if (line.starts_with('.')) out += '.';
  out.append(line).append("\r\n");
}

void write_end(std::string& out) { out += ".\r\n"; }

}  // namespace gatepost::pop3
