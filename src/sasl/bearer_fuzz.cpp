#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sasl/bearer.hpp"
#include "sasl/plain.hpp"

// Both messages: parse, write, parse again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::sasl;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto message = parse_oauthbearer(input)) {
    GP_ASSERT(message->name.empty() || is_acceptable_name(message->name));
    GP_ASSERT(message->token.empty() || is_bearer_token(message->token.reveal()));
    // Escapes may make it longer than is taken.
    if (const auto again = parse_oauthbearer(write_oauthbearer(*message))) GP_ASSERT(*again == *message);
  }
  if (const auto message = parse_xoauth2(input)) {
    GP_ASSERT(is_acceptable_name(message->name));
    const auto again = parse_xoauth2(write_xoauth2(*message));
    GP_ASSERT(again && *again == *message);
  }
  for (const Mechanism mechanism : {Mechanism::oauthbearer, Mechanism::xoauth2}) {
    const auto exchange = make_bearer_exchange(mechanism);
    (void)exchange->begin(input);
    GP_ASSERT(std::holds_alternative<Failed>(exchange->step(input)));
  }
  return 0;
}
