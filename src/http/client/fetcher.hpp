#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

// Asking other servers by HTTP, libcurl inside: proxies of the environment, HTTP/2, names, time limits.
namespace gatepost::http::client {

struct Request {
  enum class Method : std::uint8_t { get, head, post } method = Method::get;
  std::string url;
  std::string body;                  // post
  std::vector<std::string> headers;  // "Accept: application/json"
};

struct Response {
  int status = 0;
  std::string body;
};

// Why there is no answer.
struct Trouble {
  enum class Kind : std::uint8_t {
    no_address,     // the host's name cannot be resolved
    no_connection,  // nobody takes the connection
    too_slow,
    untrusted,  // the certificate is of nobody we trust, or for another host
    ca_file,    // Terms::ca_file cannot be read
    too_long,   // over the limits of Terms
    stopped,    // told to stop; nothing failed
    other,
  } kind = Kind::other;
  std::string host;  // of the URL
  std::string said;  // by the library, in English
};

// How servers are asked. Redirects are followed with `plain_http` alone.
struct Terms {
  std::filesystem::path ca_file;  // PEM of who may have signed their certificates; empty: the system's store
  bool plain_http = false;        // http:// too, up to ten redirects, and any certificate
  std::string user_agent = "gatepost (libcurl)";
  std::size_t body_octets = 1 << 20;
  std::size_t header_octets = 64 << 10;
  std::chrono::seconds connect{20};
  std::chrono::seconds whole{60};  // of one answer
};

// Keeps its connection for the next request. Blocks: on workers alone. Not thread-safe.
class Fetcher {
 public:
  explicit Fetcher(Terms terms);
  ~Fetcher();
  // Any answer with a status is one. `header` gets each line of the header as it comes; may be empty.
  std::expected<Response, Trouble> send(const Request& request, const std::function<void(std::string_view)>& header,
                                        std::stop_token stop);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

// The host of a URL, with its port if it names one.
std::string host_of(std::string_view url);

}  // namespace gatepost::http::client
