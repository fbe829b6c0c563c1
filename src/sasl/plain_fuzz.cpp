#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "sasl/login.hpp"
#include "sasl/plain.hpp"

// PLAIN: parse, write, parse again. LOGIN: the input's lines as answers; at most two are taken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::sasl;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto message = parse_plain(input)) {
    GP_ASSERT(write_plain(*message) == input);
    GP_ASSERT(is_acceptable_name(message->authcid));
  }
  for (const auto& exchange : {make_plain_exchange(), make_login_exchange()}) {
    Step step = exchange->begin(std::nullopt);
    int answers = 0;
    for (std::string_view line : gatepost::ascii::split(input, '\n')) {
      if (!std::holds_alternative<Challenge>(step)) {
        GP_ASSERT(std::holds_alternative<Failed>(exchange->step(line)));
        break;
      }
      step = exchange->step(line);
      ++answers;
      if (const auto* check = std::get_if<CheckPassword>(&step)) GP_ASSERT(!check->password.empty());
    }
    GP_ASSERT(answers <= 2);
  }
  return 0;
}
