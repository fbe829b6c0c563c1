#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "directory/door.hpp"
#include "directory/events.hpp"

// What the files of the door share; nobody else includes it.
namespace gatepost::directory {

inline SignInContext sign_in_context(const DoorContext& context) {
  return {context.remote, context.service, context.connection_id, context.proxied, context.renewing};
}

// Who is signed in, and which principals were revoked lately. Thread-safe.
struct Door::State {
  // One session, known to the registry for as long as it lives.
  struct Entry {
    Principal principal;
    std::string service, web_session;
    IpAddress remote;
    TimePoint since{};
    std::uint64_t number = 0;
    std::string program;  // guarded by the registry's mutex
    std::function<void()> on_revoked;
    TimePoint ends{};  // of the token or certificate; epoch: never
    bool opens_http = false;
    std::atomic<bool> revoked{false};
  };
  using Entries = std::unordered_set<std::shared_ptr<Entry>>;
  State(DoorPolicy p, const Clock& c, Log& l, Metrics& m)
      : clock(c),
        log(l),
        refused_sessions(m.counter("gatepost_sessions_refused_total", "",
                                   "Sign-ins refused because the account has its maximum of sessions.")),
        revoked_sessions(
            m.counter("gatepost_sessions_revoked_total", "",
                      "Sessions ended because the account was disabled, deleted or got another password.")),
        policy(std::make_shared<const DoorPolicy>(std::move(p))) {}

  std::shared_ptr<const DoorPolicy> current() {
    const Lock lock(mutex);
    return policy;
  }
  // What a sign-in notes at its beginning: a revoke after it makes what it found out worthless.
  std::uint64_t revokes() {
    const Lock lock(mutex);
    return revoke_count;
  }
  bool revoked_since(std::uint64_t noted, PrincipalId id) GP_REQUIRES(mutex) {
    if (revoke_count - noted > recent.size()) return true;  // forgotten: assume the worst
    const auto fresh = static_cast<std::ptrdiff_t>(recent.size() - (revoke_count - noted));
    return std::find(recent.begin() + fresh, recent.end(), id) != recent.end();
  }

  // Errc::conflict: credentials of this principal were changed since `noted`.
  Result<std::unique_ptr<SignedIn>> enter(const std::shared_ptr<State>& self, Principal principal, std::uint64_t noted,
                                          const DoorContext& context, std::function<void()> on_revoked, bool opens_http,
                                          TimePoint ends = {});
  // Checks the password and enters; whoever changed it meanwhile makes it look again.
  Result<std::unique_ptr<SignedIn>> enter_with_password(const std::shared_ptr<State>& self,
                                                        Authenticator& authenticator, std::string_view name,
                                                        const Secret& password, const DoorContext& context,
                                                        const std::function<void()>& on_revoked);
  Result<std::unique_ptr<SignedIn>> enter_with_proof(const std::shared_ptr<State>& self,
                                                     const std::function<Result<Principal>()>& prove,
                                                     const std::function<bool(const Principal&)>& opens_http,
                                                     const DoorContext& context,
                                                     const std::function<void()>& on_revoked);
  // Asks whose the token is, and enters. The same Tokens for all of them.
  Result<std::unique_ptr<SignedIn>> enter_with_token(const std::shared_ptr<State>& self, Authenticator& authenticator,
                                                     Tokens& tokens, std::string_view name, const Secret& token,
                                                     const DoorContext& context,
                                                     const std::function<void()>& on_revoked);
  void leave(const std::shared_ptr<Entry>& entry);
  // Says that somebody's sign-in was no proof of anything.
  void broken(const DoorContext& context, std::string_view mechanism, std::string_view name, const Error& why) const;
  std::size_t revoke(PrincipalId id);
  std::size_t end_web_session(PrincipalId id, std::string_view session);
  // Ends those of the principal for which `which` is true.
  std::size_t end_those(PrincipalId id, const std::function<bool(const Entry&)>& which);
  static void end(const std::vector<std::shared_ptr<Entry>>& entries);
  std::size_t end_expired();

  const Clock& clock;
  Log& log;
  Counter& refused_sessions;
  Counter& revoked_sessions;
  std::function<void(std::string_view, PrincipalId)> seen;  // set before there are sessions
  Mutex mutex;
  std::shared_ptr<const DoorPolicy> policy GP_GUARDED_BY(mutex);  // immutable, shared with sign-ins that go on
  std::map<std::pair<PrincipalId, std::string>, Entries> sessions GP_GUARDED_BY(mutex);
  std::map<std::string, std::size_t, std::less<>> services GP_GUARDED_BY(mutex);       // their sessions
  std::set<std::pair<TimePoint, std::shared_ptr<Entry>>> ending GP_GUARDED_BY(mutex);  // those by what ends
  std::uint64_t last_number GP_GUARDED_BY(mutex) = 0;
  std::uint64_t revoke_count GP_GUARDED_BY(mutex) = 0;
  std::deque<PrincipalId> recent GP_GUARDED_BY(mutex);  // the last of the revokes

  class Session;
};

}  // namespace gatepost::directory
