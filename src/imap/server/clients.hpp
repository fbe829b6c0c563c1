#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "imap/protocol/command.hpp"
#include "imap/server/server.hpp"

namespace gatepost::imap::server {

inline constexpr std::size_t kMaxClients = 200;  // kinds of programs that are counted apart

// Which programs the sessions of now are, as they say. Thread-safe.
class Clients {
 public:
  // The name it counts under; to be given back by leave().
  std::string enter(const std::string& name);
  void leave(const std::string& counted);
  std::vector<std::pair<std::string, std::size_t>> all() const;

 private:
  mutable std::mutex mutex_;  // guards count_
  std::map<std::string, std::size_t> count_;
};

// "Thunderbird 115.6", short and printable; "" when the client does not say its name.
std::string client_name(const Id& id);
// The first switch that is for this client; nullptr: none.
const ClientSwitch* find_switch(const std::vector<ClientSwitch>& all, const Id& id);

}  // namespace gatepost::imap::server
