#include "runtime/ticket_keys.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>

namespace gatepost::runtime {

namespace {

bool key_mac(EVP_MAC_CTX* mac, std::array<std::uint8_t, 32>& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
                               OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

}  // namespace

TlsServer::TicketKeys::~TicketKeys() {
  for (auto* key : {&current_, &previous_}) {
    if (*key) OPENSSL_cleanse(&**key, sizeof(Key));
  }
}

bool TlsServer::TicketKeys::rotate() {
  const SteadyPoint now = clock_.steady();
  if (current_ && now - current_->made < lifetime_) return true;
  Key fresh{};
  fresh.made = now;
  if (RAND_bytes(fresh.name.data(), static_cast<int>(fresh.name.size())) != 1 ||
      RAND_priv_bytes(fresh.aes.data(), static_cast<int>(fresh.aes.size())) != 1 ||
      RAND_priv_bytes(fresh.hmac.data(), static_cast<int>(fresh.hmac.size())) != 1) {
    return false;
  }
  previous_ = current_;
  if (previous_ && now - previous_->made >= 2 * lifetime_) previous_.reset();
  current_ = fresh;
  return true;
}

int TlsServer::TicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const std::lock_guard lock(mutex_);
  if (!rotate() || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  std::ranges::copy(current_->name, name);
  if (EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, current_->aes.data(), iv) != 1) return -1;
  return key_mac(mac, current_->hmac) ? 1 : -1;
}

int TlsServer::TicketKeys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                                EVP_MAC_CTX* mac) {
  const std::lock_guard lock(mutex_);
  if (!rotate()) return -1;
  const SteadyPoint now = clock_.steady();
  for (auto* key : {&current_, &previous_}) {
    if (!*key || now - (*key)->made >= 2 * lifetime_ || !std::equal((*key)->name.begin(), (*key)->name.end(), name))
      continue;
    if (!key_mac(mac, (*key)->hmac)) return -1;
    if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, (*key)->aes.data(), iv) != 1) return -1;
    return key == &current_ ? 1 : 2;
  }
  return 0;
}

}  // namespace gatepost::runtime
