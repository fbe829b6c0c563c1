#include "certificates/key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "certificates/openssl.hpp"

namespace gatepost::certificates {
namespace {

constexpr std::size_t kMaxKeyOctets = 64 << 10;
constexpr int kCoordinateOctets = 32;

struct FreeMd {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeSignature {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
struct FreeNumber {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using NumberPtr = std::unique_ptr<BIGNUM, FreeNumber>;

EVP_PKEY* generate(KeyKind kind) {
  switch (kind) {
    case KeyKind::p256:
      return EVP_EC_gen("P-256");
    case KeyKind::p384:
      return EVP_EC_gen("P-384");
    case KeyKind::rsa2048:
      return EVP_RSA_gen(2048);
    case KeyKind::rsa3072:
      return EVP_RSA_gen(3072);
    case KeyKind::rsa4096:
      return EVP_RSA_gen(4096);
  }
  return nullptr;
}

bool is_p256(const EVP_PKEY* key) { return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 256; }

std::string fixed(const BIGNUM* number) {
  std::string out(kCoordinateOctets, '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), kCoordinateOctets);
  return out;
}

Result<std::string> coordinate(const EVP_PKEY* key, const char* which) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, which, &number) != 1) return fail(Errc::internal, openssl_words());
  const NumberPtr owned(number);
  return fixed(number);
}

}  // namespace

Key::Key(evp_pkey_st* key) : key_(key, [](evp_pkey_st* one) { EVP_PKEY_free(one); }) {}

Result<Key> Key::make(KeyKind kind) {
  EVP_PKEY* const key = generate(kind);
  if (key == nullptr) return fail(Errc::internal, "no key could be made: " + openssl_words());
  return Key(key);
}

Result<Key> Key::from_pem(std::string_view pem) {
  if (pem.size() > kMaxKeyOctets) return fail(Errc::invalid, "too long for a private key");
  const BioPtr bio = read_from(pem);
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr);
  ERR_clear_error();
  if (key == nullptr) return fail(Errc::invalid, "no private key in PEM without a passphrase");
  return Key(key);
}

Secret Key::to_pem() const {
  const BioPtr memory(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PKCS8PrivateKey(memory.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return Secret(std::string_view(text, size > 0 ? static_cast<std::size_t>(size) : 0));
}

std::string Key::public_der() const {
  unsigned char* octets = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &octets);
  std::string out(reinterpret_cast<const char*>(octets), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(octets);
  return out;
}

Result<std::string> Key::sign_es256(std::string_view octets) const {
  if (!is_p256(key_.get())) return fail(Errc::unsupported, "ES256 needs a P-256 key");
  const std::unique_ptr<EVP_MD_CTX, FreeMd> context(EVP_MD_CTX_new());
  unsigned char der[80];
  std::size_t size = sizeof der;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), der, &size, reinterpret_cast<const unsigned char*>(octets.data()), octets.size()) !=
          1) {
    return fail(Errc::internal, openssl_words());
  }
  const unsigned char* at = der;
  const std::unique_ptr<ECDSA_SIG, FreeSignature> pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  if (!pair) return fail(Errc::internal, openssl_words());
  return fixed(ECDSA_SIG_get0_r(pair.get())) + fixed(ECDSA_SIG_get0_s(pair.get()));
}

Result<Key::Point> Key::point() const {
  if (!is_p256(key_.get())) return fail(Errc::unsupported, "not a P-256 key");
  Point out;
  GP_TRY(out.x, coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X));
  GP_TRY(out.y, coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y));
  return out;
}

bool Key::is(KeyKind kind) const {
  const bool rsa = EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA;
  const int bits = EVP_PKEY_get_bits(key_.get());
  switch (kind) {
    case KeyKind::p256:
      return is_p256(key_.get());
    case KeyKind::p384:
      return !rsa && bits == 384;
    case KeyKind::rsa2048:
      return rsa && bits == 2048;
    case KeyKind::rsa3072:
      return rsa && bits == 3072;
    case KeyKind::rsa4096:
      return rsa && bits == 4096;
  }
  return false;
}

bool Key::same_as(const Key& other) const { return EVP_PKEY_eq(key_.get(), other.key_.get()) == 1; }

}  // namespace gatepost::certificates
