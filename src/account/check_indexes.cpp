#include <algorithm>

#include <fmt/format.h>

#include "account/check.hpp"
#include "account/store_access.hpp"
#include "store/keys.hpp"

// The part of a check that looks at what is made of rows: whose entries lead nowhere, and what is missing.
namespace gatepost::account {

// Entries of conversations, and of emails, whose message is not there, or in another one.
Result<> Checker::check_pairs(char kind, std::string_view of, std::vector<std::pair<ItemId, ItemId>>& right) {
  std::ranges::sort(right);
  return scan(kind, [&](store::Entry e) -> Result<> {
    std::pair<ItemId, ItemId> entry;
    if (records::parse_pair_key(e.key, entry.first, entry.second) && std::ranges::binary_search(right, entry)) {
      return {};
    }
    found(std::string(of), "has a message that is not there", true);
    put(std::string(e.key), std::nullopt);
    return {};
  });
}

Result<> Checker::check_places() {
  return scan(records::kind::kPlace, [&](store::Entry e) -> Result<> {
    ItemId id{};
    if (records::parse_item_key(e.key, id) && std::ranges::binary_search(items_, item_number(id))) return {};
    found("place", "of an item that does not exist", true);
    put(std::string(e.key), std::nullopt);
    return {};
  });
}

// Entries of k and v in pages, with the row each is about.
Result<> Checker::check_index(char kind,
                              const std::function<void(const IndexEntry&, const std::optional<std::string>&)>& visit) {
  std::vector<IndexEntry> page;
  const auto flush = [&]() -> Result<> {
    std::vector<std::string> keys;
    for (const IndexEntry& e : page) keys.push_back(records::row_key(e.folder, e.uid));
    GP_TRY(const auto rows, get(keys));
    for (std::size_t i = 0; i < page.size(); ++i) visit(page[i], rows[i]);
    page.clear();
    return {};
  };
  GP_CHECK(scan(kind, [&](store::Entry e) -> Result<> {
    IndexEntry entry;
    entry.key = e.key;
    if (!records::parse_index_key(e.key, entry.folder, entry.modseq, entry.uid)) {
      found("index key", "damaged", true);
      put(entry.key, std::nullopt);
      return {};
    }
    page.push_back(std::move(entry));
    return page.size() < kScanPage ? Result<>{} : flush();
  }));
  return flush();
}

// An entry too many is no damage: many rows that change at once leave theirs behind.
Result<> Checker::check_changed() {
  GP_CHECK(check_index(records::kind::kChanged, [&](const IndexEntry& e, const std::optional<std::string>& value) {
    const auto row = value ? records::decode_row(e.uid, *value) : Result<Row>(fail(Errc::not_found));
    if (row && row->modseq < e.modseq) {
      found(fmt::format("folder {} uid {}", folder_number(e.folder), e.uid),
            "changed index has a change that never was", true);
      put(e.key, std::nullopt);
    }
  }));
  return scan(records::kind::kChangedSet, [&](store::Entry e) -> Result<> {
    FolderId id{};
    Modseq modseq = 0;
    NumberSet uids;
    if (records::parse_changed_set_key(e.key, id, modseq) && records::decode_uids(e.value, uids)) return {};
    found(fmt::format("folder {}", folder_number(id)), "an entry of the changed index cannot be read", true);
    put(std::string(e.key), std::nullopt);
    return {};
  });
}

Result<> Checker::check_vanished() {
  return check_index(records::kind::kVanished, [&](const IndexEntry& e, const std::optional<std::string>& row) {
    if (!row) {
      const auto f = folders_.find(e.folder);
      if (f == folders_.end()) return;
      ++f->second.vanished;
      f->second.last_uid = std::max(f->second.last_uid, e.uid);
      return;
    }
    found(fmt::format("folder {} uid {}", folder_number(e.folder), e.uid), "is there and vanished at once", true);
    put(e.key, std::nullopt);
  });
}

Result<> Checker::check_uid_sets() {
  for (const auto& [id, s] : folders_) {
    if (s.record.dying) continue;
    NumberSet holes;
    if (s.record.uid_next > 1) holes = NumberSet::of(1, s.record.uid_next - 1).minus(s.uids).minus(s.record.gaps);
    GP_CHECK(check_uid_set(id, records::UidSet::holes, holes));
    GP_CHECK(check_uid_set(id, records::UidSet::deleted, s.marked));
  }
  return {};
}

// What was repaired above makes chunks wrong that were right: only what was wrong before is a finding.
Result<> Checker::check_uid_set(FolderId id, records::UidSet which, const NumberSet& right) {
  std::map<std::uint32_t, std::optional<std::string>> chunks;
  for (const NumberSet::Range& r : right.ranges()) {
    for (Uid c = r.first / records::kChunkUids; c <= r.last / records::kChunkUids; ++c) chunks[c] = std::nullopt;
  }
  for (auto& [chunk, value] : chunks) value = records::encode_uid_set(right, chunk);
  bool wrong = false;
  const std::string begin = records::uid_set_prefix(id, which);
  GP_CHECK(snapshot_.scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    FolderId folder{};
    records::UidSet set{};
    std::uint32_t chunk = 0;
    const bool is_key = records::parse_uid_set_key(e.key, folder, set, chunk);
    const auto known = is_key ? chunks.find(chunk) : chunks.end();
    if (known == chunks.end()) {
      wrong = true;
      put(std::string(e.key), std::nullopt);
    } else if (known->second == e.value) {
      chunks.erase(known);
    }
    return true;
  }));
  const Seen& seen = folders_.at(id);
  wrong = wrong || !chunks.empty();
  if (wrong && !seen.touched && !seen.rewrite)
    found(fmt::format("folder {}", folder_number(id)), "UID sets are wrong", true);
  for (auto& [chunk, value] : chunks) put(records::uid_set_key(id, which, chunk), std::move(value));
  return {};
}

}  // namespace gatepost::account
