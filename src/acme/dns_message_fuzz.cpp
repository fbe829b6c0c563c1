#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "acme/dns_message.hpp"
#include "base/clock.hpp"

using namespace gatepost::acme;

// A name server's answer, with and without a signature; also tried as a key file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const gatepost::ManualClock clock;
  if (const auto answer = dns::read_answer(octets)) {
    for (const dns::Record& record : answer->answers) GP_ASSERT(record.name.size() <= 255);
  }
  const dns::TsigKey key{"acme-key", dns::Algorithm::hmac_sha256, gatepost::Secret("secret-of-the-test-0123456789abc")};
  std::string message(octets);
  (void)dns::verify(message, key, clock.now(), "mac");
  if (octets.size() >= 12) {
    // What was signed is found again.
    message = octets;
    std::string mac;
    if (dns::read_answer(message) && dns::sign(message, key, clock.now(), mac)) (void)dns::read_answer(message);
  }
  if (const auto read = dns::read_key_file(octets)) GP_ASSERT(!read->secret.empty());
  return 0;
}
