#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "acme/explain.hpp"
#include "acme/jws.hpp"
#include "acme/messages.hpp"
#include "acme/transport.hpp"
#include "base/base64.hpp"
#include "base/clock.hpp"

using namespace gatepost::acme;

namespace {

bool printable(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

}  // namespace

// Anything an authority can answer: the JSON of a body, and lines of a header.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)read_directory(text);
  (void)read_renewal_info(text);
  if (const auto order = read_order(text)) {
    for (const std::string& url : order->authorizations) GP_ASSERT(url.starts_with("https://"));
    GP_ASSERT(printable(explain(order->error).cause));
  }
  if (const auto authorization = read_authorization(text)) {
    for (const Challenge& challenge : authorization->challenges) {
      GP_ASSERT(is_token(challenge.token));
      GP_ASSERT(printable(explain_challenge(challenge.type, authorization->name, challenge.error).cause));
    }
  }
  if (const auto problem = read_problem(text)) GP_ASSERT(printable(explain(*problem).cause));
  HttpResponse response;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    take_header(text.substr(at, end - at), response);
    at = end;
  }
  GP_ASSERT(read_retry_after(response.retry_after, gatepost::ManualClock().now()).count() >= 0);
  if (const auto octets = from_base64url(text))
    GP_ASSERT(from_base64url(gatepost::base64::encode_url(*octets)) == *octets);
  return 0;
}
