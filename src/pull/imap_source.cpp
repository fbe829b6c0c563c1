#include "pull/imap_source.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "account/types.hpp"
#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/number_set.hpp"
#include "pull/folder_map.hpp"
#include "pull/spool.hpp"

namespace gatepost::pull {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kRowsAtOnce = 1'000;  // UIDs, not messages: few servers have so many without a gap
constexpr std::size_t kBodiesAtOnce = 50;     // asked for in one command
constexpr milliseconds kFirstWait{2'000}, kLongestWait{300'000};
constexpr milliseconds kLongestAsked{900'000};  // of what a server may ask for

bool can_be_tried_again(Errc code) {
  return code == Errc::unavailable || code == Errc::closed || code == Errc::timed_out;
}

std::uint8_t flag_of(std::string_view name) {
  namespace flag = account::flag;
  constexpr std::pair<std::string_view, std::uint8_t> kFlags[] = {{"\\Seen", flag::kSeen},
                                                                  {"\\Answered", flag::kAnswered},
                                                                  {"\\Flagged", flag::kFlagged},
                                                                  {"\\Deleted", flag::kDeleted},
                                                                  {"\\Draft", flag::kDraft}};
  for (const auto& [known, bit] : kFlags) {
    if (ascii::iequals(known, name)) return bit;
  }
  return 0;
}

class ImapSource final : public transfer::Source {
 public:
  ImapSource(Order order, Witness witness, sasl::Library& library)
      : order_(std::move(order)), witness_(std::move(witness)), library_(library) {}

  Result<std::optional<transfer::Message>> next() override {
    for (int attempts = 0;;) {
      auto found = try_next();
      if (found || !can_be_tried_again(found.error().code)) return found;
      if (++attempts > kAttempts) return found;
      const milliseconds grown = std::min(kFirstWait * (1 << std::min(attempts - 1, 10)), kLongestWait);
      milliseconds asked = client_ ? client_->backoff() : refused_for_;
      asked = std::min(asked, kLongestAsked);
      client_.reset();
      rows_.clear();
      batch_.clear();
      witness_.wait(std::max(grown, asked), found.error().detail);
    }
  }

  Result<std::size_t> read(std::span<char> out) override { return spool_.read(out); }

 private:
  struct Folder {
    PulledFolder name;
    std::string origin;
    std::uint32_t uid_validity = 0;
    std::uint32_t next = 1;  // the UID to go on with: all below were given
    NumberSet given;         // those from there on that were
    std::uint32_t last = 0;  // there is none above
    bool opened = false;     // since the connection began
    bool told = false;
  };

  // One step at a time, each of which can be taken again on another connection.
  Result<std::optional<transfer::Message>> try_next() {
    for (;;) {
      if (!client_) GP_CHECK(connect());
      if (folders_.empty()) return std::nullopt;
      Folder& folder = folders_.front();
      if (!folder.opened) {
        GP_TRY(const bool there, open(folder));
        if (!there) {
          folders_.pop_front();
          continue;
        }
      }
      if (rows_.empty() && batch_.empty()) {
        if (folder.next > folder.last || folder.next == 0) {
          folders_.pop_front();
          continue;
        }
        GP_CHECK(read_rows(folder));
        continue;
      }
      GP_TRY(auto message, fetch(folder));
      if (message) return message;
    }
  }

  Result<> connect() {
    refused_for_ = milliseconds(0);
    auto client = ImapClient::open(order_.server, order_.who, library_, refused_for_);
    if (!client) return std::unexpected(std::move(client).error());
    client_ = *std::move(client);
    for (Folder& folder : folders_) folder.opened = false;
    if (listed_) return {};
    GP_TRY(const auto personal, client_->personal());
    GP_TRY(const auto listed, client_->folders());
    for (PulledFolder& one : map_folders(listed, personal, order_.only, order_.skip)) {
      std::string origin = origin_of(order_.server, order_.who.user, one.name);
      folders_.push_back({.name = std::move(one), .origin = std::move(origin)});
    }
    listed_ = true;
    return {};
  }

  // False: it cannot be opened, which is told.
  Result<bool> open(Folder& folder) {
    auto opened = client_->examine(folder.name.name);
    if (!opened) {
      if (can_be_tried_again(opened.error().code)) return std::unexpected(std::move(opened).error());
      witness_.problem(folder.name.name, opened.error().detail);
      return false;
    }
    if (folder.uid_validity != 0 && folder.uid_validity != opened->uid_validity) {
      // Made anew meanwhile: from the beginning, and what came before is known by its octets.
      folder.next = 1;
    } else if (folder.uid_validity == 0) {
      const auto mark = order_.marks.find(folder.origin);
      if (mark != order_.marks.end() && mark->second.uid_validity == opened->uid_validity) {
        folder.next = mark->second.uid + 1;
      }
    }
    folder.uid_validity = opened->uid_validity;
    folder.last = 0;
    if (opened->exists > 0) {
      GP_TRY(folder.last, client_->highest());
    }
    folder.opened = true;
    if (!std::exchange(folder.told, true)) witness_.folder(folder.name.name, opened->exists);
    return true;
  }

  Result<> read_rows(Folder& folder) {
    const std::uint32_t end = folder.last - folder.next >= kRowsAtOnce ? folder.next + (kRowsAtOnce - 1) : folder.last;
    GP_TRY(const auto rows, client_->rows(folder.next, end));
    for (const Fetched& row : rows) {
      if (!folder.given.contains(row.uid)) rows_.push_back(row);
    }
    if (rows_.empty()) folder.next = end + 1;
    return {};
  }

  Result<> ask() {
    const std::size_t count = std::min(one_by_one_ > 0 ? 1 : kBodiesAtOnce, rows_.size());
    std::vector<std::uint32_t> uids;
    for (std::size_t i = 0; i < count; ++i) {
      uids.push_back(rows_.front().uid);
      batch_.push_back(std::move(rows_.front()));
      rows_.pop_front();
    }
    if (one_by_one_ > 0) --one_by_one_;
    return client_->ask_bodies(uids);
  }

  // What was asked for and has not come is gone. When the server refuses, one of several may be to blame.
  void end_batch(Folder& folder, const std::string& refused) {
    const std::uint32_t last = batch_.empty() ? 0 : batch_.back().uid;
    if (!refused.empty() && batch_.size() > 1) {
      one_by_one_ = batch_.size();
      rows_.insert(rows_.begin(), std::make_move_iterator(batch_.begin()), std::make_move_iterator(batch_.end()));
      batch_.clear();
      return;
    }
    if (!refused.empty() && !batch_.empty()) {
      witness_.problem(fmt::format("{} uid {}", folder.name.name, last), refused);
    }
    batch_.clear();
    if (last != 0) folder.next = std::max(folder.next, last + 1);
  }

  // Nullopt: there is none at the moment.
  Result<std::optional<transfer::Message>> fetch(Folder& folder) {
    if (batch_.empty()) GP_CHECK(ask());
    GP_TRY(const ImapClient::Body body, client_->next_body());
    if (!body.there) {
      end_batch(folder, body.refused);
      return std::nullopt;
    }
    const bool too_large = body.octets > order_.max_message_octets;
    spool_.clear();
    std::vector<char> piece(transfer::kPieceOctets);
    for (;;) {
      GP_TRY(const std::size_t n, client_->read_body(piece));
      if (n == 0) break;
      if (!too_large) GP_CHECK(spool_.append({piece.data(), n}));
    }
    GP_TRY(const std::uint32_t uid, client_->end_body());
    GP_CHECK(spool_.rewind());
    const auto at = std::ranges::find(batch_, uid, &Fetched::uid);
    if (at == batch_.end()) return std::nullopt;  // nobody asked for it
    const Fetched row = std::move(*at);
    const bool all_below = at == batch_.begin();
    batch_.erase(at);
    if (all_below) {
      folder.next = row.uid + 1;
    } else {
      folder.given.add(row.uid);
    }
    if (too_large)
      witness_.problem(fmt::format("{} uid {}", folder.name.name, row.uid), "is larger than may be fetched");
    // The last one is at the end of its command: that is heard now, so that the next message begins the next.
    if (batch_.empty()) {
      GP_TRY(const ImapClient::Body end, client_->next_body());
      if (end.there) return fail(Errc::closed, "the server sends what nobody asked for");
    }
    if (too_large) return std::nullopt;
    if (order_.pause > milliseconds(0)) witness_.wait(order_.pause, {});
    transfer::Message message = message_of(folder, row);
    // How far it has come is to be noted with what has all before it.
    if (!all_below) message.origin.clear();
    return message;
  }

  static transfer::Message message_of(const Folder& folder, const Fetched& row) {
    transfer::Message message{.folder = folder.name.path, .received = row.received};
    for (const std::string& flag : row.flags) {
      if (flag.starts_with('\\')) {
        message.flags |= flag_of(flag);
      } else if (message.keywords.size() < transfer::kMaxKeywords && flag.size() <= transfer::kMaxKeywordOctets) {
        message.keywords.push_back(flag);
      }
    }
    message.origin = folder.origin;
    message.uid_validity = folder.uid_validity;
    message.uid = row.uid;
    return message;
  }

  const Order order_;
  const Witness witness_;
  sasl::Library& library_;
  std::unique_ptr<ImapClient> client_;
  milliseconds refused_for_{0};
  bool listed_ = false;
  std::deque<Folder> folders_;
  std::deque<Fetched> rows_;    // of the first folder, from `next` on
  std::vector<Fetched> batch_;  // asked for; ascending
  std::size_t one_by_one_ = 0;  // so many are asked for alone
  Spool spool_;
};

}  // namespace

std::string origin_of(const Server& server, const std::string& user, const std::string& folder) {
  const auto digest = sha256(ascii::to_lower(server.host) + '\n' + user + '\n' + folder);
  return to_hex({reinterpret_cast<const char*>(digest.data()), 16});
}

std::unique_ptr<transfer::Source> pull_imap(Order order, Witness witness, sasl::Library& library) {
  return std::make_unique<ImapSource>(std::move(order), std::move(witness), library);
}

}  // namespace gatepost::pull
