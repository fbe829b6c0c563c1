#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "account/records.hpp"
#include "base/ascii.hpp"
#include "store/key_value.hpp"

namespace gatepost::account {

inline constexpr std::size_t kMaxFolderDepth = 50;
inline constexpr std::size_t kMaxFolderNameOctets = 255;
inline constexpr std::size_t kMaxFolders = 10'000;
inline constexpr std::size_t kMaxKeywords = 1'000;
inline constexpr std::size_t kMaxKeywordOctets = 255;
inline constexpr std::size_t kMaxSubscriptions = 20'000;
inline constexpr std::size_t kMaxGrantsOctets = 32 << 10;  // of one folder, as they are stored
inline constexpr std::size_t kMaxReaders = 500;            // of one folder, with \\Seen of their own
inline constexpr std::string_view kInboxName = "INBOX";

// What an open account keeps in memory: everything but its messages. A value; the owner guards it.
struct Head {
  Modseq modseq = 0;
  records::State state;
  records::RemovedTotals removed;
  std::map<FolderId, records::FolderRecord> folders;              // dying ones too
  std::map<std::pair<FolderId, std::string>, FolderId> children;  // (parent, name); without dying ones
  std::shared_ptr<const std::vector<std::string>> keywords = std::make_shared<const std::vector<std::string>>();
  std::map<std::string, KeywordId, ascii::ILess> keyword_ids;
  std::set<std::string, std::less<>> subscriptions;
  std::map<FolderId, std::shared_ptr<const Grants>> grants;  // of those that have any; kRoot: of the account's top
  std::uint64_t annotation_octets = 0;
  records::OwnSeen own_seen;
  std::map<std::pair<FolderId, Reader>, records::SeenTotals> seen;  // of readers who have marks of their own
  FolderId inbox{};
};

// Reads it from the store; never touches message rows. `damaged` hears of records that were left out. A partition at
// version 0 gives an empty head; Errc::corrupt when the account's state itself cannot be read.
Result<Head> load_head(store::Snapshot& snapshot,
                       const std::function<void(std::string_view where, const Error&)>& damaged);

std::string path_of(const Head& head, const records::FolderRecord& folder);
// A path's names, the first as "INBOX" when it is that in any case. Errc::invalid: an empty or overlong name, a control
// character, not UTF-8; Errc::limit: too deep.
Result<std::vector<std::string>> parse_path(std::string_view path);
// A name as it is stored: NFC (RFC 5198 3). Folders made by builds without this rule are found by the names they have.
std::string stored_name(const std::string& name);
// The folder at these names as they are, or else as they are stored; dying ones left out.
std::optional<FolderId> find_path(const Head& head, const std::vector<std::string>& names);

// A UID set of a folder that has them. Cost follows its chunks.
Result<NumberSet> scan_uid_set(store::Snapshot& snapshot, FolderId folder, records::UidSet which);

// Visits the rows of `uids` in ascending order; visit returns false to stop. Rows that cannot be read are left out
// after telling `damaged`.
using RowVisit = std::function<bool(Row&)>;
using RowDamage = std::function<void(FolderId, Uid, const Error&)>;
Result<> scan_rows(store::Snapshot& snapshot, FolderId folder, const NumberSet& uids, const RowVisit& visit,
                   const RowDamage& damaged);

}  // namespace gatepost::account
