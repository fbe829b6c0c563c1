#include "imap/protocol/receiver.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace {

using gatepost::imap::Receiver;
using gatepost::imap::ReceiverLimits;
using Kind = Receiver::Kind;

struct Seen {
  std::string items;
  std::string streamed;
  bool operator==(const Seen&) const = default;
};

// Plays a session: the size of a literal says what becomes of it, the first letter of a command what is expected next.
void follow(Receiver& receiver, const Receiver::Item& item) {
  switch (item.kind) {
    case Kind::literal_header:
      if (item.literal.octets % 5 == 3) return receiver.refuse();
      if (item.literal.octets % 5 == 4 || (item.continued && !item.collectable)) return receiver.accept_stream();
      GP_ASSERT(receiver.accept_collect() == item.collectable);
      return;
    case Kind::command:
      if (item.text.starts_with('S')) receiver.expect(Receiver::Expect::sasl_line);
      if (item.text.starts_with('I')) receiver.expect(Receiver::Expect::done);
      if (item.text.starts_with('R')) receiver.reset();
      return;
    default:
      return;
  }
}

Seen feed(std::string_view input, std::size_t piece, const ReceiverLimits& limits) {
  Receiver receiver(limits);
  Seen seen;
  std::string buffer;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    buffer += input.substr(at, piece);
    while (true) {
      const Receiver::Item item = receiver.next(buffer);
      GP_ASSERT(item.consumed <= buffer.size());
      GP_ASSERT(item.kind != Kind::literal_chunk || !item.text.empty());
      if (item.kind == Kind::literal_chunk || item.kind == Kind::literal_end) {
        seen.streamed += item.text;
      } else if (item.kind != Kind::need_more) {
        GP_ASSERT(item.text.size() <= limits.max_line_octets * 2 + limits.max_literal_octets);
        seen.items += static_cast<char>('0' + static_cast<int>(item.kind));
        seen.items += item.continued ? '+' : '.';
        seen.items.append(item.tag).append("|").append(item.text).append("\n");
      }
      if (item.kind == Kind::literal_end) {
        // Not by its last chunk, which depends on the cut.
        seen.items += "end\n";
        if (seen.streamed.ends_with('!')) receiver.drop_command();
      } else {
        follow(receiver, item);
      }
      buffer.erase(0, item.consumed);
      if (item.kind == Kind::need_more) break;
    }
    GP_ASSERT(buffer.size() < limits.max_line_octets);
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t bits = data[0];
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1 < 40000 ? size - 1 : 40000);
  const ReceiverLimits limits{.max_line_octets = (bits & 1) != 0 ? 64u : 4096u,
                              .max_literal_octets = (bits & 2) != 0 ? 16u : 1024u,
                              .bare_lf = (bits & 4) == 0};
  const Seen whole = feed(input, input.size() + 1, limits);
  GP_ASSERT(feed(input, 2 + (bits >> 3), limits) == whole);
  if (input.size() < 2000) GP_ASSERT(feed(input, 1, limits) == whole);
  return 0;
}
