#include "outside/servers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "outside/events.hpp"

namespace gatepost::outside {
namespace {

// Says something of the connection, and nothing of what was asked.
bool is_of_connection(Errc code) {
  return code == Errc::closed || code == Errc::timed_out || code == Errc::unavailable;
}

}  // namespace

// One of the connections that may be at work at one time.
struct Servers::Turn {
  explicit Turn(Servers& servers) : of(servers) {}
  ~Turn() {
    const std::lock_guard lock(of.mutex_);
    --of.running_;
    of.freed_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  Servers& of;
};

Servers::Servers(const Settings& settings, Connector& connector, const Clock& clock, Log& log, Metrics& metrics)
    : settings_(settings),
      connector_(connector),
      clock_(clock),
      log_(log),
      failures_(metrics.counter("gatepost_outside_failures_total", fmt::format("directory=\"{}\"", settings.name),
                                "Tries with a server of an outside directory that failed.")),
      seconds_(metrics.histogram("gatepost_outside_seconds", fmt::format("directory=\"{}\"", settings.name),
                                 "How long an outside directory took for an answer.")),
      health_(settings.servers.size()) {}

Result<> Servers::as_service(const std::function<Result<>(Connection&)>& work) { return run(service_, work); }

Result<> Servers::as_anybody(const std::function<Result<>(Connection&)>& work) { return run(anybody_, work); }

Result<> Servers::wait_for_turn() {
  std::unique_lock lock(mutex_);
  const auto busy = [this] { return running_ >= settings_.connections; };
  if (busy()) {
    // Each of those who wait costs a thread.
    if (waiting_ >= settings_.connections) return fail(Errc::unavailable, settings_.name + ": too many at once");
    ++waiting_;
    const bool free = freed_.wait_for(lock, settings_.access.answer_timeout, [&] { return !busy(); });
    --waiting_;
    if (!free) return fail(Errc::unavailable, settings_.name + ": too many at once");
  }
  ++running_;
  return {};
}

std::unique_ptr<Connection> Servers::take_idle(Pool& pool, std::size_t server) {
  std::vector<std::unique_ptr<Connection>> old;  // closed outside the lock
  const std::lock_guard lock(mutex_);
  const SteadyPoint now = clock_.steady();
  for (Idle& one : pool.idle) {
    if (now - one.since >= kIdle) old.push_back(std::move(one.connection));
  }
  std::erase_if(pool.idle, [](const Idle& one) { return one.connection == nullptr; });
  const auto at = std::ranges::find_if(pool.idle, [&](const Idle& one) { return one.server == server; });
  if (at == pool.idle.end()) return nullptr;
  auto out = std::move(at->connection);
  pool.idle.erase(at);
  return out;
}

void Servers::keep(Pool& pool, std::size_t server, std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  pool.idle.push_back({std::move(connection), server, clock_.steady()});
}

bool Servers::rests(std::size_t server) {
  const std::lock_guard lock(mutex_);
  return clock_.steady() < health_[server].rests_until;
}

void Servers::failed(std::size_t server, const Error& error) {
  failures_.add();
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    Health& h = health_[server];
    first = h.why.empty();
    if (first) h.since = clock_.now();
    h.rest = std::min(h.rest.count() == 0 ? kFirstRest : h.rest * 2, kLongestRest);
    h.rests_until = clock_.steady() + h.rest;
    h.why = error.detail.empty() ? std::string(to_string(error.code)) : error.detail;
  }
  if (first) {
    log_.write(event::kServerFailed, {{"directory", settings_.name},
                                      {"server", settings_.servers[server].to_string()},
                                      {"code", to_string(error.code)},
                                      {"detail", error.detail}});
  }
}

void Servers::worked(std::size_t server) {
  bool back = false;
  {
    const std::lock_guard lock(mutex_);
    back = !health_[server].why.empty();
    health_[server] = {};
  }
  if (back) {
    log_.write(event::kServerBack, {{"directory", settings_.name}, {"server", settings_.servers[server].to_string()}});
  }
}

Result<std::unique_ptr<Connection>> Servers::open(const Pool& pool, std::size_t server) {
  GP_TRY(auto connection, connector_.connect(settings_.servers[server], settings_.access));
  if (!pool.service || settings_.bind_dn.empty()) return connection;
  GP_TRY(const Proof proof, connection->bind(settings_.bind_dn, settings_.bind_password));
  if (proof.kind != Proof::Kind::right) {
    return fail(Errc::unavailable,
                fmt::format("{} does not take the service account {}: {} {}", settings_.servers[server].to_string(),
                            settings_.bind_dn, to_string(proof.kind), proof.detail));
  }
  return connection;
}

Result<> Servers::run(Pool& pool, const std::function<Result<>(Connection&)>& work) {
  GP_CHECK(wait_for_turn());
  const Turn turn(*this);
  std::string why;
  for (std::size_t server = 0; server < settings_.servers.size(); ++server) {
    if (rests(server)) continue;
    auto connection = take_idle(pool, server);
    // One that was kept may have been closed by the server meanwhile, which says nothing of the server.
    for (bool kept = connection != nullptr;; kept = false) {
      const SteadyPoint begun = clock_.steady();
      if (connection == nullptr) {
        auto opened = open(pool, server);
        if (!opened) {
          why = opened.error().detail;
          failed(server, opened.error());
          break;
        }
        connection = *std::move(opened);
      }
      const Result<> done = work(*connection);
      if (done || !is_of_connection(done.error().code)) {
        seconds_.observe(std::chrono::duration<double>(clock_.steady() - begun).count());
        worked(server);
        // What remains of an answer that was too large would be taken for the next one.
        if (done || done.error().code != Errc::too_large) keep(pool, server, std::move(connection));
        return done;
      }
      connection.reset();
      if (kept && done.error().code == Errc::closed) continue;
      why = done.error().detail;
      failed(server, done.error());
      break;
    }
  }
  if (why.empty()) {
    const std::lock_guard lock(mutex_);
    for (const Health& h : health_) why = h.why;
  }
  return fail(Errc::unavailable, fmt::format("no server of {} answers: {}", settings_.name, why));
}

std::vector<Servers::State> Servers::state() const {
  const std::lock_guard lock(mutex_);
  std::vector<State> out;
  for (std::size_t i = 0; i < health_.size(); ++i) {
    out.push_back({settings_.servers[i], clock_.steady() < health_[i].rests_until, health_[i].why, health_[i].since});
  }
  return out;
}

}  // namespace gatepost::outside
