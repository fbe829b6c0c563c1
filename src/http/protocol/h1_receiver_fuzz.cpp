// Whatever comes: the same requests however the input is cut, octets of content within the input, and memory that the
// limits bound.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/protocol/h1_receiver.hpp"
#include "http/protocol/uri.hpp"

namespace {

using gatepost::http::H1Receiver;
using Kind = H1Receiver::Kind;

std::string heard(std::string_view input, std::size_t chunk) {
  H1Receiver receiver({.head_octets = 1000, .fields = 12});
  std::string out, waiting;
  bool content = false;
  while (!input.empty()) {
    waiting += input.substr(0, chunk);
    input.remove_prefix(std::min(chunk, input.size()));
    for (;;) {
      const H1Receiver::Item item = receiver.next(waiting);
      GP_ASSERT(item.consumed <= waiting.size());
      if (item.kind == Kind::need_more) {
        GP_ASSERT(waiting.size() - item.consumed < 1000 + chunk);
        waiting.erase(0, item.consumed);
        break;
      }
      if (item.kind == Kind::head) {
        const auto head = receiver.take_head();
        GP_ASSERT(!head.chunked || !head.content_length);
        out += "\n" + head.method + " " + head.target + " " + std::to_string(head.fields.size()) +
               (head.keep_alive ? "k" : "c");
        (void)gatepost::http::parse_target(head.target);
      } else if (item.kind == Kind::content) {
        GP_ASSERT(!item.content.empty());
        if (!content) out += "\n>";
        out += item.content;
      } else if (item.kind == Kind::end) {
        out += "\nend";
      } else {
        out += "\nrefused " + std::to_string(receiver.status());
        return out;
      }
      content = item.kind == Kind::content;
      waiting.erase(0, item.consumed);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = heard(input, input.size() + 1);
  GP_ASSERT(heard(input, 1 + data[0] % 29) == whole);
  GP_ASSERT(heard(input, 1) == whole);
  return 0;
}
