#include <cstddef>
#include <cstdint>
#include <string_view>

#include "admin/command.hpp"

// What comes over the control socket is a request, a reply or refused; what is written is read the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto request = admin::request_from_json(text)) {
    const std::string written = admin::to_json(*request);
    GP_ASSERT(written.find('\n') == std::string::npos);
    const auto again = admin::request_from_json(written);
    GP_ASSERT(again && again->verb == request->verb && again->options == request->options);
  } else {
    GP_ASSERT(request.error().code == Errc::invalid && !request.error().detail.empty());
  }
  if (const auto reply = admin::reply_from_json(text)) {
    const auto again = admin::reply_from_json(admin::to_json(*reply));
    GP_ASSERT(again && again->exit_code == reply->exit_code && again->text == reply->text &&
              again->json == reply->json);
  } else {
    GP_ASSERT(reply.error().code == Errc::invalid && !reply.error().detail.empty());
  }
  // Foreign text never makes a reply that cannot be read.
  GP_ASSERT(admin::reply_from_json(admin::to_json(admin::Reply{1, std::string(text), std::string(text)})));
  GP_ASSERT(admin::reply_from_json(admin::to_json(admin::failure({Errc::invalid, std::string(text)}, text))));
  return 0;
}
