#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "gate/bans/ban_list.hpp"

namespace gatepost::gate {

// Whether bans are in the firewall, too.
struct Enforcement {
  bool firewall = false;
  std::string why_not;  // for people; empty with `firewall`
};

// Bans with all that follows from them: they are kept, they end open connections, and the firewall knows them. What
// administrators' verbs and explanations ask. Thread-safe.
class BanService {
 public:
  virtual ~BanService() = default;
  virtual const BanList& list() const = 0;
  // As BanList::add and BanList::lift.
  virtual Result<Ban> add(const Network& network, std::chrono::seconds length, std::string_view reason) = 0;
  virtual std::vector<Ban> lift(const IpAddress& address) = 0;
  virtual std::vector<Ban> lift(const Network& network) = 0;
  virtual Enforcement enforcement() const = 0;
  // Asks the firewall now whether it takes bans; with `refill` it is told all of them again. Waits for the outcome, but
  // not longer than some seconds.
  virtual Enforcement look(bool refill) = 0;
};

}  // namespace gatepost::gate
