#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "mailflow/delivery.hpp"
#include "runtime/stream.hpp"

namespace gatepost::account {
class Accounts;
}
namespace gatepost::runtime {
class Resolver;
class Workers;
}  // namespace gatepost::runtime
namespace gatepost::sasl {
class Library;
}

namespace gatepost::smtp::client {

enum class TlsUse : std::uint8_t {
  none,           // never
  opportunistic,  // when offered; without it when the handshake fails (RFC 7435)
  required,       // STARTTLS or no mail; to a smart host its certificate is verified, too
  implicit,       // from the first octet, verified (RFC 8314 3.3); smart hosts only
};

// All mail that leaves goes there.
struct SmartHost {
  std::string host;  // name or address
  std::uint16_t port = 587;
  TlsUse tls = TlsUse::required;
  std::string username;  // empty: no sign-in; else only under TLS
  Secret password;
};

// What the configuration says; an attempt keeps those it began with.
struct Settings {
  std::string hostname;                     // in EHLO
  std::vector<std::string> own_names;       // names MX records know us by; `hostname` is always one
  std::optional<SmartHost> smart_host;      // none: to the mail exchangers of each domain
  std::uint16_t port = 25;                  // of mail exchangers
  TlsUse tls = TlsUse::opportunistic;       // to mail exchangers
  std::vector<IpAddress> source_addresses;  // the first of the right family is taken; none: the system's choice
  std::filesystem::path ca_file;            // PEM, to verify smart hosts; empty: the system's store
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds command_timeout{300};  // RFC 5321 4.5.3.2.1 to .4
  std::chrono::seconds block_timeout{180};    // RFC 5321 4.5.3.2.5: for a block of data to be taken
  std::chrono::seconds data_timeout{600};     // RFC 5321 4.5.3.2.6: for the reply to the end of data
  std::uint32_t messages_per_connection = 100;
  std::chrono::seconds idle_time{5};  // how long a connection waits for the next message; 0: it ends at once
};

// Opens a connection; runtime::dial but in tests.
using Dial = std::function<runtime::Task<Result<std::unique_ptr<runtime::Stream>>>(
    Endpoint to, std::chrono::steady_clock::duration timeout, std::optional<IpAddress> source)>;

// What delivery uses; all of it outlives it.
struct Services {
  account::Accounts& accounts;
  runtime::Resolver& resolver;
  runtime::Workers& workers;
  sasl::Library& sasl;
  const Clock& clock;
  Random& random;
  Log& log;
  Metrics& metrics;
  Dial dial = {};  // empty: runtime::dial
};

// Sends queued mail to other servers by SMTP (RFC 5321). attempt() belongs to one I/O thread, the queue runner's;
// reload() is thread-safe.
class Delivery final : public mailflow::RemoteDelivery {
 public:
  // Errc::invalid, not_found: `ca_file` cannot be used.
  static Result<std::unique_ptr<Delivery>> create(Services services, Settings settings);
  ~Delivery() override;
  // Attempts that begin later follow. On error nothing changes.
  Result<> reload(Settings settings);

  // Ends within the sum of the timeouts; every recipient of the attempt has its result.
  runtime::Task<mailflow::AttemptResult> attempt(mailflow::Attempt attempt) override;

 private:
  struct State;
  explicit Delivery(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::smtp::client
