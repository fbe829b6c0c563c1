#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server/exchange.hpp"
#include "http/server/request.hpp"
#include "runtime/task.hpp"

namespace gatepost::http::server {

// Runs once for a request, on the connection's I/O thread (exchange.hpp). What it refers to outlives the server.
using Handler = std::function<runtime::Task<>(Exchange&)>;

enum class Access : std::uint8_t {
  everybody,
  signed_in,  // by Basic (RFC 7617); others get 401 and keep their connection
};

// A part of the web: for whom, which methods, and who answers.
struct Route {
  std::string host;  // lower case; "" for every host. "autoconfig.*": any name that begins so
  // "/a/b": this path. "{x}": any one segment, to be had as parameter("x"). A "*" at the end: everything below, also
  // nothing; what it stands for is parameter("*").
  std::string path;
  std::vector<std::string> methods;  // "GET" stands for HEAD, too. OPTIONS is answered from this list (RFC 9110 9.3.7)
  Handler handler;
  Access access = Access::everybody;
  std::optional<std::uint64_t> content_octets = std::nullopt;  // limit of a request; none: that of the settings
  bool always = false;                                         // answered while nobody else is served (Services::away)
  bool tunnels = false;  // takes extended CONNECT (RFC 8441) and Upgrade (RFC 9110 7.8)
  // In place of `handler`, with Access::everybody: answers before it returns, and needs no coroutine for that.
  std::function<void(Exchange&)> at_once = nullptr;
};

// What a host's paths are answered by. Filled before the first connection, and not changed after that.
class Router {
 public:
  // Two routes of the same host and path, and methods in common: a defect.
  void add(Route route);

  struct Found {
    const Route* route = nullptr;  // none: `status` answers
    std::vector<std::pair<std::string_view, std::string>> parameters;
    int status = 404;   // or 405, 204 (OPTIONS)
    std::string allow;  // of 405 and 204
  };
  // The most particular route: a named host before any, a written segment before "{x}" before "*".
  Found find(std::string_view host, const Target& target, std::string_view method) const;
  bool has_tunnels() const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
    bool rest = false;  // ends in "*"
  };
  std::vector<std::unique_ptr<Entry>> entries_;  // the most particular first
};

}  // namespace gatepost::http::server
