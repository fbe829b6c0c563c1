#include "sasl/gssapi.hpp"

#include <utility>

#include "sasl/plain.hpp"

namespace gatepost::sasl {
namespace {

constexpr char kNoLayer = 1;  // RFC 4752 3.3
constexpr std::size_t kHead = 4;
constexpr int kMaxRounds = 8;  // Kerberos takes one, or two with DCE's ways, which nobody has here

Failed refused(Errc code, std::string detail, std::string name = {}) {
  return Failed{{code, std::move(detail)}, std::move(name), {}};
}

class GssapiExchange final : public Exchange {
 public:
  GssapiExchange(TicketAcceptor& acceptor, std::string_view service) : context_(acceptor.open(service)) {}

  Step begin(std::optional<std::string_view> initial) override {
    if (initial) return step(*initial);
    return Challenge{};  // the client speaks first (RFC 4752 3)
  }

  Step step(std::string_view response) override {
    const Stage stage = std::exchange(stage_, Stage::over);
    if (response.size() > kMaxTicketOctets) return refused(Errc::invalid, "the message is too long");
    switch (stage) {
      case Stage::tickets:
        return take_ticket(response);
      case Stage::acknowledgement:
        // RFC 4752 3.2: the client answers the last token of the context by nothing.
        if (!response.empty()) return refused(Errc::invalid, "more was said than the context needs");
        return offer_layer();
      case Stage::layer:
        return take_layer(response);
      case Stage::over:
        break;
    }
    return refused(Errc::invalid, "GSSAPI is over");
  }

 private:
  enum class Stage : std::uint8_t { tickets, acknowledgement, layer, over };

  Step take_ticket(std::string_view token) {
    if (token.empty()) return refused(Errc::invalid, "the client sent no token");
    if (++rounds_ > kMaxRounds) return refused(Errc::invalid, "the context takes too many messages");
    auto accepted = context_->accept(token);
    if (!accepted) return refused(accepted.error().code, std::move(accepted).error().detail);
    if (accepted->complete && accepted->reply.empty()) return offer_layer();
    stage_ = accepted->complete ? Stage::acknowledgement : Stage::tickets;
    return Challenge{std::move(accepted->reply)};
  }

  // RFC 4752 3.2: the layers there are, and the largest message under one: no layer, so 0.
  Step offer_layer() {
    auto wrapped = context_->wrap(std::string{kNoLayer, 0, 0, 0});
    if (!wrapped) return refused(wrapped.error().code, std::move(wrapped).error().detail);
    stage_ = Stage::layer;
    return Challenge{*std::move(wrapped)};
  }

  Step take_layer(std::string_view token) {
    const auto message = context_->unwrap(token);
    if (!message) return refused(message.error().code, message.error().detail, context_->client());
    auto choice = parse_layer_choice(*message);
    if (!choice) return refused(choice.error().code, std::move(choice).error().detail, context_->client());
    return CheckTicket{context_->client(), std::move(choice->name)};
  }

  const std::unique_ptr<TicketContext> context_;
  Stage stage_ = Stage::tickets;
  int rounds_ = 0;
};

}  // namespace

Result<LayerChoice> parse_layer_choice(std::string_view message) {
  if (message.size() < kHead) return fail(Errc::invalid, "the choice of a security layer is too short");
  if (message[0] != kNoLayer) return fail(Errc::unsupported, "the client wants a security layer, and none was offered");
  // RFC 4752 3.2: without a layer the size is 0.
  if (message.substr(1, 3) != std::string_view("\0\0\0", 3))
    return fail(Errc::invalid, "no security layer, and a size of its messages");
  const std::string_view name = message.substr(kHead);
  if (!name.empty() && !is_acceptable_name(name))
    return fail(Errc::invalid, "the authorization identity is too long or not text");
  return LayerChoice{std::string(name)};
}

std::string write_layer_choice(const LayerChoice& choice) { return std::string{kNoLayer, 0, 0, 0} + choice.name; }

std::unique_ptr<Exchange> make_gssapi_exchange(TicketAcceptor& acceptor, std::string_view service) {
  return std::make_unique<GssapiExchange>(acceptor, service);
}

}  // namespace gatepost::sasl
