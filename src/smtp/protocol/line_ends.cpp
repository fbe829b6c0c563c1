#include "smtp/protocol/line_ends.hpp"

#include "base/dot_stuffing.hpp"

namespace gatepost::smtp {

LineEndChecker::Piece LineEndChecker::next(std::string_view input) {
  if (input.empty()) return {{}, 0};
  const bool silent = found_ && policy_ == BareLineEnds::refuse;
  if (held_cr_) {
    held_cr_ = false;
    if (input.front() == '\n') return {silent ? std::string_view() : "\r\n", 1};
    return {bare_end(), 0};
  }
  // Dots mean nothing here: a piece that ends before one goes on with it.
  const LineScan scan = scan_lines(input, false);
  if (scan.at > 0) return {silent ? std::string_view() : input.substr(0, scan.at), scan.at};
  if (scan.event == LineEvent::cr_at_end) {
    held_cr_ = true;
    return {{}, 1};
  }
  return {bare_end(), 1};
}

std::string_view LineEndChecker::finish() {
  if (!held_cr_) return {};
  held_cr_ = false;
  return bare_end();
}

std::string_view LineEndChecker::bare_end() {
  found_ = true;
  return policy_ == BareLineEnds::normalise ? "\r\n" : "";
}

}  // namespace gatepost::smtp
