#include "oauth/base64url.hpp"

#include <algorithm>

#include "base/base64.hpp"

namespace gatepost::oauth {

std::string to_base64url(std::string_view octets) {
  std::string out = base64::encode(octets);
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  while (out.ends_with('=')) out.pop_back();
  return out;
}

Result<std::string> from_base64url(std::string_view text) {
  const auto refuse = [] { return fail(Errc::invalid, "not base64url"); };
  if (text.find_first_of("+/=") != std::string_view::npos) return refuse();
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  while (standard.size() % 4 != 0) standard += '=';
  auto out = base64::decode(standard);
  if (!out) return refuse();
  return *std::move(out);
}

}  // namespace gatepost::oauth
