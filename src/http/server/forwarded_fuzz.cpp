// What proxies and clients write into their fields: Forwarded, Accept-Encoding, Authorization. No crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/server/accept_encoding.hpp"
#include "http/server/forwarded.hpp"
#include "http/server/sign_in.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const IpAddress proxy = *IpAddress::parse("10.0.0.1");
  for (const char* const name : {"forwarded", "x-forwarded-for"}) {
    http::Fields fields;
    fields.add(name, text);
    (void)http::server::read_forwarded(fields, {*Network::parse("10.0.0.0/8")}, proxy);
  }
  http::Fields fields;
  fields.add("accept-encoding", text);
  (void)http::server::AcceptedCodings(fields).takes("gzip");
  (void)http::server::parse_basic(text);
  return 0;
}
