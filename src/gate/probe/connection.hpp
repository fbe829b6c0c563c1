#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"
#include "gate/probe/replies.hpp"

struct x509_store_st;  // X509_STORE of OpenSSL

namespace gatepost::gate::probe {

// What became of an attempt to connect.
struct Connected {
  enum class How : std::uint8_t {
    open,
    refused,      // a reset: nothing listens there, or a rule answers for it
    unreachable,  // a router or rule said so (ICMP), or this host has no way there
    silent,       // nothing came back
    failed,       // this host could not even try
  };
  How how = How::failed;
  std::string detail;                         // "no answer to 2 SYN", "administratively prohibited, says 192.0.2.1"
  std::uint8_t icmp_type = 0, icmp_code = 0;  // unreachable: what was said; 0 when the kernel said it alone
  std::optional<Endpoint> local;
};

// Whose signatures are trusted, read once for all connections of a probe: the system's bundle takes a core 20 ms, more
// than ten handshakes. Immutable, so threads may share it.
class Authorities {
 public:
  // PEM files. `file` empty: the system's; `also`: beside them, empty: none.
  explicit Authorities(const std::string& file, const std::string& also = {});
  ~Authorities();
  Authorities(const Authorities&) = delete;
  Authorities& operator=(const Authorities&) = delete;
  const std::string& failure() const { return failure_; }  // empty: they were read
  ::x509_store_st* store() const { return store_; }

 private:
  ::x509_store_st* store_ = nullptr;
  std::string failure_;
};

struct TlsOffer {
  std::string server_name;       // SNI and the name to verify; an address is verified as one and not sent
  int minimum = 0, maximum = 0;  // protocol numbers of OpenSSL; 0: all
  std::vector<std::string> alpn;
  const Authorities* authorities = nullptr;  // outlives the handshake; null: the chain is not looked at
};

// What a handshake showed. The chain is as the server sent it, DER, leaf first.
struct TlsSeen {
  bool done = false;
  std::string failure;      // in words, when it is not done
  bool plain_text = false;  // the peer answered with something that is no TLS
  std::string version, cipher, alpn;
  std::vector<std::string> chain;
  std::vector<int> chain_errors;  // X509_V_ERR_*, each once, in the order found
  std::string staple;             // OCSP response, DER; empty: none
};

// One connection to a server under test: blocking calls with a deadline, and a bound on what the peer can make it hold.
// One thread.
class Connection {
 public:
  // `source`: the address to leave from.
  static Connected open(const Endpoint& to, const std::optional<IpAddress>& source, std::chrono::milliseconds timeout,
                        std::unique_ptr<Connection>& into);
  // Takes over an accepted socket.
  static std::unique_ptr<Connection> of(int fd);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // All waiting ends at `at`, with Errc::timed_out.
  void set_deadline(SteadyPoint at) { deadline_ = at; }
  Result<> write(std::string_view octets);
  // Reads until `take` (one of replies.hpp, its answer bound) is content. Errc::closed, timed_out, invalid (the answer
  // breaks its grammar), too_large (beyond `most` octets).
  Result<> read(const std::function<Taken(std::string_view)>& take, std::size_t most = kMaxAnswerOctets);
  // Whether anything has arrived that was not read yet; waits at most `timeout`.
  bool anything_waits(std::chrono::milliseconds timeout);
  // Nothing the peer sent before may count afterwards: what is left is dropped (RFC 3207 4.2).
  TlsSeen start_tls(const TlsOffer& offer);
  bool encrypted() const;

 private:
  struct Tls;
  explicit Connection(int fd);
  Result<> wait(short events);
  Result<> fill(std::size_t most);
  Result<> wait_for_tls(Tls& tls, int result);
  int fd_;
  SteadyPoint deadline_ = SteadyPoint::max();
  std::string unread_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace gatepost::gate::probe
