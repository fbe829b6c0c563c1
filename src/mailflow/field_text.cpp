#include "mailflow/field_text.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"

namespace gatepost::mailflow {

std::string encoded_text(std::string_view text) {
  std::string clean = utf8::sanitize(text);
  std::ranges::replace_if(clean, ascii::is_control, ' ');
  if (utf8::is_ascii(clean)) return clean;
  constexpr std::size_t kPiece = 42;
  std::string out;
  std::string_view rest = clean;
  while (!rest.empty()) {
    std::string_view after = rest;
    std::size_t taken = 0;
    while (!after.empty()) {
      std::string_view next = after;
      utf8::next(next);
      if (rest.size() - next.size() > kPiece) break;
      after = next;
      taken = rest.size() - after.size();
    }
    out += (out.empty() ? "" : "\r\n ") + ("=?utf-8?B?" + base64::encode(rest.substr(0, taken)) + "?=");
    rest.remove_prefix(taken);
  }
  return out;
}

std::string phrase(std::string_view name) {
  if (!utf8::is_ascii(name)) return encoded_text(name);
  std::string out = "\"";
  for (const char c : name) {
    if (ascii::is_control(c)) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string mailbox_text(std::string_view name, std::string_view address) {
  std::string out = name.empty() ? std::string() : phrase(name) + " ";
  return out.append("<").append(address).append(">");
}

}  // namespace gatepost::mailflow
