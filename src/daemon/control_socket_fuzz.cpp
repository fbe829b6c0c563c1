// What comes over the control socket: a request or a reply is read and written back the same, or refused.
#include <cstdint>
#include <string_view>

#include "admin/command.hpp"
#include "base/result.hpp"

using namespace gatepost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto request = admin::request_from_json(text)) {
    const auto again = admin::request_from_json(to_json(*request));
    GP_ASSERT(again && again->verb == request->verb && again->options == request->options);
  }
  if (const auto reply = admin::reply_from_json(text)) {
    const auto again = admin::reply_from_json(to_json(*reply));
    GP_ASSERT(again && again->exit_code == reply->exit_code && again->text == reply->text &&
              again->json == reply->json);
  }
  return 0;
}
