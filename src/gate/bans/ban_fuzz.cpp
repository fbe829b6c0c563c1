#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gate/bans/ban.hpp"

// A record of a ban either loads or is refused; what loads is written the same. The input: the key's 18 octets, the
// value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t kKeyOctets = 18;
  const std::string_view key = input.substr(0, kKeyOctets), value = input.substr(key.size());
  const auto ban = gate::decode_ban(key, value);
  if (!ban) {
    GP_ASSERT(ban.error().code == Errc::corrupt || ban.error().code == Errc::unsupported);
    return 0;
  }
  GP_ASSERT(gate::is_bannable(ban->network));
  GP_ASSERT(gate::ban_key(ban->network) == key);
  const auto again = gate::decode_ban(key, gate::encode(*ban));
  GP_ASSERT(again && *again == *ban);
  return 0;
}
