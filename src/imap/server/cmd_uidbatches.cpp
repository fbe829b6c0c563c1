// UIDBATCHES (RFC 10022): where to cut a mailbox so that each piece has so many messages.

#include <algorithm>
#include <vector>

#include "imap/protocol/response.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::uint32_t kMinBatch = 500;
constexpr std::uint64_t kMaxSpan = 100'000;  // messages of a range of batches (RFC 10022 3.1.5)
// Answers that tell nothing new, before they are refused.
constexpr std::uint32_t kMaxRepeats = 3;

// RFC 10022 3.1.1: asking again makes sense when more than half a batch came or went. False: too often without.
bool may_ask(BatchesTold& told, const Selected& view, std::uint32_t size, std::uint64_t first, std::uint64_t last) {
  const std::shared_ptr<const NumberSet> now = view.shared_uids();
  if (told.uids != now &&
      (!told.uids || told.uids->minus(*now).size() > size / 2 || now->minus(*told.uids).size() > size / 2)) {
    told = {.uids = now, .batches = {}, .repeats = 0};
  }
  const auto end = static_cast<std::uint32_t>(std::min<std::uint64_t>(last, UINT32_MAX));
  const NumberSet asked = first > end ? NumberSet() : NumberSet::of(static_cast<std::uint32_t>(first), end);
  if (!asked.minus(told.batches).empty()) {
    told.batches.add(asked);
    return true;
  }
  return ++told.repeats <= kMaxRepeats;
}

}  // namespace

// From the newest message to the oldest; the ranges touch, and the last of them goes down to UID 1.
Task<Answer> run_uidbatches(Session& session, Command& command) {
  const auto& request = std::get<UidBatches>(command.body);
  if (request.size < kMinBatch) co_return no(code::kTooFew, "A batch has 500 messages at least");
  if (request.first > request.last) co_return bad("The first batch is behind the last", code::kClientBug);
  if (request.first != 0 && (std::uint64_t{request.last} - request.first + 1) * request.size > kMaxSpan) {
    co_return no(code::kTooMany, "No more than 100000 messages at once");
  }
  Selected& view = session.selected();
  const NumberSet& uids = view.uids();
  const std::uint64_t total = uids.size();
  const std::uint64_t batches = (total + request.size - 1) / request.size;
  const std::uint64_t first = request.first == 0 ? 1 : request.first;
  const std::uint64_t last = request.first == 0 ? batches : std::min<std::uint64_t>(request.last, batches);
  if (!may_ask(view.batches_told, view, request.size, first, last)) {
    co_return no(code::kLimit, "These batches were told, and the mailbox has hardly changed since");
  }
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
