#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "directory/authenticate.hpp"
#include "gate/bans/ban_service.hpp"
#include "runtime/session.hpp"
#include "store/key_value.hpp"

namespace gatepost::gate::helper {
class HelperClient;
}

namespace gatepost::daemon {

// The bans of the running server: hears what sessions and sign-ins tell, keeps bans in the store, ends the connections
// of who is banned, and has the helper put them into the firewall. The list answers at once; store and firewall follow
// on a thread of their own. Thread-safe.
class BanKeeper final : public gate::BanService {
 public:
  struct Parts {
    store::KeyValue& keys;
    const Clock& clock;
    Log& log;
    Metrics& metrics;
    std::function<void(const Network&)> end_connections;
    std::unique_ptr<gate::helper::HelperClient> helper;  // null: the firewall is left alone
    std::string why_no_helper;
  };
  BanKeeper(Parts parts, gate::BanRules rules);
  ~BanKeeper() override;
  // Reads the bans that were in force when the server ended, and begins to work. A record that cannot be read is logged
  // and left out: better without one ban than without a server.
  Result<> start();
  void stop();
  void set_rules(gate::BanRules rules);

  void saw(const runtime::Peer& peer, runtime::Conduct what, std::string_view detail);
  void heard(const directory::SignInNews& news);
  // Whether to close this connection before a word; logged at most once a second.
  bool refuses(const IpAddress& peer);

  const gate::BanList& list() const override { return list_; }
  Result<gate::Ban> add(const Network& network, std::chrono::seconds length, std::string_view reason) override;
  std::vector<gate::Ban> lift(const IpAddress& address) override;
  std::vector<gate::Ban> lift(const Network& network) override;
  gate::Enforcement enforcement() const override;
  gate::Enforcement look(bool refill) override;

  static constexpr std::chrono::seconds kRound{15};  // between two looks at the firewall

 private:
  // What the thread has to do; a later job about the same network takes the place of an earlier one.
  struct Job {
    gate::Ban ban;
    bool ends = false;
  };
  void begin(const std::vector<gate::Ban>& bans);
  void end(const std::vector<gate::Ban>& bans);
  void enqueue(std::vector<Job> jobs);
  void wait_until_told();
  void look_as_asked();
  void end_looks();
  void work(std::stop_token stop);
  void keep(const std::vector<Job>& jobs);
  Result<> write(const std::vector<store::Write>& writes);
  void tell_firewall(const std::vector<Job>& jobs);
  void look_at_firewall();
  Result<> take_out();
  Result<> put(const gate::Ban& ban);
  void note(const Result<>& firewall);

  store::KeyValue& keys_;
  const Clock& clock_;
  Log& log_;
  const std::function<void(const Network&)> end_connections_;
  const std::unique_ptr<gate::helper::HelperClient> helper_;  // on the thread only
  Counter& refused_;
  std::array<Counter*, gate::kCauses> made_{};
  gate::BanList list_;

  // On the thread alone, after start().
  store::Version version_ = 0;
  bool keep_all_ = false;              // a write failed
  std::optional<std::uint64_t> sets_;  // which sets of the firewall have our bans
  SteadyPoint filled_{};               // when they got them
  std::vector<Network> lifted_;        // still to be taken out of them

  mutable std::mutex mutex_;  // guards the next nine
  std::vector<Job> jobs_;
  std::uint64_t asked_ = 0, done_ = 0;  // jobs since the start
  std::uint64_t looks_asked_ = 0, looks_done_ = 0;
  bool refill_ = false;  // at the next look
  gate::Enforcement enforcement_;
  SteadyPoint refusal_logged_{};
  std::uint64_t unlogged_ = 0;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace gatepost::daemon
