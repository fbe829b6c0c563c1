#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ldap/server/test_support.hpp"

namespace {

using gatepost::ldap::server::Talk;
using gatepost::ldap::server::World;

// One server for all inputs. Nothing is changed in it, so that answers can be compared; nobody is banned; and nothing
// is logged, which would be kept.
World& world() {
  static World* const one = [] {
    auto* made = new World;
    made->server.reload({.hostname = "mail.example.org", .writable = false});
    made->authenticator.set_limits({.distinct_failures = 0, .address_failures = 0});
    made->log.set_lowest(gatepost::Level::error);
    return made;
  }();
  return *one;
}

std::string talk(std::string_view input, bool signed_in, std::size_t chunk) {
  Talk session(world(), signed_in, chunk);
  if (signed_in) (void)session.bind("root@example.org");
  std::string octets = session.say(input);
  (void)Talk::read(octets);  // asserts that answers are well formed
  return octets;
}

}  // namespace

// Whatever a client sends: well-formed answers, the same however it is cut, and a session that always takes its input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool signed_in = (data[0] & 1) != 0;
  const std::string whole = talk(input, signed_in, 0);
  const std::string cut = talk(input, signed_in, 1 + data[0] / 2 % 23);
  // SCRAM has its nonces, what came with StartTLS is dropped, and the root DSE has the time.
  const auto has = [&whole](std::string_view text) { return whole.find(text) != std::string::npos; };
  const bool repeatable = !has("r=") && !has("1.3.6.1.4.1.1466.20037") && !has("currentTime") &&
                          input.size() < (60U << 10U) && !has("too large");
  if (repeatable) GP_ASSERT(cut == whole);
  return 0;
}
