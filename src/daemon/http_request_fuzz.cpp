// The request heads of the metrics port: the same verdict however the input is cut, views within it, limits kept.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/result.hpp"
#include "daemon/http_request.hpp"

using namespace gatepost;
using daemon::HttpRequest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const HttpRequest whole = daemon::parse_http_request(input);
  if (whole.kind == HttpRequest::Kind::need_more) {
    GP_ASSERT(size < daemon::kMaxHttpHeadOctets);
    return 0;
  }
  if (whole.kind == HttpRequest::Kind::complete) {
    GP_ASSERT(whole.consumed <= size && whole.consumed <= daemon::kMaxHttpHeadOctets);
    GP_ASSERT(input.substr(0, whole.consumed).ends_with("\r\n\r\n"));
    GP_ASSERT(!whole.method.empty() && whole.path.starts_with('/'));
    GP_ASSERT(whole.path.data() >= input.data() && whole.path.data() + whole.path.size() <= input.data() + size);
    // Less is never enough, more changes nothing.
    const HttpRequest shorter = daemon::parse_http_request(input.substr(0, whole.consumed - 1));
    GP_ASSERT(shorter.kind == HttpRequest::Kind::need_more);
    const HttpRequest exact = daemon::parse_http_request(input.substr(0, whole.consumed));
    GP_ASSERT(exact.kind == HttpRequest::Kind::complete && exact.path == whole.path);
  }
  return 0;
}
