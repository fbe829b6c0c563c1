#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "runtime/proxy_protocol.hpp"

using gatepost::runtime::parse_proxy_header;
using gatepost::runtime::ProxyHeader;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const ProxyHeader whole = parse_proxy_header(input);
  if (whole.kind == ProxyHeader::Kind::complete) {
    GP_ASSERT(whole.size <= input.size());
    // The same header however much follows it, and not complete any earlier.
    const ProxyHeader exact = parse_proxy_header(input.substr(0, whole.size));
    GP_ASSERT(exact.kind == whole.kind && exact.source == whole.source && exact.destination == whole.destination);
    GP_ASSERT(parse_proxy_header(input.substr(0, whole.size - 1)).kind == ProxyHeader::Kind::need_more);
  }
  if (whole.kind == ProxyHeader::Kind::need_more) GP_ASSERT(size < gatepost::runtime::kMaxProxyHeader);
  return 0;
}
