#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "certificates/key.hpp"

// Certificates and requests for them.
namespace gatepost::certificates {

// A request for `names` (host names, "*." and a host name, addresses) as PKCS #10 in DER (RFC 2986), the way RFC 8555
// 7.4 wants it: all names in subjectAltName. The subject is empty: names longer than 64 octets fit nowhere else.
Result<std::string> make_request(const Key& key, const std::vector<std::string>& names);

struct Pair {
  std::string chain_pem;  // leaf first
  Key key;
};

// RFC 8737 3: a self-signed certificate for one name whose critical extension acmeIdentifier has the SHA-256 of the key
// authorization.
Result<Pair> make_validation_certificate(std::string_view name, const Sha256Value& key_authorization, TimePoint now);

// A private authority: for closed networks, trials, and the time until the first real certificate is there.
class Authority {
 public:
  // Good for ten years; may sign host certificates alone (pathlen 0).
  static Result<Authority> make(std::string_view name, TimePoint now);
  // Errc::invalid: no certificate of an authority, or another one's key.
  static Result<Authority> from_pem(std::string_view certificate, std::string_view key);

  const std::string& certificate_pem() const { return certificate_pem_; }
  const Key& key() const { return key_; }
  TimePoint not_after() const { return not_after_; }

  // A server's certificate for `key`, followed by the authority's own. It ends with the authority at the latest.
  Result<std::string> issue(const Key& key, const std::vector<std::string>& names, TimePoint now,
                            std::chrono::days lifetime = kLifetime) const;
  // Clients of some makers take no longer ones, even from authorities they were given.
  static constexpr std::chrono::days kLifetime{397};

 private:
  Authority(std::string certificate_pem, Key key, TimePoint not_after)
      : certificate_pem_(std::move(certificate_pem)), key_(std::move(key)), not_after_(not_after) {}
  std::string certificate_pem_;
  Key key_;
  TimePoint not_after_;
};

}  // namespace gatepost::certificates
