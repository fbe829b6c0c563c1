#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/message.hpp"

// What is read is written in one way, and reads the same again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::ldap;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const ber::Extent end = ber::extent(input, 1 << 16);
  if (end.kind != ber::Extent::Kind::whole) return 0;
  GP_ASSERT(end.octets <= input.size());
  const auto envelope = parse_envelope(input.substr(0, end.octets));
  if (!envelope) return 0;
  const auto controls = parse_controls(envelope->controls);
  const auto request = parse_request(*envelope);
  if (!request || !controls) return 0;
  std::string once, twice;
  write(once, envelope->id, *request, *controls);
  const auto back = parse_envelope(once);
  GP_ASSERT(back && back->id == envelope->id && back->tag == envelope->tag);
  const auto again = parse_request(*back);
  GP_ASSERT(again);
  GP_ASSERT(*parse_controls(back->controls) == *controls);
  write(twice, back->id, *again, *controls);
  GP_ASSERT(once == twice);
  return 0;
}
