#include "mime/message_ids.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace gatepost::mime {
namespace {

// An id that is written as it is compared, as nearly all are.
bool is_plain(std::string_view id) {
  return std::ranges::none_of(id, [](char c) { return c == '"' || c == '<' || ascii::is_space(c); });
}

}  // namespace

std::optional<std::string_view> MessageIds::next() {
  while (true) {
    const std::size_t begin = text_.find('<');
    if (begin == std::string_view::npos) return std::nullopt;
    text_.remove_prefix(begin + 1);
    const std::size_t end = text_.find('>');
    if (end == std::string_view::npos) return std::nullopt;  // quoted or not, this one does not end, nor do others
    if (const std::string_view plain = text_.substr(0, end); is_plain(plain)) {
      text_.remove_prefix(end + 1);
      if (!plain.empty()) return plain;
      continue;
    }
    id_.clear();
    bool quoted = false, ended = false;
    std::size_t i = 0;
    for (; i < text_.size() && !ended; ++i) {
      const char c = text_[i];
      if (c == '"') {
        quoted = !quoted;
      } else if (quoted && c == '\\' && i + 1 < text_.size()) {
        id_ += text_[++i];
      } else if (!quoted && c == '>') {
        ended = true;
      } else if (!quoted && c == '<') {
        id_.clear();  // the one before had no end
      } else if (quoted || !ascii::is_space(c)) {
        id_ += c;
      }
    }
    text_.remove_prefix(i);
    if (ended && !id_.empty()) return id_;
  }
}

std::vector<std::string> message_ids(std::string_view text) {
  std::vector<std::string> out;
  MessageIds ids(text);
  while (const auto id = ids.next()) out.emplace_back(*id);
  return out;
}

}  // namespace gatepost::mime
