#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "gate/helper/message.hpp"

namespace gatepost::gate::helper {

// Starts the helper program beside our own, over a pair of sockets; before rights are given up and threads started. The
// helper ends with the daemon. The daemon's end. Errc::not_found: there is no such program; Errc::denied: we have no
// right to give.
Result<int> start_helper();

// The daemon's side. Not thread-safe; waits for the helper a few seconds at most.
class HelperClient {
 public:
  // `connected`: from start_helper(), owned; -1: none, then `path` is where the helper listens, tried anew at each call
  // while there is no connection.
  HelperClient(int connected, std::filesystem::path path) : fd_(connected), path_(std::move(path)) {}
  ~HelperClient();
  HelperClient(const HelperClient&) = delete;
  HelperClient& operator=(const HelperClient&) = delete;

  // Errc::unavailable: no helper. Errc::not_found: the firewall has no sets for bans. Errc::denied: the helper has no
  // right to them. The detail is for people.
  Result<> put(const Network& network, std::chrono::seconds length);
  Result<> remove(const Network& network);
  // A number that changes when the sets were made anew, empty.
  Result<std::uint64_t> which();

 private:
  Result<Reply> ask(Request request);
  bool connect();
  void hang_up();

  int fd_;
  const std::filesystem::path path_;
  std::uint32_t last_id_ = 0;
};

}  // namespace gatepost::gate::helper
