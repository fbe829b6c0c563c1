#include "sasl/external.hpp"

#include "sasl/plain.hpp"

namespace gatepost::sasl {
namespace {

class ExternalExchange final : public Exchange {
 public:
  Step begin(std::optional<std::string_view> initial) override {
    if (initial) return step(*initial);
    return Challenge{};  // RFC 4422 A.1: a client without an initial response is asked for it
  }

  // extern-initial-resp = [ authz-id-string ]; authz-id-string = *( UTF8-char-no-nul )
  Step step(std::string_view response) override {
    if (over_) return Failed{{Errc::invalid, "EXTERNAL is over"}, {}, {}};
    over_ = true;
    if (!response.empty() && !is_acceptable_name(response))
      return Failed{{Errc::invalid, "the identity is too long or not text"}, {}, {}};
    return CheckCertificate{std::string(response)};
  }

 private:
  bool over_ = false;
};

}  // namespace

std::unique_ptr<Exchange> make_external_exchange() { return std::make_unique<ExternalExchange>(); }

}  // namespace gatepost::sasl
