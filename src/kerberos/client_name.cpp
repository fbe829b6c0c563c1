#include "kerberos/client_name.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::kerberos {
namespace {

constexpr std::size_t kMaxUserOctets = 64, kMaxRealmOctets = 253;

bool plain(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && utf8::is_valid(text) && std::ranges::none_of(text, [](char c) {
    return ascii::is_control(c) || std::string_view("/\\@ \"").find(c) != std::string_view::npos;
  });
}

}  // namespace

Result<ClientName> read_client_name(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return fail(Errc::invalid, "a name without a realm");
  ClientName out{.user = std::string(text.substr(0, at)), .realm = std::string(text.substr(at + 1))};
  if (!plain(out.user, kMaxUserOctets) || !plain(out.realm, kMaxRealmOctets))
    return fail(Errc::invalid, "not the name of a user");
  // RFC 8062 3: the anonymous principal is of two components, its realm is no realm.
  if (out.realm == "WELLKNOWN:ANONYMOUS") return fail(Errc::invalid, "an anonymous ticket");
  return out;
}

}  // namespace gatepost::kerberos
