#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "mime/address.hpp"

// Any value: groups are closed, texts are clean, and an address that was written is read back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::mime;
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  const AddressList list = read_addresses(value);
  GP_ASSERT(list.addresses.size() <= kMaxAddresses);
  bool in_group = false;
  for (const Address& a : list.addresses) {
    GP_ASSERT(!(a.starts_group() && in_group) && !(a.ends_group() && !in_group));
    if (!a.is_mailbox()) in_group = a.starts_group();
    for (const auto& text : {a.name, a.mailbox, a.host}) {
      GP_ASSERT(!text || text->find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    }
    if (!a.is_mailbox() || a.host->empty()) continue;
    const AddressList again = read_addresses("<" + to_addr_spec(a) + ">");
    GP_ASSERT(!again.addresses.empty() && again.addresses[0].mailbox == a.mailbox && again.addresses[0].host == a.host);
  }
  GP_ASSERT(!in_group);
  TextPool pool;
  std::vector<Address> few;
  read_addresses(value, pool, few, 3);
  GP_ASSERT(few.size() <= 3);
  return 0;
}
