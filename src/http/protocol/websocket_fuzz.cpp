#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "http/protocol/websocket.hpp"

namespace {

using gatepost::http::WebSocketReceiver;

constexpr std::size_t kMost = 4'096;

// All items, given in pieces of so many octets.
std::string read(std::string_view octets, std::size_t piece) {
  WebSocketReceiver receiver(kMost);
  std::string all;
  while (!octets.empty()) {
    std::string_view rest = octets.substr(0, piece);
    octets.remove_prefix(rest.size());
    while (!rest.empty()) {
      const auto item = receiver.next(rest);
      GP_ASSERT(item.consumed <= rest.size());
      GP_ASSERT(item.content.size() <= kMost);
      GP_ASSERT(item.kind != WebSocketReceiver::Kind::text || gatepost::utf8::is_valid(item.content));
      rest.remove_prefix(item.consumed);
      if (item.kind == WebSocketReceiver::Kind::need_more) {
        GP_ASSERT(rest.empty());
        break;
      }
      all += static_cast<char>('0' + static_cast<int>(item.kind));
      all += std::to_string(item.code) + item.content;
    }
  }
  return all;
}

}  // namespace

// The same messages however the octets are cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  GP_ASSERT(read(octets, 1) == read(octets, size + 1));
  return 0;
}
