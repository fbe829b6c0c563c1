#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "directory/directory.hpp"
#include "jmap/standard.hpp"

// News for programs that are not connected (RFC 8620 7.2): what they subscribed to, and who sends it.
namespace gatepost::jmap {

Answer push_subscription_get(Call& call);
Answer push_subscription_set(Call& call);

// One message on its way to a push service (RFC 8030).
struct PushMessage {
  std::string url;
  std::string p256dh, auth;  // base64url (RFC 8291); "": it goes as it is
  std::string content;       // JSON
  bool verifies = false;     // a PushVerification: somebody waits for it
};
enum class Pushed : std::uint8_t {
  taken,
  later,  // not now; another time, it may
  gone,   // there is no such subscription any more
};

// Sends to push services, and remembers which accounts have anything to send. Implemented by the daemon. Thread-safe;
// all but application_key() block.
class PushGateway {
 public:
  virtual ~PushGateway() = default;
  // Whether messages could be sent so: https, keys that are some.
  virtual bool is_good(std::string_view url, std::string_view p256dh, std::string_view auth) const = 0;
  virtual Pushed send(const PushMessage& message, std::stop_token stop) = 0;
  // RFC 9749: what browsers are to be given, base64url.
  virtual std::string application_key() const = 0;
  // Durable.
  virtual Result<std::vector<directory::PrincipalId>> subscribers() = 0;
  virtual Result<> note_subscriber(directory::PrincipalId user, bool has_some) = 0;
};

struct PushSubscription {
  std::string id, device, url, p256dh, auth;
  std::string code;  // that the client has to send back
  bool verified = false;
  TimePoint expires{};
  std::optional<std::vector<std::string>> types;  // none: all
};
inline constexpr std::size_t kMaxPushSubscriptions = 20;             // of one user
inline constexpr std::chrono::days kPushDays{7}, kMostPushDays{30};  // RFC 8620 7.2: a server may limit it

// Kept with the user's own account. Those that are over are left out. All block.
Result<std::vector<PushSubscription>> push_subscriptions_of(account::Account& account, TimePoint now);
Result<> keep(account::Account& account, const PushSubscription& subscription);
Result<> forget_push(account::Account& account, std::string_view id);

}  // namespace gatepost::jmap
