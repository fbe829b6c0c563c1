#include "imap/server/url_access.hpp"

#include "base/ascii.hpp"
#include "base/digest.hpp"
#include "base/random.hpp"
#include "directory/directory.hpp"
#include "directory/door.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::string_view kMechanism = "internal";
constexpr std::string_view kAlgorithm = "01";
constexpr std::size_t kKeyOctets = 32;

std::string token_of(std::string_view key, std::string_view rump) {
  std::string out(kAlgorithm);
  for (const char c : hmac_sha256(key, rump)) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// In a time that does not tell where they differ.
bool is_same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char differs = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differs |= static_cast<unsigned char>(a[i] ^ b[i]);
  return differs == 0;
}

std::unexpected<Error> nothing() { return fail(Errc::not_found, "no URL that may be read here"); }

account::AccountId account_of(const directory::Principal& principal) {
  return account::AccountId(static_cast<std::uint64_t>(principal.id));
}

}  // namespace

std::string new_access_key() {
  SystemRandom random;
  return random.hex(kKeyOctets);
}

// RFC 4467 3. Nobody is a message submission entity here.
bool UrlAccess::may_use(const AuthUrl& url) const {
  switch (url.access) {
    case AuthUrl::Access::auth_user:
    case AuthUrl::Access::anonymous:
      return true;
    case AuthUrl::Access::user: {
      const auto named = services_.door.directory().find(url.access_user);
      return named && named->id == who_.id;
    }
    case AuthUrl::Access::submit:
      return false;
  }
  return false;
}

// RFC 4467 6. Whoever guesses names of users or mailboxes waits as long as others.
Result<UrlAccess::Target> UrlAccess::verify(std::string_view url) const {
  auto parsed = parse_auth_url(url);
  if (!parsed || parsed->mechanism != kMechanism || !ascii::iequals(parsed->host, settings_.hostname)) return nothing();
  Target target;
  std::string key = new_access_key();
  bool known = false;
  if (const auto owner = services_.door.directory().find(parsed->user); owner && owner->enabled) {
    GP_TRY(target.account, services_.accounts.open(account_of(*owner)));
    if (const auto folder = target.account->find_folder(parsed->message.mailbox)) {
      // Where no key is kept nobody signed a URL; to make one would change the account for whoever guesses.
      GP_TRY(auto kept, target.account->kept_access_key(folder->id));
      known = kept.has_value();
      if (kept) key = *std::move(kept);
    }
  }
  const bool right = is_same(token_of(key, url.substr(0, parsed->rump_octets)), parsed->token);
  const bool expired = parsed->expires && services_.clock.now() > *parsed->expires;
  if (!right || !known || expired || !may_use(*parsed)) return nothing();
  target.message = std::move(parsed->message);
  return target;
}

// RFC 4467 7, GENURLAUTH
Result<std::string> UrlAccess::sign(std::string_view rump, account::Account& own) const {
  const auto parsed = parse_auth_url(rump);
  if (!parsed || !parsed->mechanism.empty()) return fail(Errc::invalid, "no URL that can be signed");
  const auto owner = services_.door.directory().find(parsed->user);
  if (!owner || owner->id != who_.id || !ascii::iequals(parsed->host, settings_.hostname)) {
    return fail(Errc::invalid, "not a URL of this user and server");
  }
  const auto folder = own.find_folder(parsed->message.mailbox);
  if (!folder) return fail(Errc::invalid, "no such mailbox");
  GP_TRY(const std::string key, own.access_key(folder->id, new_access_key()));
  return std::string(rump).append(":").append(kMechanism).append(":").append(token_of(key, rump));
}

}  // namespace gatepost::imap::server
