#include "transfer/pop3_names.hpp"

#include <fmt/format.h>

#include "account/types.hpp"
#include "base/ascii.hpp"

namespace gatepost::transfer {
namespace {

// One "%..." at the beginning of a pattern.
struct Variable {
  char letter = 0;  // 0: none of ours
  bool zeros = false, hexadecimal = false;
  std::size_t width = 0;
};

Variable take_variable(std::string_view& pattern) {
  constexpr std::size_t kMaxWidth = account::kMaxPop3Id;
  Variable out;
  pattern.remove_prefix(1);
  if (pattern.starts_with('0')) {
    out.zeros = true;
    pattern.remove_prefix(1);
  }
  while (!pattern.empty() && ascii::is_digit(pattern.front()) && out.width <= kMaxWidth) {
    out.width = out.width * 10 + static_cast<std::size_t>(pattern.front() - '0');
    pattern.remove_prefix(1);
  }
  if (pattern.starts_with('X')) {
    out.hexadecimal = true;
    pattern.remove_prefix(1);
  }
  if (pattern.empty() || out.width > kMaxWidth) return out;
  const char letter = pattern.front();
  pattern.remove_prefix(1);
  const bool number = letter == 'u' || letter == 'v';
  const bool plain = out.width == 0 && !out.zeros && !out.hexadecimal;
  if (number || ((letter == 'f' || letter == '%') && plain)) out.letter = letter;
  return out;
}

std::string text_of(const Variable& v, std::uint32_t n) {
  std::string out = v.hexadecimal ? fmt::format("{:x}", n) : fmt::format("{}", n);
  if (out.size() < v.width) out.insert(0, v.width - out.size(), v.zeros ? '0' : ' ');
  return out;
}

}  // namespace

Result<> check_pop3_pattern(std::string_view pattern) {
  if (pattern.empty()) return fail(Errc::invalid, "the pattern of POP3 names is empty");
  const std::string name = pop3_name(pattern, {.uid = 1, .uid_validity = 1, .file = "x"});
  if (name.empty()) {
    return fail(Errc::invalid, "the pattern of POP3 names is to be like '%08Xu%08Xv', of %u, %v and %f");
  }
  return {};
}

std::string pop3_name(std::string_view pattern, const Numbered& message) {
  std::string out;
  while (!pattern.empty() && out.size() <= account::kMaxPop3Id) {
    if (pattern.front() != '%') {
      out.push_back(pattern.front());
      pattern.remove_prefix(1);
      continue;
    }
    const Variable v = take_variable(pattern);
    const std::uint32_t number = v.letter == 'u' ? message.uid : message.uid_validity;
    if (v.letter == '%') {
      out.push_back('%');
    } else if (v.letter == 'f' && !message.file.empty()) {
      out.append(message.file);
    } else if ((v.letter == 'u' || v.letter == 'v') && number != 0) {
      out.append(text_of(v, number));
    } else {
      return {};
    }
  }
  return account::is_pop3_id(out) ? out : std::string();
}

std::string x_uidl_of(std::string_view header) {
  constexpr std::string_view kField = "X-UIDL:";
  while (!header.empty()) {
    const std::size_t lf = std::min(header.find('\n'), header.size() - 1);
    const std::string_view line = ascii::trim(header.substr(0, lf + 1));
    if (line.empty()) break;
    header.remove_prefix(lf + 1);
    if (!ascii::istarts_with(line, kField)) continue;
    const std::string_view value = ascii::trim(line.substr(kField.size()));
    return account::is_pop3_id(value) ? std::string(value) : std::string();
  }
  return {};
}

}  // namespace gatepost::transfer
