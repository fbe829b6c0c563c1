#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"

// Messages to push services (RFC 8030).
namespace gatepost::push {

struct Message {
  std::string url;  // of the push resource
  std::string content;
  bool encrypted = false;      // coding aes128gcm
  std::string authorization;   // "": none
  std::uint32_t ttl = 86'400;  // seconds that the service may keep it (5.2)
};

// What the service said.
struct Answer {
  int status = 0;
  std::uint32_t retry_after = 0;  // seconds; 0: it says nothing
};

// Whether a connection may go there: addresses of the public Internet alone, since clients choose them.
bool is_public(const IpAddress& address);

struct SenderOptions {
  std::filesystem::path ca_file;  // PEM; empty: the system's authorities
  std::vector<Network> networks;  // beside public addresses
};

// By libcurl: https alone, TLS verified, no redirects, no proxy, half a minute at most. Thread-safe. Blocks.
class Sender {
 public:
  explicit Sender(SenderOptions options) : options_(std::move(options)) {}
  // Errors: why there is no answer. Errc::denied: the address is none that may be connected to.
  Result<Answer> send(const Message& message, std::stop_token stop) const;

 private:
  const SenderOptions options_;
};

}  // namespace gatepost::push
