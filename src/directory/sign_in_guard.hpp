#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/mutex.hpp"
#include "directory/authenticate.hpp"

namespace gatepost::directory {

// Counts wrong passwords and says who may not try for a time. Names are canonical, addresses as they come. Thread-safe;
// microseconds; memory is bounded: beyond the limits what is oldest is forgotten first.
class SignInGuard {
 public:
  static constexpr std::size_t kMaxCounted = 100'000;  // addresses, and pairs of address and name, with failures
  static constexpr std::size_t kMaxMarks = 1'000'000;  // failures, of all of them together
  static constexpr std::size_t kMaxMarksOfOne = 10'000;
  static constexpr std::size_t kMaxBans = 50'000;  // then those that end first go

  SignInGuard(SignInLimits limits, const Clock& clock) : clock_(clock), limits_(std::move(limits)) {}
  void set_limits(SignInLimits limits);

  // The ban that keeps `name` from being tried from `remote`, if any.
  std::optional<Ban> banned(const IpAddress& remote, std::string_view name);
  struct Counted {
    std::size_t distinct = 0;  // of the pair within the window, this one included
    bool fresh = false;        // this one was not counted before
    std::vector<Ban> bans;     // that this failure brought about
  };
  // `mark` is equal for equal wrong passwords of one name.
  Counted failed(const IpAddress& remote, std::string_view name, std::uint64_t mark);
  // The right password: what the pair got wrong before was a slip of the hand. How many that were.
  std::size_t succeeded(const IpAddress& remote, std::string_view name);

  std::vector<Ban> bans();
  std::size_t ban_count();  // those of the allow list included
  std::size_t lift(const IpAddress& remote);
  std::size_t counted();  // pairs and addresses in memory, for tests

 private:
  // name empty: the address over all accounts
  using Key = std::pair<IpAddress, std::string>;
  struct Mark {
    SteadyPoint at;
    std::uint64_t what;
  };
  struct Row {
    std::vector<Mark> marks;              // in order of time, distinct
    std::list<const Key*>::iterator age;  // place in ages_
  };
  using Rows = std::map<Key, Row>;
  struct Held {
    SteadyPoint end;
    TimePoint until;
    std::string reason;
  };
  using Bans = std::map<Key, Held>;

  std::size_t count(const Key& key, std::uint64_t mark, bool* fresh) GP_REQUIRES(mutex_);
  Ban ban(const Key& key, std::string reason) GP_REQUIRES(mutex_);
  void forget(Rows::iterator row) GP_REQUIRES(mutex_);
  void forget_old() GP_REQUIRES(mutex_);
  void unban(Bans::iterator held) GP_REQUIRES(mutex_);
  void end_bans() GP_REQUIRES(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  SignInLimits limits_ GP_GUARDED_BY(mutex_);
  Rows rows_ GP_GUARDED_BY(mutex_);
  std::list<const Key*> ages_ GP_GUARDED_BY(mutex_);  // of rows_, the one that failed last at the end
  std::size_t marks_ GP_GUARDED_BY(mutex_) = 0;
  Bans bans_ GP_GUARDED_BY(mutex_);
  std::set<std::pair<SteadyPoint, const Key*>> ends_ GP_GUARDED_BY(mutex_);  // of bans_
};

}  // namespace gatepost::directory
