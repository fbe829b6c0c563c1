#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "gate/probe/prober.hpp"
#include "gate/probe/vantage_wire.hpp"

// A probe from elsewhere: "outside" is only real where somebody outside looks.
namespace gatepost::gate::probe {

// The key of a vantage: a file of at least 32 octets that nobody but its owner may read. Errc::denied: others may.
Result<Secret> read_key(const std::filesystem::path& file);
// Makes one of 64 hexadecimal digits, 0600. Errc::conflict: there is such a file.
Result<> make_key(const std::filesystem::path& file);

// "vantage.example.net", "192.0.2.1:4993", "[2001:db8::1]:4993", with kVantagePort where none is said; resolves names
// and asks. Waits for the report as long as a probe may take.
Result<Report> ask_vantage(std::string_view where, std::string_view key, const VantageRequest& request);

// What a vantage looks at for those who have its key. It is no scanner: the targets are named, and the ports are those
// of mail servers or named, too.
struct VantageTerms {
  std::vector<Network> networks;          // targets
  std::vector<std::string> hosts;         // names that may be asked for, whatever addresses they have
  std::vector<std::uint16_t> more_ports;  // beside those of the profiles
  std::string ca_file;                    // PEM of authorities for certificates; empty: the system's
  std::size_t requests_per_minute = 12;
  std::chrono::milliseconds patience{10'000};  // for a request to come in
};
inline constexpr std::size_t kMaxVantageClients = 16;
// "4993", "192.0.2.1", "192.0.2.1:4993", "[::]:4993"; without an address, all of this host.
std::optional<Endpoint> endpoint_to_serve(std::string_view text);

// The services of a request. Errc::invalid, or Errc::denied where the terms do not allow a port.
Result<std::vector<Service>> services_of(const VantageRequest& request, const VantageTerms& terms);

// Answers on threads of its own until it is dropped.
class VantageServer {
 public:
  // Errc::unavailable: it cannot listen there. Port 0: any that is free.
  static Result<std::unique_ptr<VantageServer>> start(const Endpoint& at, Secret key, VantageTerms terms,
                                                      const Clock& clock);
  ~VantageServer();
  VantageServer(const VantageServer&) = delete;
  VantageServer& operator=(const VantageServer&) = delete;
  Endpoint at() const;

 private:
  struct Inside;
  explicit VantageServer(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace gatepost::gate::probe
