#include "oauth/jwk.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "oauth/base64url.hpp"
#include "oauth/json_reader.hpp"

namespace gatepost::oauth {
namespace {

constexpr int kMinRsaBits = 2048;  // RFC 7518 3.3
constexpr int kMaxRsaBits = 8192;
constexpr std::size_t kMaxExponentOctets = 8;
constexpr std::size_t kCoordinateOctets = 32;

template <auto function>
struct Free {
  template <class T>
  void operator()(T* value) const {
    function(value);
  }
};
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;

const unsigned char* octets_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Number number_of(std::string_view octets) {
  return Number(BN_bin2bn(octets_of(octets), static_cast<int>(octets.size()), nullptr));
}

EVP_PKEY* key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>> params(OSSL_PARAM_BLD_to_param(builder));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return key;
}

// RFC 7518 3.4: R and S beside each other; OpenSSL wants them as RFC 3279 2.2.3 has them.
std::string ecdsa_der(std::string_view signature) {
  const std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>> parts(ECDSA_SIG_new());
  Number r = number_of(signature.substr(0, kCoordinateOctets)), s = number_of(signature.substr(kCoordinateOctets));
  if (!parts || !r || !s || ECDSA_SIG_set0(parts.get(), r.get(), s.get()) != 1) return {};
  (void)r.release();
  (void)s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

std::optional<PublicKey> key_of(const JsonObject& jwk) {
  // RFC 7517 4.2, 4.3
  if (jwk.has("use") && jwk.text("use") != "sig") return std::nullopt;
  if (jwk.has("key_ops")) {
    const std::vector<std::string> uses = jwk.texts("key_ops");
    if (std::ranges::find(uses, "verify") == uses.end()) return std::nullopt;
  }
  const auto octets = [&](std::string_view name) {
    return from_base64url(jwk.text(name).value_or("")).value_or(std::string());
  };
  const std::string type = jwk.text("kty").value_or(""), curve = jwk.text("crv").value_or("");
  Result<PublicKey> key = fail(Errc::invalid);
  if (type == "RSA") key = PublicKey::rsa(octets("n"), octets("e"));
  if (type == "EC" && curve == "P-256") key = PublicKey::p256(octets("x"), octets("y"));
  if (type == "OKP" && curve == "Ed25519") key = PublicKey::ed25519(octets("x"));
  if (!key) return std::nullopt;
  key->id = jwk.text("kid").value_or("");
  if (const auto name = jwk.text("alg")) {
    key->algorithm = algorithm_named(*name);
    if (!key->algorithm || !key->suits(*key->algorithm)) return std::nullopt;
  }
  return *std::move(key);
}

}  // namespace

PublicKey::PublicKey(Kind kind, evp_pkey_st* key) : kind_(kind), key_(key, &EVP_PKEY_free) {}

Result<PublicKey> PublicKey::rsa(std::string_view modulus, std::string_view exponent) {
  while (modulus.starts_with('\0')) modulus.remove_prefix(1);
  if (modulus.empty() || modulus.size() > kMaxRsaBits / 8 || exponent.empty() || exponent.size() > kMaxExponentOctets)
    return fail(Errc::invalid, "no RSA key");
  const Number n = number_of(modulus), e = number_of(exponent);
  if (!n || !e || BN_num_bits(n.get()) < kMinRsaBits || !BN_is_odd(n.get()) || !BN_is_odd(e.get()) ||
      BN_is_one(e.get()))
    return fail(Errc::invalid, "too weak an RSA key");
  const std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return fail(Errc::internal, "no memory");
  EVP_PKEY* const key = key_from("RSA", builder.get());
  if (key == nullptr) return fail(Errc::invalid, "no RSA key");
  return PublicKey(Kind::rsa, key);
}

Result<PublicKey> PublicKey::p256(std::string_view x, std::string_view y) {
  if (x.size() != kCoordinateOctets || y.size() != kCoordinateOctets) return fail(Errc::invalid, "no P-256 key");
  std::string point = "\x04";  // SEC 1 2.3.3: uncompressed
  point.append(x).append(y);
  const std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return fail(Errc::internal, "no memory");
  EVP_PKEY* const key = key_from("EC", builder.get());  // refuses points beside the curve
  if (key == nullptr) return fail(Errc::invalid, "no P-256 key");
  return PublicKey(Kind::p256, key);
}

Result<PublicKey> PublicKey::ed25519(std::string_view x) {
  EVP_PKEY* const key =
      x.size() == 32 ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(x), x.size()) : nullptr;
  if (key == nullptr) return fail(Errc::invalid, "no Ed25519 key");
  return PublicKey(Kind::ed25519, key);
}

bool PublicKey::suits(Algorithm wanted) const {
  if (algorithm && *algorithm != wanted) return false;
  switch (wanted) {
    case Algorithm::rs256:
    case Algorithm::ps256:
      return kind_ == Kind::rsa;
    case Algorithm::es256:
      return kind_ == Kind::p256;
    case Algorithm::eddsa:
      return kind_ == Kind::ed25519;
  }
  return false;
}

bool PublicKey::verifies(Algorithm wanted, std::string_view text, std::string_view signature) const {
  if (!suits(wanted)) return false;
  std::string given(signature);
  if (wanted == Algorithm::es256) {
    if (signature.size() != 2 * kCoordinateOctets) return false;
    given = ecdsa_der(signature);
    if (given.empty()) return false;
  }
  const Digest digest(EVP_MD_CTX_new());
  EVP_PKEY_CTX* padding = nullptr;  // of `digest`
  const EVP_MD* const hash = wanted == Algorithm::eddsa ? nullptr : EVP_sha256();
  if (!digest || EVP_DigestVerifyInit(digest.get(), &padding, hash, nullptr, key_.get()) != 1) return false;
  // RFC 7518 3.5: MGF1 by the same hash, salt as long as the hash.
  if (wanted == Algorithm::ps256 && (EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) != 1 ||
                                     EVP_PKEY_CTX_set_rsa_mgf1_md(padding, hash) != 1 ||
                                     EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST) != 1))
    return false;
  return EVP_DigestVerify(digest.get(), octets_of(given), given.size(), octets_of(text), text.size()) == 1;
}

Result<std::vector<PublicKey>> read_jwks(std::string_view json) {
  GP_TRY(const JsonObject set, JsonObject::parse(json));
  if (!set.has("keys")) return fail(Errc::invalid, "no JWK set");
  std::vector<PublicKey> out;
  for (const JsonObject& jwk : set.objects("keys")) {
    if (out.size() == kMaxKeys) break;
    if (auto key = key_of(jwk)) out.push_back(*std::move(key));
  }
  return out;
}

}  // namespace gatepost::oauth
