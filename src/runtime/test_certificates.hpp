#pragma once

// Tests only: certificates made on the spot.

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/tls_context.hpp"

namespace gatepost::runtime::test {

inline std::string pem_of(auto write) {
  BIO* const memory = BIO_new(BIO_s_mem());
  write(memory);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  std::string out(text, static_cast<std::size_t>(size));
  BIO_free(memory);
  return out;
}

// A self-signed certificate for `names` (the first is also its subject), good for an hour.
inline TlsCertificate make_certificate(const std::vector<std::string>& names, const char* key_kind = "EC") {
  EVP_PKEY* const key = std::string_view(key_kind) == "EC" ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(names.front().c_str()),
                             -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  std::string alternatives;
  for (const std::string& name : names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternatives.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate, key, EVP_sha256());
  TlsCertificate out;
  out.chain_pem = pem_of([&](BIO* to) { PEM_write_bio_X509(to, certificate); });
  out.key_pem = pem_of([&](BIO* to) { PEM_write_bio_PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr); });
  out.label = names.front() + "/" + key_kind;
  X509_free(certificate);
  EVP_PKEY_free(key);
  return out;
}

inline std::unique_ptr<TlsServer> make_tls_server(std::vector<TlsCertificate> certificates, const Clock& clock,
                                                  TlsMinimum minimum = TlsMinimum::v1_2) {
  TlsServerSettings settings;
  settings.certificates = std::move(certificates);
  settings.minimum = minimum;
  auto made = TlsServer::create(settings, clock);
  GP_ASSERT(made.has_value());
  return *std::move(made);
}

}  // namespace gatepost::runtime::test
