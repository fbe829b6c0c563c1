#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"

namespace gatepost::http::server {

// Who asks for one thing after the other that is not there, over all connections: a client that looks for something
// tries a few, a program with a wrong setting the same again and again, who tries everything is a scanner. An IPv6
// client stands for its /64. Thread-safe; bounded memory.
class Misses {
 public:
  static constexpr std::chrono::minutes kWindow{10};  // from the first miss on
  static constexpr std::size_t kMostClients = 4096;   // then whoever began first is forgotten

  // true: the client has missed `limit` different paths and found nothing between. It then begins anew.
  bool missed(const IpAddress& client, std::string_view path, std::uint32_t limit, SteadyPoint now);
  void found(const IpAddress& client);

 private:
  struct Client {
    SteadyPoint since;
    std::vector<std::size_t> paths;  // hashes, each once
  };
  void make_room(SteadyPoint now);

  std::mutex mutex_;  // guards the rest
  std::map<IpAddress, Client> clients_;
  std::atomic<bool> any_{false};  // of them; nearly every request asks, and nearly always there are none
};

}  // namespace gatepost::http::server
