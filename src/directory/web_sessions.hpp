#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/ip.hpp"
#include "base/mutex.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "directory/directory.hpp"

namespace gatepost::store {
class KeyValue;
struct Write;
}  // namespace gatepost::store

namespace gatepost::directory {

struct WebSessionSettings {
  std::chrono::seconds idle = std::chrono::hours(12);       // unused for so long, it is over
  std::chrono::seconds lasting = std::chrono::hours(720);   // likewise, where somebody asked to stay signed in
  std::chrono::seconds longest = std::chrono::hours(2160);  // whatever its use
};

// A browser that is signed in.
struct WebSession {
  std::string id;  // public name, of no use for signing in
  PrincipalId principal{};
  TimePoint created{}, used{}, until{};  // `until`: over, unless it is used before
  bool lasting = false;
  std::string agent;  // what the browser calls itself, cut to kMaxAgentOctets
  IpAddress remote;   // last seen at
};

// Sign-ins of browsers, by a token that only the browser has; the store keeps its hash. A session is over when it was
// idle for too long, when it is ended, and when the account is disabled, removed, or has another main password.
// Thread-safe. begin(), end(), end_all() and tidy() block on the disk, check() never does.
class WebSessions {
 public:
  static constexpr std::size_t kMaxOfOne = 50;  // sessions of an account; then the one used least recently goes
  static constexpr std::size_t kMaxAgentOctets = 200;
  static constexpr std::chrono::minutes kUseGranularity{10};  // how exact `used` is after a restart

  // References outlive it. A record that cannot be read is left out: its browser signs in again.
  static Result<std::unique_ptr<WebSessions>> open(store::KeyValue&, Directory&, WebSessionSettings, const Clock&,
                                                   Random&);
  void set_settings(WebSessionSettings);

  struct Begun {
    Secret token;  // letters, digits, "-" and "_"
    WebSession session;
  };
  // What tells that the main password is still the one it was.
  using Stamp = std::array<std::uint8_t, 16>;
  Result<Stamp> stamp_of(const Principal& principal);
  // `proven`: of before the password was checked, so that one which is replaced meanwhile begins nothing that lasts;
  // without it, the present one.
  Result<Begun> begin(const Principal& principal, bool lasting, std::string_view agent, const IpAddress& remote,
                      const std::optional<Stamp>& proven = std::nullopt);

  struct Checked {
    Principal principal;
    WebSession session;
  };
  // Whoever has to have a second factor and has none yet may only set one up.
  enum class For : std::uint8_t { everything, setting_up };
  // Notes a use. Errc::unauthenticated: there is no such session (any more). Errc::denied: the account is disabled.
  // Errc::forbidden: it is good for setting up a second factor alone.
  Result<Checked> check(std::string_view token, const IpAddress& remote, For what = For::everything);

  // Those of one account, the last used first.
  std::vector<WebSession> list(PrincipalId principal);
  // Errc::not_found: the account has none of this id.
  Result<> end(PrincipalId principal, std::string_view id);
  // All but the one of that id ("": all). How many there were.
  Result<std::size_t> end_all(PrincipalId principal, std::string_view but = {});
  // Forgets what is over, and writes down uses; for every few minutes. How many are gone.
  Result<std::size_t> tidy();
  std::size_t count();
  // Whose they are, each once.
  std::vector<PrincipalId> principals();

  // What a page has to send beside the cookie with every request that changes something, so that no other site's page
  // can make the browser do it. Follows from the token.
  static std::string csrf_token(std::string_view token);

 private:
  struct Row {
    WebSession session;
    Stamp stamp{};
    TimePoint stored{};  // `used` as the store has it
  };
  struct KeyHash {
    std::size_t operator()(const Sha256Value& key) const;
  };
  using Rows = std::unordered_map<Sha256Value, Row, KeyHash>;

  WebSessions(store::KeyValue& keys, Directory& directory, WebSessionSettings settings, const Clock& clock,
              Random& random)
      : keys_(keys), directory_(directory), clock_(clock), random_(random), settings_(settings) {}
  Result<> load();
  Result<> write(const std::vector<store::Write>& writes) GP_EXCLUDES(writer_, mutex_);
  TimePoint end_of(const WebSession& session) const GP_REQUIRES(mutex_);
  static std::string encode(const Row& row);
  static Result<Row> decode(std::string_view value);
  // Takes those for which `which` is true out of memory and store.
  Result<std::size_t> drop(const std::function<bool(const WebSession&)>& which);

  store::KeyValue& keys_;
  Directory& directory_;
  const Clock& clock_;
  Random& random_;

  Mutex writer_;  // before mutex_
  std::uint64_t version_ GP_GUARDED_BY(writer_) = 0;
  Mutex mutex_;
  WebSessionSettings settings_ GP_GUARDED_BY(mutex_);
  Rows rows_ GP_GUARDED_BY(mutex_);
};

}  // namespace gatepost::directory
