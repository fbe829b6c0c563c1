#include "transfer/line_ends.hpp"

namespace gatepost::transfer {

void ToCrlf::append(std::string_view piece, std::string& out) {
  while (!piece.empty()) {
    const std::size_t lf = piece.find('\n');
    const std::string_view run = piece.substr(0, lf);
    out.append(run);
    if (!run.empty()) after_cr_ = run.back() == '\r';
    if (lf == std::string_view::npos) return;
    if (!after_cr_) out.push_back('\r');
    out.push_back('\n');
    after_cr_ = false;
    piece.remove_prefix(lf + 1);
  }
}

void ToLf::append(std::string_view piece, std::string& out) {
  for (const char c : piece) {
    if (held_cr_ && c != '\n') out.push_back('\r');
    held_cr_ = c == '\r';
    if (!held_cr_) out.push_back(c);
  }
}

void ToLf::flush(std::string& out) {
  if (held_cr_) out.push_back('\r');
  held_cr_ = false;
}

}  // namespace gatepost::transfer
