#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "runtime/tls_context.hpp"

struct evp_cipher_ctx_st;
struct evp_mac_ctx_st;

namespace gatepost::runtime {

// Keys that session tickets are sealed with (RFC 5077 4, RFC 8446 4.6.1), in memory only. Thread-safe.
struct TlsServer::TicketKeys {
  TicketKeys(const Clock& clock, std::chrono::seconds key_lifetime) : clock_(clock), lifetime_(key_lifetime) {}
  ~TicketKeys();

  // As SSL_CTX_set_tlsext_ticket_key_evp_cb asks for. Sealing: 1 or -1. Opening: 0 unknown key, 1 good, 2 good but
  // renew.
  int seal(unsigned char* name, unsigned char* iv, evp_cipher_ctx_st* cipher, evp_mac_ctx_st* mac);
  int open(const unsigned char* name, const unsigned char* iv, evp_cipher_ctx_st* cipher, evp_mac_ctx_st* mac);

 private:
  struct Key {
    std::array<std::uint8_t, 16> name;
    std::array<std::uint8_t, 32> aes, hmac;
    SteadyPoint made;
  };
  bool rotate();  // makes the current key fresh; false when there is no randomness
  const Clock& clock_;
  std::chrono::seconds lifetime_;
  std::mutex mutex_;  // guards the two keys
  std::optional<Key> current_, previous_;
};

}  // namespace gatepost::runtime
