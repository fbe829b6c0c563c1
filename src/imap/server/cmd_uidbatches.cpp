// UIDBATCHES (draft-ietf-mailmaint-imap-uidbatches): where to cut a mailbox so that each piece has so many messages.

#include <algorithm>
#include <vector>

#include "imap/protocol/response.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::uint32_t kMinBatch = 500;

}  // namespace

// From the newest message to the oldest; the ranges touch, and the last of them goes down to UID 1.
Task<Answer> run_uidbatches(Session& session, Command& command) {
  const auto& request = std::get<UidBatches>(command.body);
  if (request.size < kMinBatch) co_return no(code::kTooFew, "A batch has 500 messages at least");
  if (request.first > request.last) co_return bad("The first batch is behind the last", code::kClientBug);
  const NumberSet& uids = session.selected().uids();
  const std::uint64_t total = uids.size();
  const std::uint64_t batches = (total + request.size - 1) / request.size;
  const std::uint64_t first = request.first == 0 ? 1 : request.first;
  const std::uint64_t last = request.first == 0 ? batches : std::min<std::uint64_t>(request.last, batches);
  // Begin of a batch, counted from 1: its messages are those after `before` newer ones.
  const auto highest_of = [&](std::uint64_t batch) {
    const auto before = static_cast<std::uint32_t>((batch - 1) * request.size);
    if (before == 0) return *uids.max();
    return *uids.select(static_cast<std::uint32_t>(total) - before + 1) - 1;
  };
  std::vector<NumberSet::Range> ranges;
  for (std::uint64_t batch = first; batch <= last; ++batch) {
    ranges.push_back({batch == batches ? 1 : highest_of(batch + 1) + 1, highest_of(batch)});
  }
  write_uid_batches(session.out(), command.tag, ranges);
  co_return ok();
}

}  // namespace gatepost::imap::server
