#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/date.hpp"
#include "base/result.hpp"
#include "certificates/key.hpp"

namespace gatepost::certificates {

// What a certificate says.
struct Facts {
  std::vector<std::string> names;  // DNS names in lower case, and addresses
  std::string subject, issuer;     // RFC 2253 text
  std::string serial;              // content octets of the INTEGER, as in DER
  std::string authority_key;       // keyIdentifier of AuthorityKeyIdentifier (RFC 5280 4.2.1.1); may be empty
  std::string public_der;          // SubjectPublicKeyInfo
  std::string der;                 // all of it
  TimePoint not_before{}, not_after{};
  bool is_authority = false;
  bool self_issued = false;  // subject and issuer are the same
};

// Every certificate of a PEM text in its order: at most 16 of 1 MiB in all, one at least. Errc::invalid.
Result<std::vector<Facts>> read_chain(std::string_view pem);
// The same with what a served file has to keep: the key fits the first certificate, and each certificate is followed by
// its issuer's. Errc::invalid says what does not.
Result<std::vector<Facts>> read_pair(std::string_view chain_pem, const Key& key);

std::string fingerprint(const Facts& facts);  // SHA-256 of `der`, hexadecimal
// RFC 9525 6.3: whether one of its names is `host`, or stands for it by "*." in place of one label.
bool stands_for(const Facts& facts, std::string_view host);

// RFC 6698 2.1, with the usage RFC 7672 3.1 recommends: DANE-EE, SubjectPublicKeyInfo, SHA-256: "3 1 1 0123...".
std::string tlsa_data(std::string_view public_der);

}  // namespace gatepost::certificates
