#include <cstddef>
#include <cstdint>
#include <string_view>

#include "directory/addresses.hpp"

// A canonical address is within the limits, is its own canonical form, and no input gets past that.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::directory;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto address = canonical_address(text)) {
    GP_ASSERT(!address->local.empty() && address->local.size() <= kMaxLocalOctets);
    GP_ASSERT(address->to_string().size() <= kMaxAddressOctets);
    const auto again = canonical_address(address->to_string());
    GP_ASSERT(again && *again == *address);
    for (const PlusForm& form : plus_forms(address->local, "+-")) {
      GP_ASSERT(!form.base.empty() && form.base.size() + 1 + form.detail.size() == address->local.size());
    }
  } else {
    GP_ASSERT(address.error().code == gatepost::Errc::invalid && !address.error().detail.empty());
  }
  if (const auto domain = canonical_domain(text)) {
    GP_ASSERT(domain->size() <= kMaxDomainOctets);
    const auto again = canonical_domain(*domain);
    GP_ASSERT(again && *again == *domain);
  }
  return 0;
}
