#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "gate/bans/ban.hpp"
#include "gate/helper/message.hpp"

// What the privileged process reads: one request, or nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto request = gate::helper::parse_request(input)) {
    const auto again = gate::helper::write(*request);
    GP_ASSERT(std::string_view(again.data(), again.size()) == input);
    GP_ASSERT(request->length.count() >= 0 && request->length <= gate::helper::kMaxBan);
    GP_ASSERT(request->what == gate::helper::Request::What::which || gate::is_bannable(request->network));
  }
  if (const auto reply = gate::helper::parse_reply(input)) {
    const auto again = gate::helper::write(*reply);
    GP_ASSERT(std::string_view(again.data(), again.size()) == input);
  }
  return 0;
}
