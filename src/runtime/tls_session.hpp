#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/stream.hpp"

struct ssl_st;

namespace gatepost::runtime {

// What a TLS call came to, or which readiness of the socket it waits for.
enum class TlsProgress { done, want_read, want_write, ended, failed };

// One TLS connection directly on a socket; never waits. Made by TlsServer and TlsClient; belongs to the
// stream that owns the socket.
class TlsSession {
 public:
  // Takes over `ssl`. `context` is kept alive for as long as the session lives.
  TlsSession(ssl_st* ssl, std::shared_ptr<const void> context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  TlsProgress handshake();
  TlsProgress read(std::span<char> into, std::size_t& got);
  TlsProgress write(std::string_view octets, std::size_t& put);
  // done when read() would give octets; takes in records that carry none (tickets, key updates).
  TlsProgress peek();
  // Whether octets from the socket are kept here, decrypted or not. Without any, only the socket can have news.
  bool holds_input() const;
  void send_close_notify();  // once, without waiting

  TlsFacts facts() const;  // after the handshake
  // Why the last call failed, in words for the admin.
  const std::string& failure() const { return failure_; }
  // Of a handshake that failed: invalid when the peer did not speak TLS at all, closed when it sent nothing, and
  // unsupported when the two did not agree.
  Errc failure_code() const;

 private:
  TlsProgress progress(int result);
  ssl_st* ssl_;
  std::shared_ptr<const void> context_;
  std::string failure_;
  bool no_tls_ = false;
};

}  // namespace gatepost::runtime
