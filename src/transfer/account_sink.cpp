#include <array>
#include <cstring>
#include <limits>
#include <map>
#include <unordered_map>

#include "imap/protocol/flags.hpp"
#include "mime/structure.hpp"
#include "mime/summary.hpp"
#include "transfer/account_transfer.hpp"

namespace gatepost::transfer {
namespace {

constexpr std::size_t kTogether = 200;              // messages in one commit
constexpr std::size_t kTogetherOctets = 512 << 10;  // of their summaries
constexpr std::size_t kPage = 512;
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
    // Undated, the octets alone must do.
    const auto there = folder->left.find(known_of(item.body, message_.received ? item.received : TimePoint()));
    if (there != folder->left.end() && there->second > 0) {
      --there->second;
      ++outcome_.known;
      return {};
    }
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
    return waiting_.size() < kTogether && waiting_octets_ < kTogetherOctets ? Result<>{} : flush();
  }
  Result<> finish() override { return flush(); }

 private:
  struct Folder {
    account::FolderId id{};
    std::unordered_map<Known, std::uint32_t, KnownHash> left;  // how many were there that have not come yet
  };

  Result<Folder*> open_folder(const std::string& path) {
    if (const auto known = folders_.find(path); known != folders_.end()) return &known->second;
    auto found = account_.find_folder(path);
    if (!found || !found->selectable) found = account_.create_folder(path);
    if (!found) return std::unexpected(std::move(found).error());
    Folder folder{found->id, {}};
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
      if (items.size() >= kPage) noted = note();
      return noted.has_value();
    }));
    GP_CHECK(std::move(noted));
    GP_CHECK(note());
    return &folders_.emplace(path, std::move(folder)).first->second;
  }

  Result<> flush() {
    if (waiting_.empty()) return {};
    auto done = account_.append(waiting_in_, waiting_);
    if (!done && done.error().code == Errc::limit) {
      // The account takes no more keywords: the messages matter more.
      for (account::NewItem& item : waiting_) item.keywords.clear();
      done = account_.append(waiting_in_, waiting_);
    }
    if (!done) return std::unexpected(std::move(done).error());
    outcome_.added += waiting_.size();
    waiting_.clear();
    waiting_octets_ = 0;
    return {};
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
};

}  // namespace

std::unique_ptr<Sink> import_into(account::Account& account, const Clock& clock, Imported& outcome) {
  return std::make_unique<AccountSink>(account, clock, outcome);
}

}  // namespace gatepost::transfer
