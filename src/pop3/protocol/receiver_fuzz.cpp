#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "pop3/protocol/receiver.hpp"

namespace {

using gatepost::pop3::Receiver;
using Kind = Receiver::Kind;

std::string feed(std::string_view input, std::size_t piece) {
  Receiver receiver;
  std::string seen, buffer;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    buffer += input.substr(at, piece);
    while (true) {
      const Receiver::Item item = receiver.next(buffer);
      GP_ASSERT(item.consumed <= buffer.size());
      if (item.kind == Kind::too_long) seen += "too long\n";
      if (item.kind == Kind::line) {
        seen.append(item.text).append("\n");
        if (item.text.starts_with('S')) receiver.expect_sasl_line();
      }
      buffer.erase(0, item.consumed);
      if (item.kind == Kind::need_more) break;
    }
    GP_ASSERT(buffer.size() < gatepost::pop3::kMaxSaslLineOctets);
  }
  return seen;
}

}  // namespace

// The same lines however cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size < 40000 ? size : 40000);
  const std::string whole = feed(input, input.size() + 1);
  GP_ASSERT(feed(input, input.empty() ? 1 : 1 + static_cast<std::uint8_t>(input.back()) % 17) == whole);
  return 0;
}
