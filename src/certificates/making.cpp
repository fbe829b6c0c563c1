#include "certificates/making.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "base/ip.hpp"
#include "certificates/facts.hpp"
#include "certificates/openssl.hpp"

namespace gatepost::certificates {
namespace {

constexpr std::chrono::days kAuthorityLifetime{3650};
constexpr std::chrono::hours kClockSkew{1};  // of clients
constexpr std::size_t kMaxNames = 1000;
// RFC 8737 6.1: id-pe-acmeIdentifier.
constexpr const char* kAcmeIdentifier = "1.3.6.1.5.5.7.1.31";

struct FreeRequest {
  void operator()(X509_REQ* request) const { X509_REQ_free(request); }
};
struct FreeExtension {
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
struct FreeExtensions {
  void operator()(STACK_OF(X509_EXTENSION) * all) const { sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free); }
};
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, FreeExtension>;

// The text becomes part of OpenSSL's little language for extensions, in which a comma begins the next name.
Result<std::string> alternatives(const std::vector<std::string>& names) {
  if (names.empty() || names.size() > kMaxNames) return fail(Errc::invalid, "a certificate needs 1 to 1000 names");
  std::string out;
  for (const std::string& name : names) {
    const bool address = IpAddress::parse(name).has_value();
    const std::string_view host = std::string_view(name).substr(name.starts_with("*.") ? 2 : 0);
    const bool good = !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
      return ascii::is_alnum(c) || c == '-' || c == '.' || c == '_';
    });
    if (!address && !good) return fail(Errc::invalid, "'" + name + "' is neither a host name nor an address");
    out += (out.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
  }
  return out;
}

ExtensionPtr extension(int nid, const std::string& value, X509V3_CTX* context = nullptr) {
  return ExtensionPtr(X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str()));
}

bool set_random_serial(X509* certificate) {
  // RFC 5280 4.1.2.2: positive, at most 20 octets.
  unsigned char octets[16];
  if (RAND_bytes(octets, sizeof octets) != 1) return false;
  octets[0] = static_cast<unsigned char>((octets[0] & 0x7f) | 0x01);
  BIGNUM* const number = BN_bin2bn(octets, sizeof octets, nullptr);
  const bool ok = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return ok;
}

bool set_dates(X509* certificate, TimePoint from, TimePoint until) {
  const auto seconds = [](TimePoint at) { return std::chrono::system_clock::to_time_t(at); };
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(from)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(until)) != nullptr;
}

bool add_name(X509_NAME* name, const char* field, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

// Of what is made here, signed with SHA-256 whatever the key.
class Maker {
 public:
  Maker(TimePoint from, TimePoint until) : certificate_(X509_new()) {
    ok_ = certificate_ && X509_set_version(certificate_.get(), X509_VERSION_3) == 1 &&
          set_random_serial(certificate_.get()) && set_dates(certificate_.get(), from, until);
  }
  void subject(std::string_view common) {
    if (common.empty() || common.size() > 64) return;  // RFC 5280 A.1: ub-common-name
    ok_ = ok_ && add_name(X509_get_subject_name(certificate_.get()), "CN", common);
  }
  void issuer(X509* issuer) {
    issuer_ = issuer;
    ok_ = ok_ && X509_set_issuer_name(certificate_.get(), X509_get_subject_name(issuer)) == 1;
  }
  void issued_by_itself() { issuer(certificate_.get()); }
  void key(const Key& key) { ok_ = ok_ && X509_set_pubkey(certificate_.get(), key.raw()) == 1; }
  void extend(int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer_, certificate_.get(), nullptr, nullptr, 0);
    extend(extension(nid, value, &context));
  }
  void extend(const ExtensionPtr& one) { ok_ = ok_ && one && X509_add_ext(certificate_.get(), one.get(), -1) == 1; }
  Result<std::string> signed_by(const Key& key) {
    ok_ = ok_ && X509_sign(certificate_.get(), key.raw(), EVP_sha256()) > 0;
    if (!ok_) return fail(Errc::internal, "no certificate could be made: " + openssl_words());
    return to_pem(certificate_.get());
  }

 private:
  X509Ptr certificate_;
  X509* issuer_ = nullptr;
  bool ok_ = false;
};

X509Ptr first_of(std::string_view pem) {
  const BioPtr bio = read_from(pem);
  X509Ptr out(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return out;
}

}  // namespace

Result<std::string> make_request(const Key& key, const std::vector<std::string>& names) {
  GP_TRY(const std::string all, alternatives(names));
  const std::unique_ptr<X509_REQ, FreeRequest> request(X509_REQ_new());
  const std::unique_ptr<STACK_OF(X509_EXTENSION), FreeExtensions> extensions(sk_X509_EXTENSION_new_null());
  ExtensionPtr alternative = extension(NID_subject_alt_name, all);
  bool ok = request && extensions && alternative && sk_X509_EXTENSION_push(extensions.get(), alternative.get()) > 0;
  if (ok) (void)alternative.release();
  ok = ok && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
       X509_REQ_set_pubkey(request.get(), key.raw()) == 1 &&
       X509_REQ_add_extensions(request.get(), extensions.get()) == 1 &&
       X509_REQ_sign(request.get(), key.raw(), EVP_sha256()) > 0;
  if (!ok) return fail(Errc::internal, "no request could be made: " + openssl_words());
  unsigned char* octets = nullptr;
  const int size = i2d_X509_REQ(request.get(), &octets);
  std::string out(reinterpret_cast<const char*>(octets), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(octets);
  return out;
}

Result<Pair> make_validation_certificate(std::string_view name, const Sha256Value& key_authorization, TimePoint now) {
  GP_TRY(Key key, Key::make(KeyKind::p256));
  GP_TRY(const std::string all, alternatives({std::string(name)}));
  Maker maker(now - kClockSkew, now + std::chrono::days(7));
  maker.subject("ACME validation");
  maker.issued_by_itself();
  maker.key(key);
  maker.extend(NID_subject_alt_name, all);
  // Authorization ::= OCTET STRING (SIZE (32))
  const std::string value =
      std::string("\x04\x20") +
      std::string(reinterpret_cast<const char*>(key_authorization.data()), key_authorization.size());
  ASN1_OBJECT* const type = OBJ_txt2obj(kAcmeIdentifier, 1);
  ASN1_OCTET_STRING* const octets = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(octets, reinterpret_cast<const unsigned char*>(value.data()), static_cast<int>(value.size()));
  maker.extend(ExtensionPtr(X509_EXTENSION_create_by_OBJ(nullptr, type, 1, octets)));
  ASN1_OCTET_STRING_free(octets);
  ASN1_OBJECT_free(type);
  GP_TRY(std::string chain, maker.signed_by(key));
  return Pair{std::move(chain), std::move(key)};
}

Result<Authority> Authority::make(std::string_view name, TimePoint now) {
  GP_TRY(Key key, Key::make(KeyKind::p256));
  const TimePoint until = now + kAuthorityLifetime;
  Maker maker(now - kClockSkew, until);
  maker.subject(name);
  maker.issued_by_itself();
  maker.key(key);
  maker.extend(NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  maker.extend(NID_key_usage, "critical,keyCertSign,cRLSign");
  maker.extend(NID_subject_key_identifier, "hash");
  GP_TRY(std::string certificate, maker.signed_by(key));
  return Authority(std::move(certificate), std::move(key), until);
}

Result<Authority> Authority::from_pem(std::string_view certificate, std::string_view key_pem) {
  GP_TRY(Key key, Key::from_pem(key_pem));
  GP_TRY(const std::vector<Facts> chain, read_pair(certificate, key));
  if (!chain.front().is_authority) return fail(Errc::invalid, "not the certificate of an authority");
  return Authority(to_pem(first_of(certificate).get()), std::move(key), chain.front().not_after);
}

Result<std::string> Authority::issue(const Key& key, const std::vector<std::string>& names, TimePoint now,
                                     std::chrono::days lifetime) const {
  GP_TRY(const std::string all, alternatives(names));
  const X509Ptr above = first_of(certificate_pem_);
  Maker maker(now - kClockSkew, std::min<TimePoint>(now + lifetime, not_after_));
  maker.subject(names.front());
  maker.issuer(above.get());
  maker.key(key);
  maker.extend(NID_basic_constraints, "critical,CA:FALSE");
  maker.extend(NID_key_usage, "critical,digitalSignature,keyEncipherment");
  maker.extend(NID_ext_key_usage, "serverAuth");
  maker.extend(NID_subject_key_identifier, "hash");
  maker.extend(NID_authority_key_identifier, "keyid:always");
  maker.extend(NID_subject_alt_name, all);
  GP_TRY(const std::string leaf, maker.signed_by(key_));
  return leaf + certificate_pem_;
}

}  // namespace gatepost::certificates
