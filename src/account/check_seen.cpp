#include <algorithm>

#include <fmt/format.h>

#include "account/check.hpp"
#include "account/seen_marks.hpp"
#include "account/store_access.hpp"

// The part of a check that looks at what readers have seen on their own.
namespace gatepost::account {
namespace {

std::string whose_marks(FolderId folder, Reader reader) {
  return fmt::format("folder {} reader {}", folder_number(folder), reader);
}

}  // namespace

Result<> Checker::check_own_seen() {
  GP_TRY(const auto value, snapshot_.get(records::own_seen_key()));
  if (!value) return {};
  const auto own = records::decode_own_seen(*value);
  if (own) {
    own_seen_ = *own;
    return {};
  }
  found("whose seen flags", "cannot be read: " + own.error().detail, true);
  quarantine(records::own_seen_key(), *value);
  return {};
}

// Takes out what is of no message; false: nothing is right about it.
bool Checker::mend_marks(FolderId id, SeenMarks& marks) {
  const auto f = folders_.find(id);
  if (f == folders_.end() || !own_seen_.on) return false;
  marks.touched().minus(f->second.uids).for_each([&](Uid uid) { marks.forget(uid); });
  return true;
}

Result<> Checker::check_seen() {
  GP_CHECK(check_own_seen());
  std::map<std::pair<FolderId, Reader>, records::SeenTotals> totals;
  std::set<std::string> index;  // keys that are to be there
  GP_CHECK(scan(records::kind::kSeenMarks, [&](store::Entry e) -> Result<> {
    std::pair<FolderId, Reader> whose;
    std::uint32_t chunk = 0;
    const bool is_key = records::parse_seen_marks_key(e.key, whose.first, whose.second, chunk);
    auto marks = is_key ? SeenMarks::decode(chunk, e.value) : Result<SeenMarks>(fail(Errc::corrupt, "damaged key"));
    if (!marks) {
      found(whose_marks(whose.first, whose.second), "what is seen cannot be read: " + marks.error().detail, true);
      quarantine(e.key, e.value);
      return {};
    }
    const auto f = folders_.find(whose.first);
    if (f != folders_.end() && f->second.record.dying) return {};  // goes with the folder
    const NumberSet before = marks->touched();
    if (!mend_marks(whose.first, *marks)) {
      found(whose_marks(whose.first, whose.second), "what is seen is of nothing that is there", true);
      put(std::string(e.key), std::nullopt);
      return {};
    }
    if (!(marks->touched() == before)) {
      if (!f->second.touched) found(whose_marks(whose.first, whose.second), "has seen what is not there", true);
      put(std::string(e.key), marks->empty() ? std::nullopt : std::optional(marks->encode()));
    }
    if (marks->empty()) return {};
    records::SeenTotals& all = totals[whose];
    all.seen += marks->count();
    all.modseq = std::max(all.modseq, marks->newest());
    index.insert(records::seen_changed_key(whose.first, whose.second, marks->newest(), chunk));
    return {};
  }));
  GP_CHECK(scan(records::kind::kSeenChanged, [&](store::Entry e) -> Result<> {
    FolderId id{};
    Reader reader = kEverybody;
    Modseq modseq = 0;
    std::uint32_t chunk = 0;
    const bool is_key = records::parse_seen_changed_key(e.key, id, reader, modseq, chunk);
    const auto f = folders_.find(id);
    if (is_key && f != folders_.end() && f->second.record.dying) return {};
    if (index.erase(std::string(e.key)) > 0) return {};
    if (f == folders_.end() || !f->second.touched)
      found(whose_marks(id, reader), "has a change of what is seen that is not there", true);
    put(std::string(e.key), std::nullopt);
    return {};
  }));
  for (const std::string& key : index) {
    FolderId id{};
    Reader reader = kEverybody;
    Modseq modseq = 0;
    std::uint32_t chunk = 0;
    if (records::parse_seen_changed_key(key, id, reader, modseq, chunk) && !folders_.at(id).touched)
      found(whose_marks(id, reader), "a change of what is seen is missing", true);
    put(key, records::encode_empty());
  }
  return check_seen_totals(totals);
}

Result<> Checker::check_seen_totals(std::map<std::pair<FolderId, Reader>, records::SeenTotals>& right) {
  GP_CHECK(scan(records::kind::kSeen, [&](store::Entry e) -> Result<> {
    std::pair<FolderId, Reader> whose;
    const bool is_key = records::parse_seen_totals_key(e.key, whose.first, whose.second);
    const auto stored =
        is_key ? records::decode_seen_totals(e.value) : Result<records::SeenTotals>(fail(Errc::corrupt, "damaged key"));
    const auto f = folders_.find(whose.first);
    const auto counted = right.find(whose);
    const records::SeenTotals known = counted == right.end() ? records::SeenTotals{} : counted->second;
    if (counted != right.end()) right.erase(counted);
    if (is_key && f != folders_.end() && f->second.record.dying) return {};
    const bool belongs = is_key && own_seen_.on && f != folders_.end();
    // His last change may have been of a message that is gone.
    if (stored && belongs && stored->seen == known.seen && stored->modseq >= known.modseq) return {};
    if (!belongs || !f->second.touched) found(whose_marks(whose.first, whose.second), "totals are wrong", true);
    if (!stored) quarantine(e.key, e.value);
    put(std::string(e.key),
        belongs ? std::optional(records::encode(records::SeenTotals{known.seen, modseq()})) : std::nullopt);
    return {};
  }));
  for (const auto& [whose, totals] : right) {
    found(whose_marks(whose.first, whose.second), "totals are missing", true);
    put(records::seen_totals_key(whose.first, whose.second),
        records::encode(records::SeenTotals{totals.seen, modseq()}));
  }
  return {};
}

}  // namespace gatepost::account
