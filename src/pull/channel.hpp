#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace gatepost::pull {

enum class Security : std::uint8_t {
  tls,       // from the first octet
  starttls,  // asked for within the protocol
  none,      // to this machine alone: a tunnel
};

struct Server {
  std::string host;  // a name or an address; the certificate has to be for it
  std::uint16_t port = 993;
  Security security = Security::tls;
  std::string ca_file;                 // PEM of the authorities to trust; empty: the system's
  std::chrono::seconds patience{120};  // nothing comes for so long: the connection is given up
};

inline constexpr std::size_t kMaxLineOctets = 256 << 10;

// A connection to another server. Blocking; one thread. TLS is verified, always. Errc::closed: the peer has ended it;
// timed_out; denied: no verified TLS, or none where it was asked for; not_found: the name has no address;
// unavailable: nobody answers there; too_large: a line over kMaxLineOctets.
class Channel {
 public:
  static Result<std::unique_ptr<Channel>> open(const Server& server);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // What came before it is dropped (RFC 3501 6.2.1).
  Result<> start_tls();
  bool encrypted() const;

  Result<> write(std::string_view octets);
  Result<std::string> line();  // without its end
  // At least one octet, at most as many as there is room for.
  Result<std::size_t> read(std::span<char> out);

 private:
  struct Tls;
  Channel(int fd, Server server);
  Result<> wait(short events);
  Result<std::size_t> receive(std::span<char> out);

  const int fd_;
  const Server server_;
  std::string unread_;
  std::size_t at_ = 0;
  std::unique_ptr<Tls> tls_;
};

}  // namespace gatepost::pull
