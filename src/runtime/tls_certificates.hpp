#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/tls_context.hpp"

struct evp_pkey_st;
struct x509_st;

namespace gatepost::runtime {

struct FreeX509 {
  void operator()(x509_st* certificate) const;
};
struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using X509Ptr = std::unique_ptr<x509_st, FreeX509>;
using KeyPtr = std::unique_ptr<evp_pkey_st, FreeKey>;

// A parsed pair of certificate chain and key that fit each other.
struct ParsedCertificate {
  X509Ptr leaf;
  std::vector<X509Ptr> chain;
  KeyPtr key;
  int key_type = 0;  // EVP_PKEY base id
  TlsCertificateFacts facts;
};
Result<ParsedCertificate> parse_certificate(const TlsCertificate& from);

// Whether `pattern` ("mail.example.org", "*.example.org": one label, RFC 9525 6.3) stands for `host`; both in lower
// case.
bool name_matches(std::string_view pattern, std::string_view host);

}  // namespace gatepost::runtime
