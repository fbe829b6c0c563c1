#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "outside/connection.hpp"

namespace gatepost::outside {

// The servers of one directory: connections kept open, the next server when one fails. Thread-safe; calls block.
class Servers {
 public:
  // How long a server that failed is left alone; doubled each time, up to the second.
  static constexpr std::chrono::seconds kFirstRest{5}, kLongestRest{60};
  static constexpr std::chrono::seconds kIdle{60};  // an unused connection is closed after this

  // Everything is borrowed for life.
  Servers(const Settings&, Connector&, const Clock&, Log&, Metrics&);

  // Runs `work` on a connection that the service account is bound on. When the connection fails, so that the error says
  // nothing of what was asked, the next server gets a try. Errc::unavailable: no server answers, or `connections`
  // others are at work for longer than answers take; other errors are `work`'s own.
  Result<> as_service(const std::function<Result<>(Connection&)>& work);
  // The same on one where anybody, or nobody, is bound: for proving passwords.
  Result<> as_anybody(const std::function<Result<>(Connection&)>& work);

  struct State {
    Server server;
    bool resting = false;
    std::string why;  // its last failure; empty: none, or it worked since
    TimePoint since{};
  };
  std::vector<State> state() const;

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    std::size_t server;
    SteadyPoint since;
  };
  struct Health {
    SteadyPoint rests_until{};
    std::chrono::seconds rest{0};
    std::string why;
    TimePoint since{};
  };
  struct Pool {
    bool service;
    std::vector<Idle> idle = {};
  };
  struct Turn;

  Result<> run(Pool& pool, const std::function<Result<>(Connection&)>& work);
  std::unique_ptr<Connection> take_idle(Pool& pool, std::size_t server);
  void keep(Pool& pool, std::size_t server, std::unique_ptr<Connection> connection);
  bool rests(std::size_t server);
  Result<std::unique_ptr<Connection>> open(const Pool& pool, std::size_t server);
  void failed(std::size_t server, const Error& error);
  void worked(std::size_t server);
  Result<> wait_for_turn();

  const Settings& settings_;
  Connector& connector_;
  const Clock& clock_;
  Log& log_;
  Counter& failures_;
  Histogram& seconds_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable freed_;
  std::size_t running_ = 0, waiting_ = 0;
  std::vector<Health> health_;
  Pool service_{.service = true}, anybody_{.service = false};
};

}  // namespace gatepost::outside
