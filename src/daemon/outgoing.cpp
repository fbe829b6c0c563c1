#include "daemon/outgoing.hpp"

#if __has_include("smtp/client/delivery.hpp")
#endif

namespace gatepost::daemon {
namespace {

class Nowhere final : public mailflow::RemoteDelivery {
 public:
  runtime::Task<mailflow::AttemptResult> attempt(mailflow::Attempt attempt) override {
    mailflow::AttemptResult result;
    for (const std::size_t recipient : attempt.recipients) {
      result.recipients.push_back({recipient, mailflow::AttemptResult::Outcome::try_later, "451 4.3.2 not yet", ""});
    }
    co_return result;
  }
};

}  // namespace

Result<std::unique_ptr<mailflow::RemoteDelivery>> make_remote_delivery(const config::Config&, OutgoingParts) {
  return std::make_unique<Nowhere>();
}

}  // namespace gatepost::daemon
