#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"

namespace gatepost::gate::notes {

// Which networks really use a listener: what an opening could be narrowed to. Networks are /24 and /64, so that nothing
// is known of single people. Memory is bounded: of a listener that more networks use than are kept, only that much is
// known, and that it is so. Thread-safe; a call takes one short lock.
class Uses {
 public:
  static constexpr std::size_t kListeners = 64, kNetworks = 256;
  struct Use {
    Network network;
    std::uint64_t connections = 0;
    TimePoint last{};
    bool operator==(const Use&) const = default;
  };
  struct OfListener {
    std::string listener;
    TimePoint since{};  // counted from then
    bool more = false;  // more networks than are kept
    std::uint64_t connections = 0;
    std::vector<Use> uses;
    bool operator==(const OfListener&) const = default;
  };

  explicit Uses(const Clock& clock) : clock_(clock) {}
  void opened(std::string_view listener, const IpAddress& from);
  std::vector<OfListener> all() const;

  // Goes on from what was kept over a restart. What is no use is left out.
  void restore(const std::vector<OfListener>& kept);

 private:
  struct Counter {
    std::uint64_t connections = 0;
    TimePoint last{};
  };
  struct Listener {
    TimePoint since{};
    bool more = false;
    std::uint64_t connections = 0;
    std::map<IpAddress, Counter> networks;
  };
  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<std::string, Listener, std::less<>> listeners_ GP_GUARDED_BY(mutex_);
};

std::string to_json(const std::vector<Uses::OfListener>&);
// Errc::invalid: it is not that.
Result<std::vector<Uses::OfListener>> uses_from_json(std::string_view);

}  // namespace gatepost::gate::notes
