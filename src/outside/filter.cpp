#include "outside/filter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::outside {
namespace {

constexpr std::size_t kMaxSearchedOctets = 320;

}  // namespace

std::string escape_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool syntax = c == '\0' || c == '(' || c == ')' || c == '*' || c == '\\';
    if (syntax || ascii::is_control(c) || ascii::is_8bit(c)) {
      out += fmt::format("\\{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

Result<Name> read_name(std::string_view typed) {
  const bool readable = !typed.empty() && typed.size() <= kMaxSearchedOctets && utf8::is_valid(typed) &&
                        std::ranges::none_of(typed, ascii::is_control);
  if (!readable) return fail(Errc::invalid, "not a name somebody could have");
  Name out{.whole = std::string(typed), .user = std::string(typed), .domain = {}, .is_address = false};
  if (const auto at = typed.rfind('@'); at != std::string_view::npos) {
    out.user = typed.substr(0, at);
    out.domain = typed.substr(at + 1);
    out.is_address = true;
  } else if (const auto slash = typed.find('\\'); slash != std::string_view::npos) {
    // MS-ADTS 5.1.1.1.1: the name of a domain, a backslash, and the account's.
    out.domain = typed.substr(0, slash);
    out.user = typed.substr(slash + 1);
  }
  if (out.user.empty()) return fail(Errc::invalid, "a name without a user");
  return out;
}

std::string fill(std::string_view pattern, const Name& name) {
  std::string out;
  while (!pattern.empty()) {
    const auto open = pattern.find('{');
    out += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    pattern.remove_prefix(open);
    const auto close = pattern.find('}');
    const std::string_view word = close == std::string_view::npos ? "" : pattern.substr(1, close - 1);
    if (word == "name" || word == "address") {
      out += escape_value(name.whole);
    } else if (word == "user") {
      out += escape_value(name.user);
    } else if (word == "domain") {
      out += escape_value(name.domain);
    } else {
      out += '{';
      pattern.remove_prefix(1);
      continue;
    }
    pattern.remove_prefix(close + 1);
  }
  return out;
}

std::string both(std::string_view a, std::string_view b) { return fmt::format("(&{}{})", a, b); }

}  // namespace gatepost::outside
