#include "base/dot_stuffing.hpp"

#include <algorithm>
#include <cstring>

namespace gatepost {
namespace {

// Bounds what a look for the next LF costs: text of CRs alone would otherwise be read to its end for each of them.
constexpr std::size_t kWindowOctets = 1024;

const char* find(const char* begin, const char* end, char c) {
  return static_cast<const char*>(std::memchr(begin, c, static_cast<std::size_t>(end - begin)));
}

}  // namespace

LineScan scan_lines(std::string_view text, bool at_line_start) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  auto found = [begin](LineEvent event, const char* at) {
    return LineScan{event, static_cast<std::size_t>(at - begin)};
  };
  const char* p = begin;
  while (p != end) {
    if (at_line_start && *p == '.') return found(LineEvent::dot, p);
    const char* window_end = p + std::min<std::size_t>(kWindowOctets, static_cast<std::size_t>(end - p));
    const char* lf = find(p, window_end, '\n');
    const char* cr = find(p, lf != nullptr ? lf : window_end, '\r');
    if (cr == nullptr) {
      if (lf != nullptr) return found(LineEvent::bare_lf, lf);
      p = window_end;
      at_line_start = false;
      continue;
    }
    if (cr + 1 == end) return found(LineEvent::cr_at_end, cr);
    if (cr[1] != '\n') return found(LineEvent::bare_cr, cr);
    p = cr + 2;
    at_line_start = true;
  }
  return {LineEvent::none, text.size()};
}

void DotStuffer::append(std::string& out, std::string_view text) {
  while (!text.empty()) {
    if (held_cr_) {
      held_cr_ = false;
      out += "\r\n";
      at_line_start_ = true;
      if (text.front() == '\n') text.remove_prefix(1);
      continue;
    }
    const LineScan scan = scan_lines(text, at_line_start_);
    out += text.substr(0, scan.at);
    switch (scan.event) {
      case LineEvent::none:
        at_line_start_ = text.back() == '\n';  // without an event, every LF is that of a CRLF
        return;
      case LineEvent::dot:
        out += "..";
        at_line_start_ = false;
        break;
      case LineEvent::bare_cr:
      case LineEvent::bare_lf:
        out += "\r\n";
        at_line_start_ = true;
        break;
      case LineEvent::cr_at_end:
        held_cr_ = true;
        break;
    }
    text.remove_prefix(scan.at + 1);
  }
}

void DotStuffer::finish(std::string& out) {
  if (held_cr_ || !at_line_start_) out += "\r\n";
  out += ".\r\n";
  *this = DotStuffer();
}

}  // namespace gatepost
