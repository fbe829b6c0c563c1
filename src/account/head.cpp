#include "account/head.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "account/store_access.hpp"
#include "base/bytes.hpp"
#include "base/utf8.hpp"
#include "mime/normal_form.hpp"
#include "store/keys.hpp"

namespace gatepost::account {
namespace {

// UIDs closer together than this are read by one scan, skipping what lies between; others one by one.
constexpr std::uint32_t kScanGap = 32;

using Damaged = std::function<void(std::string_view, const Error&)>;

Result<> load_folders(store::Snapshot& snapshot, Head& head, const Damaged& damaged) {
  const std::string begin(1, records::kind::kFolder);
  return snapshot.scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    FolderId id{};
    if (!records::parse_folder_key(e.key, id)) {
      damaged("folder key", Error{Errc::corrupt, "damaged key"});
      return true;
    }
    auto record = records::decode_folder(id, e.value);
    if (!record) {
      damaged(fmt::format("folder {}", static_cast<std::uint32_t>(id)), record.error());
      return true;
    }
    if (record->role == Role::inbox && !record->dying) head.inbox = id;
    if (!record->dying) head.children.emplace(std::pair(record->parent, record->name), id);
    head.folders.emplace_hint(head.folders.end(), id, std::move(*record));
    return true;
  });
}

Result<> load_keywords(store::Snapshot& snapshot, Head& head, const Damaged& damaged) {
  const std::string begin(1, records::kind::kKeyword);
  std::vector<std::string> names;
  GP_CHECK(snapshot.scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    ByteReader key(e.key.substr(1));
    const KeywordId id = key.u16();
    if (!key.ok() || id >= kMaxKeywords) return true;
    auto name = records::decode_text(e.value);
    // A name that is lost leaves its number taken.
    if (!name) damaged(fmt::format("keyword {}", id), name.error());
    if (names.size() <= id) names.resize(id + std::size_t{1});
    names[id] = name ? std::move(*name) : fmt::format("lost-{}", id);
    head.keyword_ids.emplace(names[id], id);
    return true;
  }));
  if (!names.empty()) head.keywords = std::make_shared<const std::vector<std::string>>(std::move(names));
  return {};
}

Result<> load_grants(store::Snapshot& snapshot, Head& head, const Damaged& damaged) {
  const std::string begin(1, records::kind::kGrants);
  return snapshot.scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    FolderId id{};
    if (!records::parse_grants_key(e.key, id)) return true;
    auto grants = records::decode_grants(e.value);
    // Nobody but the owner, then: what cannot be read grants nothing.
    if (!grants) {
      damaged(fmt::format("rights of folder {}", static_cast<std::uint32_t>(id)), grants.error());
      return true;
    }
    head.grants.emplace(id, std::make_shared<const Grants>(std::move(*grants)));
    return true;
  });
}

Result<> load_annotated(store::Snapshot& snapshot, Head& head, const Damaged& damaged) {
  GP_TRY(const auto value, snapshot.get(records::annotated_key()));
  if (!value) return {};
  const auto octets = records::decode_octets(*value);
  if (octets) head.annotation_octets = *octets;
  if (!octets) damaged("octets of annotations", octets.error());
  return {};
}

Result<> load_seen(store::Snapshot& snapshot, Head& head, const Damaged& damaged) {
  GP_TRY(const auto value, snapshot.get(records::own_seen_key()));
  if (!value) return {};
  const auto own = records::decode_own_seen(*value);
  if (!own) {
    damaged("whose seen flags", own.error());
    return {};
  }
  head.own_seen = *own;
  const std::string begin(1, records::kind::kSeen);
  return snapshot.scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    std::pair<FolderId, Reader> whose;
    if (!records::parse_seen_totals_key(e.key, whose.first, whose.second)) return true;
    const auto totals = records::decode_seen_totals(e.value);
    if (totals)
      head.seen.emplace_hint(head.seen.end(), whose, *totals);
    else
      damaged(fmt::format("totals of a reader of folder {}", static_cast<std::uint32_t>(whose.first)), totals.error());
    return true;
  });
}

}  // namespace

Result<Head> load_head(store::Snapshot& snapshot, const Damaged& damaged) {
  Head head;
  head.modseq = snapshot.version();
  if (head.modseq == 0) return head;
  GP_TRY(const auto state, snapshot.get(records::state_key()));
  if (!state) return fail(Errc::corrupt, "account state is missing");
  GP_TRY(head.state, records::decode_state(*state));
  GP_TRY(const auto removed, snapshot.get(records::removed_totals_key()));
  if (removed) {
    auto totals = records::decode_removed_totals(*removed);
    if (totals)
      head.removed = *totals;
    else
      damaged("totals of removed messages", totals.error());
  }
  GP_CHECK(load_folders(snapshot, head, damaged));
  GP_CHECK(load_keywords(snapshot, head, damaged));
  GP_CHECK(load_grants(snapshot, head, damaged));
  GP_CHECK(load_annotated(snapshot, head, damaged));
  GP_CHECK(load_seen(snapshot, head, damaged));
  const std::string begin(1, records::kind::kSubscription);
  GP_CHECK(snapshot.scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    head.subscriptions.emplace_hint(head.subscriptions.end(), e.key.substr(1));
    return true;
  }));
  return head;
}

std::string path_of(const Head& head, const records::FolderRecord& folder) {
  std::string path = folder.name;
  FolderId parent = folder.parent;
  for (std::size_t depth = 0; parent != kRoot && depth < kMaxFolderDepth; ++depth) {
    const auto found = head.folders.find(parent);
    if (found == head.folders.end()) break;
    path.insert(0, found->second.name + '/');
    parent = found->second.parent;
  }
  return path;
}

Result<std::vector<std::string>> parse_path(std::string_view path) {
  if (!utf8::is_valid(path)) return fail(Errc::invalid, "folder name is not UTF-8");
  std::vector<std::string> names;
  for (const std::string_view name : ascii::split(path, '/')) {
    if (names.size() >= kMaxFolderDepth) return fail(Errc::limit, "folder name is too deep");
    if (name.empty()) return fail(Errc::invalid, "folder name has an empty part");
    if (name.size() > kMaxFolderNameOctets) return fail(Errc::invalid, "folder name is too long");
    for (const char c : name) {
      if (ascii::is_control(c)) return fail(Errc::invalid, "folder name has a control character");
    }
    names.emplace_back(name);
  }
  if (ascii::iequals(names.front(), kInboxName)) names.front() = kInboxName;
  return names;
}

std::string stored_name(const std::string& name) { return mime::to_nfc(name); }

std::optional<FolderId> find_path(const Head& head, const std::vector<std::string>& names) {
  FolderId at = kRoot;
  for (const std::string& name : names) {
    auto found = head.children.find({at, name});
    if (found == head.children.end()) found = head.children.find({at, stored_name(name)});
    if (found == head.children.end()) return std::nullopt;
    at = found->second;
  }
  return at;
}

namespace {

// Ranges that are worth one scan, and single UIDs that are fetched together.
class RowReader {
 public:
  RowReader(store::Snapshot& snapshot, FolderId folder, const NumberSet& uids, const RowVisit& visit,
            const RowDamage& damaged)
      : snapshot_(snapshot), folder_(folder), uids_(uids), visit_(visit), damaged_(damaged) {}

  Result<> run() {
    const auto& ranges = uids_.ranges();
    for (std::size_t i = 0; i < ranges.size() && !stopped_;) {
      std::size_t end = i + 1;
      while (end < ranges.size() && ranges[end].first - ranges[end - 1].last <= kScanGap) ++end;
      const std::uint32_t first = ranges[i].first;
      const std::uint32_t last = ranges[end - 1].last;
      i = end;
      if (first == last) {
        singles_.push_back(first);
        if (singles_.size() >= kScanPage) GP_CHECK(fetch_singles());
        continue;
      }
      GP_CHECK(fetch_singles());
      if (!stopped_) GP_CHECK(scan(first, last));
    }
    if (!stopped_) GP_CHECK(fetch_singles());
    return {};
  }

 private:
  void visit(Uid uid, std::string_view value) {
    const auto read = records::decode_row(uid, value, row_);
    if (read)
      stopped_ = !visit_(row_);
    else
      damaged_(folder_, uid, read.error());
  }

  Result<> scan(std::uint32_t first, std::uint32_t last) {
    const std::string end = last == std::numeric_limits<std::uint32_t>::max()
                                ? store::prefix_end(records::row_prefix(folder_))
                                : records::row_key(folder_, last + 1);
    std::size_t range = 0;
    const auto& ranges = uids_.ranges();
    range =
        static_cast<std::size_t>(std::ranges::lower_bound(ranges, first, {}, &NumberSet::Range::last) - ranges.begin());
    return snapshot_.scan(records::row_key(folder_, first), end, false, kScanPage, [&](store::Entry e) {
      FolderId folder{};
      Uid uid = 0;
      if (!records::parse_row_key(e.key, folder, uid)) return true;
      while (range < ranges.size() && ranges[range].last < uid) ++range;
      if (range < ranges.size() && uid >= ranges[range].first) visit(uid, e.value);
      return !stopped_;
    });
  }

  Result<> fetch_singles() {
    if (singles_.empty()) return {};
    std::vector<std::string> keys;
    keys.reserve(singles_.size());
    for (const Uid uid : singles_) keys.push_back(records::row_key(folder_, uid));
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    GP_TRY(const auto values, snapshot_.get_many(views));
    for (std::size_t i = 0; i < values.size() && !stopped_; ++i) {
      if (values[i]) visit(singles_[i], *values[i]);
    }
    singles_.clear();
    return {};
  }

  store::Snapshot& snapshot_;
  const FolderId folder_;
  const NumberSet& uids_;
  const RowVisit& visit_;
  const RowDamage& damaged_;
  std::vector<Uid> singles_;
  Row row_;  // the one at hand
  bool stopped_ = false;
};

}  // namespace

Result<NumberSet> scan_uid_set(store::Snapshot& snapshot, FolderId folder, records::UidSet which) {
  NumberSet uids;
  Result<> read;
  const std::string begin = records::uid_set_prefix(folder, which);
  GP_CHECK(snapshot.scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    FolderId id{};
    std::uint32_t chunk = 0;
    if (records::parse_uid_set_key(e.key, id, which, chunk)) read = records::decode_uid_set(chunk, e.value, uids);
    return read.has_value();
  }));
  GP_CHECK(std::move(read));
  return uids;
}

Result<> scan_rows(store::Snapshot& snapshot, FolderId folder, const NumberSet& uids, const RowVisit& visit,
                   const RowDamage& damaged) {
  return RowReader(snapshot, folder, uids, visit, damaged).run();
}

}  // namespace gatepost::account
