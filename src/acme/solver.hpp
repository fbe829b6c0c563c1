#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "acme/outcome.hpp"

namespace gatepost::acme {

// What has to be shown for one name.
struct Proof {
  std::string name;               // host name, without "*."
  std::string token;              // base64url letters (is_token())
  std::string key_authorization;  // token "." thumbprint of the account's key
};

// One way to show an authority that a name is ours.
class Solver {
 public:
  virtual ~Solver() = default;
  virtual std::string_view type() const = 0;  // "http-01"
  // The proof can be seen once settle() has returned; both may block. A failure takes back what was shown of this one.
  virtual Outcome<> present(const Proof& proof, std::stop_token stop) = 0;
  virtual Outcome<> settle(const std::vector<Proof>& proofs, std::stop_token stop) = 0;
  // Takes it back, also what was shown by a process that was killed since; failures are not worth words.
  virtual void remove(const Proof& proof) = 0;
};

// RFC 8555 8.4: what the TXT record says.
std::string dns_record_value(const Proof& proof);
// "_acme-challenge.mail.example.org"
std::string dns_record_name(const Proof& proof);

}  // namespace gatepost::acme
