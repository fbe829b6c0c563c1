#include "oauth/base64url.hpp"

#include "base/base64.hpp"

namespace gatepost::oauth {

Result<std::string> from_base64url(std::string_view text) {
  const auto refuse = [] { return fail(Errc::invalid, "not base64url"); };
  if (text.find_first_of("+/=") != std::string_view::npos) return refuse();
  auto out = base64::decode_url(text);
  if (!out) return refuse();
  return *std::move(out);
}

}  // namespace gatepost::oauth
