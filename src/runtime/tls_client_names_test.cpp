#include "runtime/tls_client_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <memory>

namespace gatepost::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Certificate = std::unique_ptr<X509, void (*)(X509*)>;

// Never signed: nothing here looks at the signature.
Certificate with_names(const char* names) {
  Certificate out(X509_new(), &X509_free);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
  X509_add_ext(out.get(), extension, -1);
  X509_EXTENSION_free(extension);
  return out;
}

TEST(TlsClientNames, AreTheMailAddressesOfACertificate) {
  const auto certificate = with_names(
      "DNS:mail.example.org,email:Anna@example.org,otherName:msUPN;UTF8:anna@corp.example,email:Anna@example.org,"
      "otherName:1.2.3;UTF8:other@example.org,URI:mailto:uri@example.org");
  EXPECT_THAT(mail_names(certificate.get()), ElementsAre("Anna@example.org", "anna@corp.example"));
}

TEST(TlsClientNames, AreNothingThatIsNoAddress) {
  EXPECT_THAT(mail_names(with_names("otherName:msUPN;UTF8:anna").get()), IsEmpty());
  EXPECT_THAT(mail_names(with_names("otherName:msUPN;UTF8:an na@example.org").get()), IsEmpty());
  EXPECT_THAT(mail_names(with_names("otherName:msUPN;INT:5").get()), IsEmpty());
  EXPECT_THAT(mail_names(Certificate(X509_new(), &X509_free).get()), IsEmpty());
}

TEST(TlsClientNames, SayWhenTheyEnd) {
  const Certificate certificate(X509_new(), &X509_free);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), 1'795'694'400);
  EXPECT_EQ(good_until(certificate.get()), *date::parse_rfc3339("2026-11-26T12:00:00Z"));
}

}  // namespace
}  // namespace gatepost::runtime
