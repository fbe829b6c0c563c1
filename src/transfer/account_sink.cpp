#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "imap/protocol/flags.hpp"
#include "mime/structure.hpp"
#include "mime/summary.hpp"
#include "transfer/account_transfer.hpp"

namespace gatepost::transfer {
namespace {

constexpr std::size_t kTogether = 200;              // messages in one commit
constexpr std::size_t kTogetherOctets = 512 << 10;  // of their summaries
constexpr std::size_t kSinkPage = 512;
// Of one message: anybody may have written X-Keywords into it.
constexpr std::size_t kMostKeywords = 64;

// What a message is known by: a part of its digest, and when it was received.
struct Known {
  std::array<std::uint8_t, 16> digest{};
  std::int64_t received = 0;
  bool operator==(const Known&) const = default;
};
struct KnownHash {
  std::size_t operator()(const Known& known) const {
    std::uint64_t h = 0;
    std::memcpy(&h, known.digest.data(), sizeof h);
    return h ^ static_cast<std::uint64_t>(known.received);
  }
};

Known known_of(const account::Body& body, TimePoint received) {
  Known known;
  std::memcpy(known.digest.data(), body.sha256.data(), known.digest.size());
  known.received = std::chrono::floor<std::chrono::seconds>(received).time_since_epoch().count();
  return known;
}

// Notes of how far other servers' folders have been fetched: annotations that nobody who signs in can see.
constexpr account::Reader kPulls = std::numeric_limits<account::Reader>::max();
constexpr std::string_view kPullNotes = "/vendor/gatepost/pulled/";

std::optional<PulledTo> read_note(const account::Annotation& note) {
  if (!note.name.starts_with(kPullNotes)) return std::nullopt;
  PulledTo out{.origin = note.name.substr(kPullNotes.size())};
  const char* const end = note.value.data() + note.value.size();
  const auto [blank, bad] = std::from_chars(note.value.data(), end, out.uid_validity);
  if (bad != std::errc{} || blank == end) return std::nullopt;
  const auto [last, worse] = std::from_chars(blank + 1, end, out.uid);
  if (worse != std::errc{} || last != end) return std::nullopt;
  return out;
}

class AccountSink final : public Sink {
 public:
  AccountSink(account::Account& account, const Clock& clock, Imported& outcome)
      : account_(account), clock_(clock), outcome_(outcome) {}

  Result<> begin(const Message& message) override {
    message_ = message;
    GP_TRY(writer_, account_.new_body(0));
    scanner_ = {};
    return {};
  }
  Result<> write(std::string_view octets) override {
    scanner_.feed(octets);
    return writer_->append(octets);
  }
  Result<> end() override {
    account::NewItem item;
    GP_TRY(item.body, writer_->finish());
    writer_.reset();
    const mime::Structure structure = scanner_.finish();
    GP_TRY(Folder* const folder, open_folder(message_.folder));
    item.received = std::chrono::floor<std::chrono::seconds>(message_.received.value_or(clock_.now()));
    GP_CHECK(keep_numbers(*folder, item));
    // Undated, the octets alone must do.
    const auto there = folder->left.find(known_of(item.body, message_.received ? item.received : TimePoint()));
    if (there != folder->left.end() && there->second > 0) {
      --there->second;
      ++outcome_.known;
      note(*folder);
      return {};
    }
    take_name(*folder, item);
    item.summary = mime::encode(structure);
    item.system_flags = message_.flags;
    std::size_t keyword_octets = 0;
    for (std::string& keyword : message_.keywords) {
      if (item.keywords.size() == kMostKeywords || !imap::is_keyword(keyword)) continue;
      keyword_octets += keyword.size();
      item.keywords.push_back(std::move(keyword));
    }
    if (folder->id != waiting_in_) GP_CHECK(flush());
    waiting_in_ = folder->id;
    waiting_octets_ += item.summary.size() + keyword_octets;
    waiting_.push_back(std::move(item));
    note(*folder);
    return waiting_.size() < kTogether && waiting_octets_ < kTogetherOctets ? Result<>{} : flush();
  }
  Result<> finish() override { return flush(); }

 private:
  struct Folder {
    account::FolderId id{};
    std::unordered_map<Known, std::uint32_t, KnownHash> left;  // how many were there that have not come yet
    std::uint32_t uid_validity = 0;
    account::Uid uid_next = 1;                                // with what waits
    std::optional<std::unordered_set<std::string>> pop3_ids;  // given so far; none: POP3 does not serve this folder
    PulledTo note;                                            // to be written with what waits; origin empty: nothing
  };

  // RFC 9051 2.3.1.1: with another server's UIDVALIDITY, its UIDs.
  Result<> keep_numbers(Folder& folder, account::NewItem& item) {
    if (message_.uid == 0 || message_.uid_validity == 0) return {};
    if (folder.uid_next == 1 && folder.uid_validity != message_.uid_validity) {
      const auto adopted = account_.adopt_uid_validity(folder.id, message_.uid_validity);
      if (adopted) folder.uid_validity = message_.uid_validity;
      if (!adopted && adopted.error().code != Errc::conflict && adopted.error().code != Errc::invalid) return adopted;
    }
    if (folder.uid_validity == message_.uid_validity && message_.uid >= folder.uid_next) item.uid = message_.uid;
    return {};
  }

  // RFC 1939 7: no two messages have the same. One that looks like those that are given here may be another's one day.
  void take_name(Folder& folder, account::NewItem& item) {
    if (message_.pop3_id.empty() || !folder.pop3_ids) return;
    if (message_.pop3_id.starts_with(fmt::format("{}.", folder.uid_validity))) return;
    if (folder.pop3_ids->insert(message_.pop3_id).second) item.pop3_id = message_.pop3_id;
  }

  void note(Folder& folder) {
    if (!waiting_.empty() && waiting_in_ == folder.id) {
      const account::Uid uid = waiting_.back().uid;
      folder.uid_next = uid != 0 ? uid + 1 : folder.uid_next + 1;
    }
    if (message_.origin.empty()) return;
    folder.note = {message_.origin, message_.uid_validity, message_.uid};
    noted_ = &folder;
  }

  Result<> write_note() {
    if (noted_ == nullptr) return {};
    Folder& folder = *std::exchange(noted_, nullptr);
    const account::AnnotationChange change{kPulls, std::string(kPullNotes) + folder.note.origin,
                                           fmt::format("{} {}", folder.note.uid_validity, folder.note.uid)};
    const auto written = account_.set_annotations(folder.id, std::span(&change, 1), 0);
    // Without it the next pull fetches more than it has to, and adds nothing twice.
    if (!written && written.error().code != Errc::limit) return written;
    return {};
  }

  Result<Folder*> open_folder(const std::string& path) {
    if (const auto known = folders_.find(path); known != folders_.end()) return &known->second;
    auto found = account_.find_folder(path);
    if (!found || !found->selectable) found = account_.create_folder(path);
    if (!found) return std::unexpected(std::move(found).error());
    Folder folder{.id = found->id, .uid_validity = found->uid_validity, .uid_next = found->uid_next};
    if (found->role == account::Role::inbox) {
      GP_TRY(const auto given, account_.pop3_ids(folder.id));
      folder.pop3_ids.emplace();
      for (const account::Pop3Id& one : given) folder.pop3_ids->insert(one.id);
    }
    std::vector<account::ItemId> items;
    std::vector<TimePoint> received;
    const auto note = [&]() -> Result<> {
      GP_TRY(const auto records, account_.items(items));
      for (std::size_t i = 0; i < records.size(); ++i) {
        ++folder.left[known_of(records[i].body, received[i])];
        ++folder.left[known_of(records[i].body, TimePoint())];
      }
      items.clear();
      received.clear();
      return {};
    };
    Result<> noted;
    const NumberSet all = NumberSet::of(1, std::numeric_limits<account::Uid>::max());
    GP_CHECK(account_.rows(folder.id, all, [&](const account::Row& row) {
      items.push_back(row.item);
      received.push_back(row.received);
      if (items.size() >= kSinkPage) noted = note();
      return noted.has_value();
    }));
    GP_CHECK(std::move(noted));
    GP_CHECK(note());
    return &folders_.emplace(path, std::move(folder)).first->second;
  }

  Result<> flush() {
    if (waiting_.empty()) return write_note();
    auto done = account_.append(waiting_in_, waiting_);
    if (!done && done.error().code == Errc::limit) {
      // The account takes no more keywords: the messages matter more.
      for (account::NewItem& item : waiting_) item.keywords.clear();
      done = account_.append(waiting_in_, waiting_);
    }
    if (!done && done.error().code == Errc::conflict) {
      // Something else has come into the folder meanwhile.
      for (account::NewItem& item : waiting_) item.uid = 0;
      done = account_.append(waiting_in_, waiting_);
    }
    if (!done) return std::unexpected(std::move(done).error());
    outcome_.added += waiting_.size();
    waiting_.clear();
    waiting_octets_ = 0;
    return write_note();
  }

  account::Account& account_;
  const Clock& clock_;
  Imported& outcome_;
  Message message_;
  std::unique_ptr<account::BodyWriter> writer_;
  mime::StructureScanner scanner_;
  std::map<std::string, Folder> folders_;
  account::FolderId waiting_in_{};
  std::vector<account::NewItem> waiting_;
  std::size_t waiting_octets_ = 0;
  Folder* noted_ = nullptr;  // that has a note to be written
};

}  // namespace

Result<std::vector<PulledTo>> pulled_into(account::Account& account) {
  GP_TRY(const auto folders, account.folders());
  std::vector<PulledTo> out;
  for (const account::Folder& folder : *folders) {
    GP_TRY(const auto notes, account.annotations(folder.id, kPulls));
    for (const account::Annotation& one : notes) {
      if (auto note = read_note(one)) out.push_back(*std::move(note));
    }
  }
  return out;
}

std::unique_ptr<Sink> import_into(account::Account& account, const Clock& clock, Imported& outcome) {
  return std::make_unique<AccountSink>(account, clock, outcome);
}

}  // namespace gatepost::transfer
