#pragma once

// Tests only: a provider of tokens in memory.

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/base64.hpp"
#include "base/clock.hpp"
#include "oauth/base64url.hpp"
#include "oauth/provider.hpp"
#include "oauth/web.hpp"

namespace gatepost::oauth {

// A private key that signs tokens.
class SigningKey {
 public:
  // "RS256", "PS256", "ES256", "EdDSA"
  explicit SigningKey(std::string algorithm, unsigned bits = 2048) : algorithm_(std::move(algorithm)) {
    EVP_PKEY* key = nullptr;
    if (algorithm_ == "ES256") {
      key = EVP_EC_gen("P-256");
    } else if (algorithm_ == "EdDSA") {
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    } else {
      key = EVP_RSA_gen(bits);
    }
    key_.reset(key, &EVP_PKEY_free);
  }

  std::string jwk(std::string_view kid, std::string_view more = {}) const {
    std::string numbers;
    if (algorithm_ == "ES256") {
      numbers = fmt::format(R"("kty":"EC","crv":"P-256","x":"{}","y":"{}")", number("qx", 32), number("qy", 32));
    } else if (algorithm_ == "EdDSA") {
      unsigned char raw[32];
      std::size_t size = sizeof raw;
      EVP_PKEY_get_raw_public_key(key_.get(), raw, &size);
      numbers = fmt::format(R"("kty":"OKP","crv":"Ed25519","x":"{}")",
                            base64::encode_url({reinterpret_cast<const char*>(raw), size}));
    } else {
      numbers = fmt::format(R"("kty":"RSA","n":"{}","e":"{}")", number("n"), number("e"));
    }
    return fmt::format(R"({{{},"kid":"{}","use":"sig"{}}})", numbers, kid, more);
  }

  std::string sign(std::string_view text) const {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EVP_PKEY_CTX* padding = nullptr;
    EVP_DigestSignInit(digest.get(), &padding, algorithm_ == "EdDSA" ? nullptr : EVP_sha256(), nullptr, key_.get());
    if (algorithm_ == "PS256") {
      EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST);
    }
    std::string out(2048, '\0');
    std::size_t size = out.size();
    EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    out.resize(size);
    if (algorithm_ != "ES256") return out;
    const auto* der = reinterpret_cast<const unsigned char*>(out.data());
    const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> parts(
        d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(out.size())), &ECDSA_SIG_free);
    std::string raw(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), reinterpret_cast<unsigned char*>(raw.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    return raw;
  }

  std::string token(std::string_view kid, std::string_view claims, std::string_view type = "at+jwt",
                    std::string_view algorithm = {}) const {
    const std::string header = fmt::format(R"({{"alg":"{}","kid":"{}","typ":"{}"}})",
                                           algorithm.empty() ? std::string_view(algorithm_) : algorithm, kid, type);
    const std::string text = base64::encode_url(header) + "." + base64::encode_url(claims);
    return text + "." + base64::encode_url(sign(text));
  }

 private:
  std::string number(const char* name, int octets = 0) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &value);
    std::string out(static_cast<std::size_t>(octets == 0 ? BN_num_bytes(value) : octets), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(value);
    return base64::encode_url(out);
  }
  std::string algorithm_;
  std::shared_ptr<EVP_PKEY> key_;
};

// Answers by address, and counts the questions.
class TestWeb final : public Web {
 public:
  Result<WebAnswer> get(const Provider&, const std::string& url) override { return answer(url); }
  Result<WebAnswer> post(const Provider&, const std::string& url, const std::string& form) override {
    if (about) return WebAnswer{200, about(form)};
    return answer(url);
  }
  std::map<std::string, WebAnswer> pages;
  std::map<std::string, int> asked;
  std::function<std::string(const std::string& form)> about;  // what introspection says
  std::function<void()> takes;                                // runs at each question
  bool away = false;

 private:
  Result<WebAnswer> answer(const std::string& url) {
    const std::lock_guard lock(mutex_);
    ++asked[url];
    if (takes) takes();
    if (away) return fail(Errc::unavailable, "no connection");
    const auto at = pages.find(url);
    return at == pages.end() ? WebAnswer{404, ""} : at->second;
  }
  std::mutex mutex_;
};

}  // namespace gatepost::oauth
