// The end of a server: handing its sockets over, draining its sessions, stopping.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/date.hpp"
#include "daemon/daemon.hpp"
#include "daemon/events.hpp"
#include "daemon/process.hpp"

namespace gatepost::daemon {

namespace json = boost::json;

ControlSocket::Answer Daemon::hand_over() {
  const auto refuse = [](Errc code, std::string why) {
    return ControlSocket::Answer{admin::failure(Error{code, std::move(why)}, "restart"), {}};
  };
  if (managed_) return refuse(Errc::unsupported, "systemd runs this server: systemctl restart gatepost");
  auto ends = make_succession_channel();
  if (!ends) return refuse(ends.error().code, ends.error().detail);
  ControlSocket::Answer answer;
  const std::lock_guard lock(mutex_);
  if (heir_ || draining_since_) return refuse(Errc::unavailable, "the server is stopping already");
  for (const OpenListener& open : listeners_) answer.descriptors.emplace_back(::dup(open.listener->fd()));
  const std::int64_t token = next_token_++;
  answer.reply.json =
      fmt::format("{{\"sockets\":{},\"pid\":{},\"token\":{}}}", answer.descriptors.size(), ::getpid(), token);
  if (handovers_.size() == kMaxHandovers) handovers_.erase(handovers_.begin());
  handovers_.push_back({token, std::move(ends->first)});
  answer.descriptors.push_back(std::move(ends->second));
  // The successor goes on writing where we write.
  answer.descriptors.emplace_back(::dup(STDERR_FILENO));
  return answer;
}

ControlSocket::Answer Daemon::stop_for_heir(const std::string& token) {
  {
    const std::lock_guard lock(mutex_);
    const auto named =
        std::ranges::find_if(handovers_, [&](const Handover& one) { return std::to_string(one.token) == token; });
    if (heir_ || draining_since_ || named == handovers_.end()) {
      return {admin::failure(Error{Errc::conflict, "another process takes this server's place"}, "restart"), {}};
    }
    heir_ = std::move(named->channel);
    handovers_.clear();
  }
  send_signal(SIGTERM);
  return {admin::Reply{.text = "The server is stopping.\n", .json = "{}"}, {}};
}

std::optional<Daemon::Estate> Daemon::estate() {
  const std::lock_guard lock(mutex_);
  if (!heir_) return std::nullopt;
  Estate out{std::move(heir_), *config_, {}, tls_settings_};
  for (const OpenListener& open : listeners_) {
    out.sockets.push_back({open.config, open.at, runtime::UniqueFd(::dup(open.listener->fd())), open.ours});
  }
  return out;
}

std::vector<Daemon::OpenSocket> Daemon::open_sockets_now() {
  std::vector<OpenSocket> out;
  const std::lock_guard lock(mutex_);
  for (const OpenListener& open : listeners_) {
    std::string name = fmt::format("{}{}-{}", kOwnSocket, open.config.name, open.at.to_string());
    std::ranges::replace(name, ':', '.');  // sd_pid_notify_with_fds(3): no colons
    out.push_back({std::move(name), open.listener->fd(), open.ours});
  }
  return out;
}

admin::Reply Daemon::drain_state() {
  const std::size_t open = connections_.count();
  const auto limit = config()->maintenance.drain_timeout;
  const std::lock_guard lock(mutex_);
  admin::Reply reply;
  json::object object{{"draining", draining_since_.has_value()},
                      {"connections", open},
                      {"limit_s", limit.count()},
                      {"since", nullptr},
                      {"told", draining_told_}};
  if (draining_since_) {
    object["since"] = date::format_rfc3339(*draining_since_);
    reply.text = fmt::format("Draining since {}: {} of {} connection(s) left, {} s at most.\n",
                             date::format_rfc3339(*draining_since_), open, draining_told_, limit.count());
  } else {
    reply.text = fmt::format("Serving {} connection(s); a drain may take {} s.\n", open, limit.count());
  }
  json::object by_listener;
  for (const OpenListener& one : listeners_) {
    const std::size_t count = one.listener->connections();
    if (count == 0) continue;
    by_listener[fmt::format("{} {}", one.config.name, one.at.to_string())] = count;
    reply.text += fmt::format("  {:<14} {:<24} {}\n", one.config.name, one.at.to_string(), count);
  }
  object["listeners"] = std::move(by_listener);
  if (predecessor_) {
    object["before"] =
        json::object{{"told", predecessor_->told}, {"cut", predecessor_->cut}, {"took_ms", predecessor_->took.count()}};
    reply.text +=
        fmt::format("The last drain took {:.2f} s: {} connection(s) told, {} cut off.\n",
                    std::chrono::duration<double>(predecessor_->took).count(), predecessor_->told, predecessor_->cut);
  }
  reply.json = json::serialize(object);
  return reply;
}

bool Daemon::stop(std::chrono::milliseconds grace) {
  const auto until = std::chrono::steady_clock::now() + grace;
  if (keeper_) keeper_->stop_soon();
  oauth_web_.stop();
  {
    const std::lock_guard one(reload_mutex_);
    stopping_ = true;
    const std::lock_guard lock(mutex_);
    draining_since_ = clock_.now();
    draining_told_ = connections_.count();
    for (const OpenListener& open : listeners_) open.listener->stop_accepting();
  }
  // Who was accepted just now still gets a greeting before the farewell.
  settle();
  settle();
  std::this_thread::sleep_for(kGreetingTime);
  runner_->stop();
  const auto drained = connections_.drain(grace);
  drained_ = {drained.told, drained.cut, drained.took};
  log_.write(event::kDrained,
             {{"connections", drained.told}, {"cut", drained.cut}, {"drain_ms", drained.took.count()}});
  if (!drained.ended) return false;
  auto ended = queue_ended_.get_future();
  if (ended.wait_until(std::max(until, std::chrono::steady_clock::now() + kQueueTime)) != std::future_status::ready) {
    return false;
  }
  maintenance_.reset();
  traffic_clock_.reset();
  outside_->stop();  // a server that hangs would hold up those that wait for it
  outside_clock_.reset();
  // What was counted since the last minute goes with the sessions; a failure costs no more than that.
  (void)traffic_feed_->tick();
  control_.reset();
  keeper_.reset();
  (void)gate_notes_.save();
  if (attachment_source_) attachment_source_->stop();
  if (attachment_indexes_) attachment_indexes_->stop();
  if (indexes_) indexes_->stop();
  listeners_.clear();
  settle();
  threads_.stop();
  bans_->stop();
  return true;
}

void Daemon::settle() {
  const auto passed = std::make_shared<std::atomic<std::size_t>>(0);  // shared with threads that come too late
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    threads_.post(i, [passed] { ++*passed; });
  }
  const auto until = std::chrono::steady_clock::now() + kSettleTime;
  while (*passed < threads_.size() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace gatepost::daemon
