#include "transfer/message.hpp"

namespace gatepost::transfer {

Result<std::uint64_t> pump(Source& from, Sink& to) {
  std::uint64_t messages = 0;
  std::vector<char> piece(kPieceOctets);
  for (;;) {
    GP_TRY(const auto message, from.next());
    if (!message) break;
    GP_CHECK(to.begin(*message));
    for (;;) {
      GP_TRY(const std::size_t n, from.read(piece));
      if (n == 0) break;
      GP_CHECK(to.write({piece.data(), n}));
    }
    GP_CHECK(to.end());
    ++messages;
  }
  GP_CHECK(to.finish());
  return messages;
}

}  // namespace gatepost::transfer
