#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "smtp/protocol/path.hpp"

// Parse, write, parse again: the same path, within the limits, without what would break a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::smtp;
  if (size == 0) return 0;
  const std::uint8_t bits = data[0];
  const ParseOptions options{.underscore_in_domain = (bits & 1) == 0,
                             .missing_brackets = (bits & 2) != 0,
                             .loose_dots_in_local_part = (bits & 4) != 0};
  const PathKind kind = (bits & 8) != 0 ? PathKind::reverse : PathKind::forward;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto path = take_path(text, kind, options);
  if (!path) return 0;
  const std::string address = path->address();
  GP_ASSERT(address.size() + 2 <= kMaxPathOctets && gatepost::utf8::is_valid(address));
  for (char c : address) GP_ASSERT(static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
  std::string out;
  write(out, *path);
  std::string_view rest = out;
  const auto again = take_path(rest, kind, options);
  GP_ASSERT(again && *again == *path && rest.empty());
  if (!path->domain.empty()) GP_ASSERT(parse_mailbox(address, options) == *path);
  return 0;
}
