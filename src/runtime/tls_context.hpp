#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace gatepost::runtime {

class TlsSession;
class WaitedSocket;

enum class TlsMinimum : std::uint8_t { v1_2, v1_3 };

// A certificate with its key, as PEM text.
struct TlsCertificate {
  std::string chain_pem;  // leaf first
  std::string key_pem;
  std::vector<std::string> names;  // SNI names it serves, "*.example.org" allowed; empty: those in the certificate
  std::string label;               // for error texts: the file
};
// Reads both files. Errc::not_found / denied / invalid with the path in the detail.
Result<TlsCertificate> read_tls_certificate(const std::filesystem::path& chain, const std::filesystem::path& key,
                                            std::vector<std::string> names = {});

// The protocol of handshakes that do nothing but show a certificate of proof to a certificate authority (RFC 8737 4).
inline constexpr std::string_view kAcmeProtocol = "acme-tls/1";

struct TlsServerSettings {
  std::vector<TlsCertificate> certificates;  // at least one; the first serves clients that name no known host
  TlsMinimum minimum = TlsMinimum::v1_2;
  std::string ciphers;            // OpenSSL list for TLS 1.2; empty: the built-in list
  std::vector<std::string> alpn;  // offered protocols, best first; empty: ALPN is not spoken
  // The certificate for a handshake that offers kAcmeProtocol and nothing else for `name` (SNI, lower case); none: the
  // handshake fails. The connection ends with the handshake (RFC 8737 3). Called on I/O threads, which it must not
  // block. Empty: the protocol is not spoken.
  std::function<std::optional<TlsCertificate>(std::string_view name)> proof = {};
  // PEM of who signs the certificates of clients, with their revocation lists if there are any; then every client is
  // asked for one (which it need not have), and no session is resumed. Empty: nobody is asked.
  std::string client_authorities = {};
  std::chrono::seconds ticket_key_lifetime{12 * 3600};  // a key makes tickets so long, and is accepted so long again
};

struct TlsCertificateFacts {
  std::vector<std::string> names;
  std::string subject, issuer, label;
  std::string serial, fingerprint;  // hexadecimal; the SHA-256 of the whole certificate
  std::vector<std::string> chain;   // subjects of the certificates sent behind it
  TimePoint not_before, not_after;
};

// The server side of TLS: certificates chosen by SNI, session tickets, the settings all handshakes follow. Certificates
// of different key types (ECDSA, RSA) that serve the same name are used together, whichever the client can verify.
// Thread-safe.
class TlsServer {
 public:
  // Errc::invalid says which certificate and what is wrong with it. `clock` is borrowed for life.
  static Result<std::unique_ptr<TlsServer>> create(const TlsServerSettings& settings, const Clock& clock);
  ~TlsServer();

  // New handshakes follow `settings`; running sessions keep theirs, and earlier tickets stay good. On error nothing
  // changes.
  Result<> reload(const TlsServerSettings& settings);
  std::vector<TlsCertificateFacts> certificates() const;

  // The server's end of a handshake. The socket is borrowed for the life of the session.
  Result<std::unique_ptr<TlsSession>> session(WaitedSocket& socket) const;

  struct State;  // immutable, shared by the sessions that use it
  struct TicketKeys;

 private:
  explicit TlsServer(std::shared_ptr<TicketKeys> keys) : keys_(std::move(keys)) {}
  std::shared_ptr<const State> current() const;
  std::shared_ptr<TicketKeys> keys_;
  mutable std::mutex mutex_;  // guards state_
  std::shared_ptr<const State> state_;
};

struct TlsClientSettings {
  enum class Verify : std::uint8_t {
    none,            // opportunistic: any certificate will do; TlsFacts says whether it was good
    name_and_chain,  // RFC 9525: trusted chain and the name asked for, else the handshake fails
  };
  Verify verify = Verify::name_and_chain;
  std::filesystem::path ca_file = {};  // PEM; empty: the system's store
  TlsMinimum minimum = TlsMinimum::v1_2;
};

// The client side. Thread-safe, immutable.
class TlsClient {
 public:
  static Result<std::unique_ptr<TlsClient>> create(const TlsClientSettings& settings);
  // The socket is borrowed for the life of the session.
  // `server_name`: host name for SNI and verification, or an address in text (then without SNI, RFC 6066 3).
  Result<std::unique_ptr<TlsSession>> session(WaitedSocket& socket, std::string_view server_name) const;
  bool verifies() const { return verifies_; }

 private:
  TlsClient(std::shared_ptr<void> context, bool verifies) : context_(std::move(context)), verifies_(verifies) {}
  std::shared_ptr<void> context_;  // SSL_CTX
  bool verifies_;
};

}  // namespace gatepost::runtime
