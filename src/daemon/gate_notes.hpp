#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "admin/command.hpp"
#include "base/mutex.hpp"
#include "daemon/status.hpp"
#include "gate/notes/line_ring.hpp"
#include "gate/notes/peer_notes.hpp"
#include "gate/notes/uses.hpp"
#include "gate/watch/event_ring.hpp"
#include "runtime/connection_observer.hpp"

namespace gatepost::daemon {

// What the server remembers of those who came, for `gatepost gate explain` and `gate top`: its own refusals and ends of
// connections, its last log lines, and what the watcher (`gatepost gate watch`, which has the rights the server has
// not) tells it of the firewall. All in memory of fixed size. Thread-safe.
class GateNotes final : public runtime::ConnectionObserver {
 public:
  // Borrowed for life. `uses_file`: where the use of the listeners is kept over a restart.
  GateNotes(const gate::notes::LineRing& lines, std::filesystem::path uses_file, const Clock& clock, Random& random);

  // Whether an address is banned, for refusals at the listener's gate. Set before the first connection.
  void set_banned(std::function<bool(const IpAddress&)> banned) { banned_ = std::move(banned); }

  void refused(std::string_view listener, const Endpoint& remote, std::string_view why) override;
  void opened(const runtime::Peer& peer) override;
  void ended(const runtime::Peer& peer, End how, std::chrono::steady_clock::duration lasted,
             std::string_view detail) override;

  // Keeps the use of the listeners on disk. Blocks.
  Result<> save();

  // "gate peer" (address), "gate lines" (text), "gate events" (record, gap: from the watcher), "gate top", "gate
  // uses".
  static bool answers(std::string_view verb);
  // `status`: asked for only where it is needed.
  admin::Reply answer(const admin::Request& request, const std::function<Status()>& status);

 private:
  admin::Reply peer(const admin::Request& request) const;
  admin::Reply lines(const admin::Request& request) const;
  admin::Reply events(const admin::Request& request);
  admin::Reply top(const Status& status) const;
  std::shared_ptr<gate::watch::EventRing> firewall() const;

  const gate::notes::LineRing& lines_;
  const Clock& clock_;
  const std::uint64_t seed_;
  const std::filesystem::path uses_file_;
  std::function<bool(const IpAddress&)> banned_;
  gate::notes::PeerNotes peers_;
  gate::notes::Uses uses_;
  mutable Mutex mutex_;
  // Made with the first event, for most servers have no watcher; shared with those who read it meanwhile.
  std::shared_ptr<gate::watch::EventRing> firewall_ GP_GUARDED_BY(mutex_);
  TimePoint fed_ GP_GUARDED_BY(mutex_){};
};

}  // namespace gatepost::daemon
