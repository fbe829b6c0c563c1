#include "base/utf8.hpp"
#include "converter/agent/conversion.hpp"

namespace gatepost::converter {

std::string tidy_text(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  bool space = false;
  int lines = 0;
  while (!text.empty()) {
    const char32_t c = utf8::next(text);
    if (c == '\n' || c == '\f' || c == '\v' || c == 0x2028 || c == 0x2029) {
      lines += c == '\n' ? 1 : 2;
      continue;
    }
    if (c <= ' ' || c == 0x7f || c == 0xa0) {
      space = true;
      continue;
    }
    if (!out.empty() && lines >= (keep_lines ? 1 : 2)) {
      out += '\n';
    } else if (!out.empty() && (space || lines > 0)) {
      out += ' ';
    }
    space = false;
    lines = 0;
    if (c != 0xfeff && c != 0xad) utf8::append(out, c);  // a mark of the order of octets; a hyphen nobody sees
  }
  return out;
}

}  // namespace gatepost::converter
