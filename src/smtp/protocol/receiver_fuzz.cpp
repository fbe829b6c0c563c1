#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/dot_stuffing.hpp"
#include "base/result.hpp"
#include "smtp/protocol/receiver.hpp"

namespace {

using gatepost::smtp::BareLineEnds;
using gatepost::smtp::LineEndChecker;
using gatepost::smtp::Receiver;
using Kind = Receiver::Kind;

struct Seen {
  std::string items, body;
  bool operator==(const Seen&) const = default;
};

// Plays a session: "D" in a line starts DATA, "B<digit>" a chunk, "S" a SASL answer.
void follow(Receiver& receiver, std::string_view line, BareLineEnds policy) {
  if (line.starts_with('D')) receiver.expect_data(policy);
  if (line.starts_with('S')) receiver.expect_sasl_line();
  if (line.starts_with('B') && line.size() > 1) receiver.expect_bdat(static_cast<std::uint8_t>(line[1]) % 16);
}

Seen feed(std::string_view input, std::size_t piece, BareLineEnds policy) {
  Receiver receiver;
  Seen seen;
  std::string buffer;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    buffer += input.substr(at, piece);
    while (true) {
      const Receiver::Item item = receiver.next(buffer);
      GP_ASSERT(item.consumed <= buffer.size());
      GP_ASSERT(item.kind != Kind::body || item.consumed > 0);
      if (item.kind == Kind::body || item.kind == Kind::body_end) seen.body += item.text;
      if (item.kind != Kind::body && item.kind != Kind::need_more) {
        seen.items += static_cast<char>('0' + static_cast<int>(item.kind));
        seen.items += item.bare_line_end ? '!' : '.';
      }
      if (item.kind == Kind::line) {
        seen.items.append(item.text).append("\n");
        follow(receiver, item.text, policy);
      }
      buffer.erase(0, item.consumed);
      if (item.kind == Kind::need_more) break;
    }
    GP_ASSERT(buffer.size() < gatepost::smtp::kMaxSaslLineOctets);
  }
  return seen;
}

std::string normalised(std::string_view text, std::size_t piece_octets) {
  LineEndChecker checker(BareLineEnds::normalise);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece_octets) {
    std::string_view chunk = text.substr(at, piece_octets);
    while (!chunk.empty()) {
      const auto piece = checker.next(chunk);
      out += piece.text;
      chunk.remove_prefix(piece.consumed);
    }
  }
  out += checker.finish();
  return out;
}

std::string stuffed(std::string_view text, std::size_t piece) {
  gatepost::DotStuffer stuffer;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece) stuffer.append(out, text.substr(at, piece));
  stuffer.finish(out);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size < 40000 ? size : 40000);
  const std::size_t piece = input.empty() ? 1 : 1 + static_cast<std::uint8_t>(input[0]) % 17;
  for (BareLineEnds policy : {BareLineEnds::refuse, BareLineEnds::normalise}) {
    const Seen whole = feed(input, input.size() + 1, policy);
    GP_ASSERT(feed(input, piece, policy) == whole);
    if (input.size() < 2000) GP_ASSERT(feed(input, 1, policy) == whole);
  }
  // unstuff(stuff(x)) is x with proper line ends.
  std::string expected = normalised(input, piece);
  GP_ASSERT(expected == normalised(input, input.size() + 1));
  if (!expected.empty() && !expected.ends_with("\r\n")) expected += "\r\n";
  const std::string encoded = stuffed(input, piece);
  GP_ASSERT(encoded == stuffed(input, input.size() + 1));
  const Seen decoded = feed("D\r\n" + encoded, piece, BareLineEnds::refuse);
  GP_ASSERT(decoded.body == expected);
  GP_ASSERT(decoded.items == "1.D\n5.");
  return 0;
}
