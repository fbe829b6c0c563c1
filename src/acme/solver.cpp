#include "acme/solver.hpp"

#include "acme/jws.hpp"
#include "base/base64.hpp"
#include "base/digest.hpp"

namespace gatepost::acme {

std::string dns_record_value(const Proof& proof) {
  const Sha256Value digest = sha256(proof.key_authorization);
  return base64::encode_url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string dns_record_name(const Proof& proof) { return "_acme-challenge." + proof.name; }

}  // namespace gatepost::acme
