#include "mime/message_ids.hpp"

#include "base/ascii.hpp"

namespace gatepost::mime {

std::vector<std::string> message_ids(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const std::size_t begin = text.find('<');
    if (begin == std::string_view::npos) return out;
    text.remove_prefix(begin + 1);
    std::string id;
    bool quoted = false, ended = false;
    std::size_t i = 0;
    for (; i < text.size() && !ended; ++i) {
      const char c = text[i];
      if (c == '"') {
        quoted = !quoted;
      } else if (quoted && c == '\\' && i + 1 < text.size()) {
        id += text[++i];
      } else if (!quoted && c == '>') {
        ended = true;
      } else if (!quoted && c == '<') {
        id.clear();  // the one before had no end
      } else if (quoted || !ascii::is_space(c)) {
        id += c;
      }
    }
    text.remove_prefix(i);
    if (ended && !id.empty()) out.push_back(std::move(id));
  }
}

}  // namespace gatepost::mime
