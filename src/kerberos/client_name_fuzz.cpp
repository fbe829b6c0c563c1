#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "kerberos/client_name.hpp"

// Whatever a realm calls somebody.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::kerberos;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto name = read_client_name(input)) {
    GP_ASSERT(name->user + '@' + name->realm == input);
    GP_ASSERT(name->user.find_first_of("@/\\") == std::string::npos && !name->realm.empty());
  }
  return 0;
}
