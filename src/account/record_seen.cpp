#include <algorithm>

#include "account/record_codec.hpp"
#include "account/seen_marks.hpp"

// What readers have seen on their own.
namespace gatepost::account {

void SeenMarks::mark(Uid uid, bool seen, Modseq modseq) {
  if (changed_.empty()) changed_.resize(records::kChunkUids);
  seen_[at(uid)] = seen;
  changed_[at(uid)] = modseq;
}

void SeenMarks::forget(Uid uid) {
  if (changed_.empty()) return;
  seen_[at(uid)] = false;
  changed_[at(uid)] = 0;
}

Modseq SeenMarks::newest() const { return changed_.empty() ? 0 : *std::ranges::max_element(changed_); }

NumberSet SeenMarks::seen_uids() const {
  NumberSet out;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    if (seen_[i]) out.add(uid(i));
  }
  return out;
}

NumberSet SeenMarks::changed(Modseq since, Modseq upto) const {
  NumberSet out;
  for (std::size_t i = 0; i < changed_.size(); ++i) {
    if (changed_[i] > since && changed_[i] <= upto) out.add(uid(i));
  }
  return out;
}

void SeenMarks::show(Row& row) const {
  row.flags.system &= static_cast<std::uint8_t>(~flag::kSeen);
  if (seen(row.uid)) row.flags.system |= flag::kSeen;
  row.modseq = std::max(row.modseq, modseq(row.uid));
}

// Runs of UIDs that became the same at once: how many untouched ones are before it, its length less one and whether
// they are seen, and how far its modseq is behind the newest.
std::string SeenMarks::encode() const {
  std::string out = records::start(16);
  const Modseq newest = this->newest();
  put_varint(out, newest);
  std::size_t end = 0;  // of the run before
  for (std::size_t i = 0; i < changed_.size();) {
    if (changed_[i] == 0) {
      ++i;
      continue;
    }
    std::size_t next = i + 1;
    while (next < changed_.size() && changed_[next] == changed_[i] && seen_[next] == seen_[i]) ++next;
    put_varint(out, i - end);
    put_varint(out, (next - i - 1) * 2 + (seen_[i] ? 1 : 0));
    put_varint(out, newest - changed_[i]);
    end = i = next;
  }
  return out;
}

Result<SeenMarks> SeenMarks::decode(std::uint32_t chunk, std::string_view value) {
  constexpr const char* kWhat = "what a reader has seen";
  GP_TRY(ByteReader in, records::begin(value, kWhat));
  SeenMarks out(chunk);
  const Modseq newest = in.varint();
  bool has_newest = false;
  std::size_t at = 0;
  while (in.ok() && !in.at_end()) {
    const std::uint64_t skipped = in.varint();
    const std::uint64_t length = in.varint();
    const std::uint64_t behind = in.varint();
    if (!in.ok() || behind >= newest || skipped > records::kChunkUids - at) return records::damaged(kWhat);
    at += skipped;
    const std::uint64_t count = length / 2 + 1;
    // UID 0 is none.
    if (count > records::kChunkUids - at || (chunk == 0 && at == 0)) return records::damaged(kWhat);
    for (std::uint64_t i = 0; i < count; ++i) out.mark(out.uid(at++), length % 2 == 1, newest - behind);
    has_newest = has_newest || behind == 0;
  }
  if (!in.ok() || !has_newest) return records::damaged(kWhat);
  return out;
}

std::vector<std::uint32_t> chunks_of(const NumberSet& uids, const NumberSet& and_these) {
  std::vector<std::uint32_t> chunks;
  for (const NumberSet* set : {&uids, &and_these}) {
    for (const NumberSet::Range& r : set->ranges()) {
      for (Uid chunk = r.first / records::kChunkUids; chunk <= r.last / records::kChunkUids; ++chunk) {
        if (chunks.empty() || chunks.back() != chunk) chunks.push_back(chunk);
      }
    }
  }
  std::ranges::sort(chunks);
  const auto twice = std::ranges::unique(chunks);
  chunks.erase(twice.begin(), twice.end());
  return chunks;
}

Result<SeenPage> SeenPage::read(store::Snapshot& snapshot, FolderId folder, Reader reader, const NumberSet& uids,
                                const std::function<void(std::uint32_t, const Error&)>& damaged) {
  SeenPage page;
  const auto chunks = chunks_of(uids);
  std::vector<std::string> keys;
  keys.reserve(chunks.size());
  for (const std::uint32_t chunk : chunks) keys.push_back(records::seen_marks_key(folder, reader, chunk));
  GP_TRY(const auto values, snapshot.get_many(std::vector<std::string_view>(keys.begin(), keys.end())));
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (!values[i]) continue;
    auto marks = SeenMarks::decode(chunks[i], *values[i]);
    if (marks)
      page.chunks_.emplace_hint(page.chunks_.end(), chunks[i], *std::move(marks));
    else
      damaged(chunks[i], marks.error());
  }
  return page;
}

const SeenMarks* SeenPage::of(std::uint32_t chunk) const {
  const auto found = chunks_.find(chunk);
  return found == chunks_.end() ? nullptr : &found->second;
}

void SeenPage::show(Row& row) const {
  const SeenMarks* const marks = of(row.uid / records::kChunkUids);
  if (marks != nullptr)
    marks->show(row);
  else
    row.flags.system &= static_cast<std::uint8_t>(~flag::kSeen);
}

namespace records {

std::string encode(const OwnSeen& own) {
  std::string out = start(12);
  put_u8(out, own.on ? 1 : 0);
  put_varint(out, own.since);
  return out;
}

Result<OwnSeen> decode_own_seen(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "whose seen flags"));
  const std::uint8_t on = in.u8();
  const OwnSeen own{on == 1, in.varint()};
  if (!in.ok() || !in.at_end() || on > 1 || own.since == 0) return damaged("whose seen flags");
  return own;
}

std::string encode(const SeenTotals& totals) {
  std::string out = start(16);
  put_varint(out, totals.seen);
  put_varint(out, totals.modseq);
  return out;
}

Result<SeenTotals> decode_seen_totals(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "totals of a reader"));
  SeenTotals totals;
  const bool fits = narrow(in.varint(), totals.seen);
  totals.modseq = in.varint();
  if (!in.ok() || !in.at_end() || !fits) return damaged("totals of a reader");
  return totals;
}

}  // namespace records
}  // namespace gatepost::account
