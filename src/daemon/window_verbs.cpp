// What a maintenance window means to the server: who is turned away, and how it begins and ends.
#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/date.hpp"
#include "daemon/daemon.hpp"
#include "runtime/turned_away.hpp"

namespace gatepost::daemon {

namespace json = boost::json;

// Administrators are served, so that they can try what they did.
std::optional<std::chrono::seconds> Daemon::turned_away(const IpAddress& client) {
  if (!window_.is_open()) return std::nullopt;
  if (contains(config()->networks.admin, client)) return std::nullopt;
  return window_.turn_away(client);
}

// HTTP answers each request itself (http::server::Services::away); numbers for monitoring are always there.
runtime::SessionFactory Daemon::guarded(config::Service service, runtime::SessionFactory make) {
  switch (service) {
    case config::Service::http:
    case config::Service::https:
    case config::Service::metrics:
      return make;
    default:
      break;
  }
  return [this, make = std::move(make)](runtime::Peer& peer, runtime::Output& output,
                                        std::shared_ptr<runtime::Waker> waker) {
    auto session = make(peer, output, std::move(waker));
    if (!turned_away(peer.remote.address)) return session;
    return runtime::turn_away(std::move(session), window_.why());
  };
}

admin::Reply Daemon::begin_window(std::chrono::seconds length, const std::string& message) {
  {
    const std::lock_guard lock(mutex_);
    if (draining_since_) return admin::failure({Errc::unavailable, "the server is stopping"}, "maintenance begin");
  }
  const auto state = window_.begin(length, message);
  if (!state) return admin::failure(state.error(), "maintenance begin");
  const auto ended = connections_.end_present(config()->maintenance.drain_timeout);
  admin::Reply reply;
  reply.text = fmt::format(
      "Nobody but administrators is served until {}, or until: gatepost maintenance end.\n"
      "{} connection(s) were told, {} cut off, in {:.2f} s.\n",
      date::format_rfc3339(state->until), ended.told, ended.cut, std::chrono::duration<double>(ended.took).count());
  reply.json = json::serialize(json::object{{"begun", date::format_rfc3339(state->begun)},
                                            {"until", date::format_rfc3339(state->until)},
                                            {"told", ended.told},
                                            {"cut", ended.cut}});
  return reply;
}

admin::Reply Daemon::end_window() {
  const auto state = window_.now();
  if (!state || !window_.end())
    return admin::failure({Errc::not_found, "there is no maintenance window"}, "maintenance end");
  admin::Reply reply;
  reply.text = fmt::format("Everybody is served again; {} came meanwhile and were turned away.\n", state->turned_away);
  reply.json = json::serialize(json::object{{"turned_away", state->turned_away}});
  return reply;
}

}  // namespace gatepost::daemon
