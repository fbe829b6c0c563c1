#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "acme/outcome.hpp"

namespace gatepost::acme {

struct HttpRequest {
  enum class Method : std::uint8_t { get, head, post } method = Method::get;
  std::string url;
  std::string body;         // post
  std::string accept = {};  // empty: whatever
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::string content_type;  // without parameters, lower case
  std::string nonce;         // Replay-Nonce
  std::string location, retry_after;
  std::vector<std::string> alternates;  // Link: <...>;rel="alternate"
};

// Asks a server by HTTPS and waits for its answer.
class Transport {
 public:
  virtual ~Transport() = default;
  // Any answer with a status is one. The failure says why there is none.
  virtual Outcome<HttpResponse> send(const HttpRequest& request, std::stop_token stop) = 0;
};

// By libcurl: TLS verified, no redirects (RFC 8555 6.3 has none), answers of 1 MiB at most, each within a minute. Not
// thread-safe.
class CurlTransport final : public Transport {
 public:
  // `ca_file`: PEM of who may have signed the servers' certificates; empty: the system's store. `plain_http`: http://
  // only, up to ten redirects and any certificate, as an authority fetches http-01 answers (8.3).
  explicit CurlTransport(std::filesystem::path ca_file, bool plain_http = false);
  ~CurlTransport() override;
  Outcome<HttpResponse> send(const HttpRequest& request, std::stop_token stop) override;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

// One line of a response's header into `into`; for transports and their fuzzer.
void take_header(std::string_view line, HttpResponse& into);

// Waits; false: told to stop meanwhile.
bool pause(std::chrono::milliseconds duration, std::stop_token stop);

}  // namespace gatepost::acme
