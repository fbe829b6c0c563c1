#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "smtp/protocol/reply.hpp"

namespace {

using namespace gatepost;
using namespace gatepost::smtp;

struct Seen {
  std::vector<Reply> replies;
  std::optional<Errc> error;
  bool operator==(const Seen&) const = default;
};

Seen feed(std::string_view input, std::size_t piece) {
  ReplyReader reader;
  Seen seen;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    std::string_view part = input.substr(at, piece);
    while (!part.empty()) {
      auto reply = reader.read(part);
      if (!reply) {
        seen.error = reply.error().code;
        return seen;
      }
      if (*reply) seen.replies.push_back(**std::move(reply));
    }
  }
  return seen;
}

}  // namespace

// The same replies however cut; what is written of a reply reads as the same bytes again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size < 20000 ? size : 20000);
  const Seen whole = feed(input, input.size() + 1);
  const std::size_t piece = input.empty() ? 1 : 1 + static_cast<std::uint8_t>(input.back()) % 17;
  GP_ASSERT(feed(input, piece) == whole);
  for (const Reply& reply : whole.replies) {
    GP_ASSERT(reply.lines.size() <= ReplyReader::kMaxLines);
    GP_ASSERT(utf8::is_valid(reply.summary()));
    parse_ehlo(reply);
    std::string out;
    write(out, reply);
    const Seen again = feed(out, piece);
    if (again.error == Errc::too_large) continue;  // long lines were split into too many
    GP_ASSERT(!again.error && again.replies.size() == 1 && again.replies[0].code == reply.code);
    std::string twice;
    write(twice, again.replies[0]);
    GP_ASSERT(twice == out);
  }
  return 0;
}
