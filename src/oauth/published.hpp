#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "oauth/claims.hpp"
#include "oauth/jwk.hpp"
#include "oauth/jwt.hpp"
#include "oauth/provider.hpp"
#include "oauth/web.hpp"

namespace gatepost::oauth {

// What a provider publishes, its keys above all: fetched when it is first needed, and again when it is old or a token
// names a key that is not among them, by one thread at a time. While the provider is away, what is known is used for a
// day more. Thread-safe; may block.
class Published {
 public:
  static constexpr std::chrono::hours kUsable{24};   // after they should have been fetched anew
  static constexpr std::chrono::seconds kRetry{10};  // after a failure, while there is nothing
  static constexpr std::size_t kWaiting = 4;         // threads that wait for another one's fetch
  static constexpr std::size_t kTried = 8;           // keys tried where a token does not say which

  Published(const Provider& provider, Web& web, const Clock& clock, Log& log)
      : provider_(provider), web_(web), clock_(clock), log_(log) {}

  // The keys that may have signed the token. Errc::unauthenticated: the provider has no such key; Errc::unavailable:
  // that cannot be known now.
  Result<std::vector<PublicKey>> keys_for(const Jwt& jwt);
  // Where it is asked about tokens. Errc::unavailable.
  Result<std::string> introspection();

 private:
  struct Facts {
    Discovery places;
    std::vector<PublicKey> keys;
  };
  enum class Turn : std::uint8_t { use, look_again, no };
  Result<Facts> fetch() const;
  std::vector<PublicKey> matching(const Jwt& jwt) const;
  // Has it fetched if that may help and is allowed now. `enough`: what is known would do if it were fresh.
  Turn refresh(std::unique_lock<std::mutex>& lock, bool enough);
  bool is_fresh() const;
  bool is_usable() const;

  const Provider& provider_;
  Web& web_;
  const Clock& clock_;
  Log& log_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable fetched_;
  std::optional<Facts> facts_;
  SteadyPoint at_{};                  // when facts_ were fetched
  std::optional<SteadyPoint> tried_;  // the last try
  std::string trouble_;               // of the last try
  bool fetching_ = false;
  std::size_t waiting_ = 0;
};

}  // namespace gatepost::oauth
