#include "sasl/scram_keys.hpp"

#include <gsasl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstring>

#include "base/digest.hpp"
#include "base/utf8.hpp"

namespace gatepost::sasl {
namespace {

const EVP_MD* evp(Hash hash) { return hash == Hash::sha1 ? EVP_sha1() : EVP_sha256(); }

unsigned char* octets_in(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* octets_in(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// SaltedPassword := Hi(Normalize(password), salt, i); ClientKey := HMAC(SaltedPassword, "Client Key")
// StoredKey := H(ClientKey);                          ServerKey := HMAC(SaltedPassword, "Server Key")
Result<ScramVerifier> derive(Hash hash, const Secret& password, std::string_view salt, std::uint32_t iterations) {
  if (iterations == 0 || salt.empty()) return fail(Errc::invalid, "SCRAM needs a salt and at least one iteration");
  GP_TRY(const Secret prepared, saslprep(password));
  const std::string_view text = prepared.reveal();
  std::string salted(octets_of(hash), '\0');
  if (PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()), octets_in(salt), static_cast<int>(salt.size()),
                        static_cast<int>(iterations), evp(hash), static_cast<int>(salted.size()),
                        octets_in(salted)) != 1) {
    return fail(Errc::internal, "PBKDF2 failed");
  }
  std::string client_key = hmac(hash, salted, "Client Key");
  ScramVerifier out{.iterations = iterations,
                    .salt = std::string(salt),
                    .stored_key = digest(hash, client_key),
                    .server_key = hmac(hash, salted, "Server Key")};
  OPENSSL_cleanse(salted.data(), salted.size());
  OPENSSL_cleanse(client_key.data(), client_key.size());
  return out;
}

}  // namespace

std::size_t octets_of(Hash hash) { return hash == Hash::sha1 ? 20 : 32; }

std::string_view to_string(Hash hash) { return hash == Hash::sha1 ? "SHA-1" : "SHA-256"; }

std::string digest(Hash hash, std::string_view octets) {
  std::string out(octets_of(hash), '\0');
  GP_ASSERT(EVP_Digest(octets.data(), octets.size(), octets_in(out), nullptr, evp(hash), nullptr) == 1);
  return out;
}

std::string hmac(Hash hash, std::string_view key, std::string_view octets) {
  std::string out(octets_of(hash), '\0');
  GP_ASSERT(HMAC(evp(hash), key.data(), static_cast<int>(key.size()), octets_in(octets), octets.size(), octets_in(out),
                 nullptr) != nullptr);
  return out;
}

ScramVerifier decoy_verifier(Hash hash, std::string_view decoy_key, std::string_view name, std::uint32_t iterations) {
  constexpr std::size_t kSaltOctets = 16;
  auto part = [&](std::string_view what) {
    std::string label;
    label.append(what).append(1, '\0').append(to_string(hash)).append(1, '\0').append(name);
    return hmac_sha256(decoy_key, label);
  };
  return {.iterations = iterations,
          .salt = part("salt").substr(0, kSaltOctets),
          .stored_key = part("stored").substr(0, octets_of(hash)),
          .server_key = part("server").substr(0, octets_of(hash))};
}

Result<ScramVerifier> derive_scram_sha256(const Secret& password, std::string_view salt, std::uint32_t iterations) {
  return derive(Hash::sha256, password, salt, iterations);
}

Result<ScramVerifier> derive_scram_sha1(const Secret& password, std::string_view salt, std::uint32_t iterations) {
  return derive(Hash::sha1, password, salt, iterations);
}

Result<Secret> saslprep(const Secret& text) {
  const std::string_view octets = text.reveal();
  if (octets.contains('\0') || !utf8::is_valid(octets)) return fail(Errc::invalid, "not UTF-8 without NUL");
  std::string copy(octets);
  char* prepared = nullptr;
  const int rc = gsasl_saslprep(copy.c_str(), static_cast<Gsasl_saslprep_flags>(0), &prepared, nullptr);
  OPENSSL_cleanse(copy.data(), copy.size());
  if (rc != GSASL_OK) return fail(Errc::invalid, "SASLprep refuses the text");
  Secret out{std::string_view(prepared)};
  OPENSSL_cleanse(prepared, std::strlen(prepared));
  gsasl_free(prepared);
  return out;
}

}  // namespace gatepost::sasl
