#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"
#include "runtime/task.hpp"

namespace gatepost::runtime {

// What a finished handshake agreed on.
struct TlsFacts {
  std::string_view version;  // "TLSv1.3"; of static text, as is the next
  std::string_view cipher;   // "TLS_AES_256_GCM_SHA384"
  std::string server_name;   // SNI; may be empty
  std::string alpn;          // RFC 7301: the protocol agreed on; empty: none was
  std::string tls_exporter;  // RFC 9266 channel binding, 32 octets; empty when not available
  bool resumed = false;
  bool peer_verified = false;  // client side: chain and name verified
  std::string peer_subject;    // certificate the peer showed, may be empty
  // Server side: the mail addresses in a client's certificate that one of TlsServerSettings::client_authorities signed
  // and that is good now, and until when it is. Empty: it showed none, or not such a one.
  std::vector<std::string> client_names;
  TimePoint client_until{};
};

class TlsServer;  // tls_context.hpp
class TlsClient;

// A byte stream that belongs to one I/O thread. Every waiting call ends with Errc::timed_out at the deadline set last
// and with Errc::closed when the peer or close() ended the stream. One reader and one writer at a time.
class Stream {
 public:
  virtual ~Stream() = default;
  // Waits, without holding a buffer, until something has come that read_some() or read_now() is to look at: octets, the
  // end of the stream. Also returns when wake() was called: false = woken, true = readable.
  virtual Task<Result<bool>> wait_readable() = 0;
  // The same, but what can be read does not end the wait: only wake() (false), or that the connection broke (true).
  virtual Task<Result<bool>> wait_woken() = 0;
  // At least one octet, 0 = the peer finished sending.
  virtual Task<Result<std::size_t>> read_some(std::span<char> into) = 0;
  virtual Task<Result<>> write_all(std::string_view octets) = 0;
  // Server side upgrade on the same connection; the caller discards what it had read before (RFC 3207 4.2, RFC
  // 9051 6.2.1). Errc::invalid: the peer did not speak TLS. Errc::unsupported: they found nothing in common.
  virtual Task<Result<TlsFacts>> start_tls_server(TlsServer&) = 0;
  virtual Task<Result<TlsFacts>> start_tls_client(TlsClient&, std::string_view server_name) = 0;
  // Sends what TLS wants sent at the end (close_notify) and closes; never waits long.
  virtual Task<> shutdown() = 0;
  virtual void close() = 0;
  virtual void set_deadline(SteadyPoint) = 0;
  // Makes a pending or the next wait_readable() return false. Call on the stream's own thread.
  virtual void wake() = 0;
  // What goes without waiting, and so without a coroutine. read_now(): as read_some(); nullopt when nothing is there
  // yet: what wait_readable() saw may be a part of something. Errc::unsupported: the stream cannot, read_some() can.
  // write_now(): how many of the first octets have left; the rest, and what went wrong, is for write_all().
  virtual Result<std::optional<std::size_t>> read_now(std::span<char>) { return fail(Errc::unsupported); }
  virtual std::size_t write_now(std::string_view) { return 0; }
};

}  // namespace gatepost::runtime
