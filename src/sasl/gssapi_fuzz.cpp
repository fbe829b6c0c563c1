#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "sasl/gssapi.hpp"
#include "sasl/plain.hpp"

namespace {

using namespace gatepost;
using namespace gatepost::sasl;

// Takes any token; one that begins with "+" is not the last.
class AnyTicket final : public TicketContext {
 public:
  Result<Accepted> accept(std::string_view token) override {
    if (token.starts_with('!')) return fail(Errc::unauthenticated, "no ticket");
    return Accepted{std::string(token.substr(1)), !token.starts_with('+')};
  }
  Result<std::string> wrap(std::string_view octets) override { return std::string(octets); }
  Result<std::string> unwrap(std::string_view token) override { return std::string(token); }
  std::string client() const override { return "anna@CORP.EXAMPLE"; }
};

class AnyAcceptor final : public TicketAcceptor {
 public:
  bool serves(std::string_view) const override { return true; }
  std::unique_ptr<TicketContext> open(std::string_view) override { return std::make_unique<AnyTicket>(); }
};

}  // namespace

// The client's last message by itself, and all lines as a conversation.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto choice = parse_layer_choice(input)) {
    GP_ASSERT(choice->name.empty() || is_acceptable_name(choice->name));
    GP_ASSERT(write_layer_choice(*choice) == input);
  }
  AnyAcceptor acceptor;
  const auto exchange = make_gssapi_exchange(acceptor, "imap");
  Step step = exchange->begin(std::nullopt);
  for (std::string_view line : ascii::split(input, '\n')) {
    if (!std::holds_alternative<Challenge>(step)) break;
    step = exchange->step(line);
  }
  if (!std::holds_alternative<Challenge>(step)) {
    GP_ASSERT(std::holds_alternative<CheckTicket>(step) || std::holds_alternative<Failed>(step));
    GP_ASSERT(std::holds_alternative<Failed>(exchange->step(input)));
  }
  return 0;
}
