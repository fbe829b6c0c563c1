#include "push/encryption.hpp"

#include <algorithm>
#include <memory>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace gatepost::push {
namespace {

constexpr std::size_t kPoint = 65, kAuth = 16, kScalar = 32, kSalt = 16, kKey = 16, kNonce = 12, kTag = 16;
constexpr std::uint32_t kRecord = 4'096;  // RFC 8188 2.1: larger than the one record there is

template <auto Free>
struct Freed {
  void operator()(auto* what) const { Free(what); }
};
using Pkey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Group = std::unique_ptr<EC_GROUP, Freed<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freed<EC_POINT_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_clear_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::unexpected<Error> bad(const char* what) { return fail(Errc::invalid, what); }

// The public point of a private key, uncompressed. Errc::invalid: 0, or not below the order.
Result<std::string> public_of(std::string_view scalar) {
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const Number number(BN_bin2bn(raw(scalar), static_cast<int>(scalar.size()), nullptr));
  GP_ASSERT(group && number);
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), EC_GROUP_get0_order(group.get())) >= 0)
    return bad("private key");
  const Point point(EC_POINT_new(group.get()));
  GP_ASSERT(point && EC_POINT_mul(group.get(), point.get(), number.get(), nullptr, nullptr, nullptr) == 1);
  std::string out(kPoint, '\0');
  GP_ASSERT(EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, raw(out), out.size(),
                               nullptr) == kPoint);
  return out;
}

// `scalar` empty: a public key. Errc::invalid: not on the curve.
Result<Pkey> key_of(std::string_view point, std::string_view scalar) {
  const Builder builder(OSSL_PARAM_BLD_new());
  const Number number(scalar.empty() ? nullptr : BN_bin2bn(raw(scalar), static_cast<int>(scalar.size()), nullptr));
  GP_ASSERT(builder != nullptr);
  bool good = OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
              OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1;
  if (number) good = good && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, number.get()) == 1;
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  GP_ASSERT(good && params && context && EVP_PKEY_fromdata_init(context.get()) == 1);
  EVP_PKEY* key = nullptr;
  const int selection = scalar.empty() ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
  if (EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) != 1) return bad("not a point of P-256");
  return Pkey(key);
}

Result<std::string> shared_secret(EVP_PKEY* own, EVP_PKEY* peer) {
  const PkeyContext context(EVP_PKEY_CTX_new(own, nullptr));
  std::string out(kScalar, '\0');
  std::size_t size = out.size();
  GP_ASSERT(context && EVP_PKEY_derive_init(context.get()) == 1);
  if (EVP_PKEY_derive_set_peer(context.get(), peer) != 1 || EVP_PKEY_derive(context.get(), raw(out), &size) != 1 ||
      size != kScalar) {
    return bad("not a point of P-256");
  }
  return out;
}

// HKDF (RFC 5869) of at most one block.
std::string derive(std::string_view salt, std::string_view key, std::string_view info, std::size_t octets) {
  return hmac_sha256(hmac_sha256(salt, key), std::string(info) + '\x01').substr(0, octets);
}

std::string sealed(std::string_view key, std::string_view nonce, std::string_view plain) {
  const Cipher cipher(EVP_CIPHER_CTX_new());
  std::string out(plain.size() + kTag, '\0');
  int length = 0, rest = 0;
  const bool good =
      cipher && EVP_EncryptInit_ex(cipher.get(), EVP_aes_128_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), raw(out), &length, raw(plain), static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), raw(out) + length, &rest) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTag, raw(out) + plain.size()) == 1;
  GP_ASSERT(good && static_cast<std::size_t>(length + rest) == plain.size());
  return out;
}

}  // namespace

Result<std::string> from_base64url(std::string_view text) {
  auto out = base64::decode_url(text);
  if (!out) return bad("not base64url");
  return *std::move(out);
}

Result<SubscriberKeys> read_keys(std::string_view p256dh, std::string_view auth) {
  SubscriberKeys out;
  GP_TRY(out.p256dh, from_base64url(p256dh));
  GP_TRY(out.auth, from_base64url(auth));
  if (out.p256dh.size() != kPoint || out.p256dh[0] != '\x04' || out.auth.size() != kAuth) return bad("keys");
  GP_TRY(const Pkey on_curve, key_of(out.p256dh, {}));
  return out;
}

Result<std::string> encrypt(const SubscriberKeys& keys, std::string_view plain, Random& random) {
  for (;;) {
    const auto scalar = from_hex(random.hex(kScalar));
    const auto salt = from_hex(random.hex(kSalt));
    GP_ASSERT(scalar && salt && scalar->size() == kScalar && salt->size() == kSalt);
    if (!public_of(*scalar)) continue;  // as good as never: it is no key
    return encrypt_with(keys, plain, *scalar, *salt);
  }
}

Result<std::string> encrypt_with(const SubscriberKeys& keys, std::string_view plain, std::string_view private_key,
                                 std::string_view salt) {
  if (plain.size() > kMaxPlainOctets) return fail(Errc::too_large, "a push message");
  GP_TRY(const std::string own_point, public_of(private_key));
  GP_TRY(const Pkey own, key_of(own_point, private_key));
  GP_TRY(const Pkey peer, key_of(keys.p256dh, {}));
  GP_TRY(const std::string secret, shared_secret(own.get(), peer.get()));
  // RFC 8291 3.4.
  const std::string info = std::string("WebPush: info") + '\0' + keys.p256dh + own_point;
  const std::string input = derive(keys.auth, secret, info, kScalar);
  // RFC 8188 2.2, 2.3.
  const std::string key = derive(salt, input, std::string("Content-Encoding: aes128gcm") + '\0', kKey);
  const std::string nonce = derive(salt, input, std::string("Content-Encoding: nonce") + '\0', kNonce);
  std::string out(salt);
  put_u32(out, kRecord);
  put_u8(out, static_cast<std::uint8_t>(own_point.size()));
  out += own_point;
  return out + sealed(key, nonce, std::string(plain) + '\x02');  // RFC 8188 2: the last record
}

}  // namespace gatepost::push
