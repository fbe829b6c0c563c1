#include <algorithm>
#include <deque>
#include <limits>

#include <fmt/format.h>

#include "transfer/account_transfer.hpp"

namespace gatepost::transfer {
namespace {

constexpr std::size_t kSourcePage = 512;

class AccountSource final : public Source {
 public:
  AccountSource(account::Account& account, std::string only,
                std::function<void(const std::string&, account::Uid, const Error&)> damaged)
      : account_(account), only_(std::move(only)), damaged_(std::move(damaged)) {}

  Result<std::optional<Message>> next() override {
    if (!listed_) GP_CHECK(list());
    for (;;) {
      while (rows_.empty()) {
        if (folders_.empty()) return std::nullopt;
        GP_CHECK(page());
      }
      const account::Row row = std::move(rows_.front());
      rows_.pop_front();
      auto item = account_.item(row.item);
      if (!item && item.error().code == Errc::not_found) continue;
      if (!item) return std::unexpected(std::move(item).error());
      body_ = item->body;
      at_ = 0;
      // Read before it is announced: what is begun must come whole.
      first_.resize(std::min<std::uint64_t>(kPieceOctets, body_.size));
      if (auto read = account_.read_body(body_, 0, first_); !read) {
        if (!damaged_) return std::unexpected(std::move(read).error());
        damaged_(current_.path, row.uid, read.error());
        continue;
      }
      return describe(row);
    }
  }

  Result<std::size_t> read(std::span<char> out) override {
    const std::size_t n = std::min<std::uint64_t>(out.size(), body_.size - at_);
    if (n == 0) return n;
    if (at_ + n <= first_.size())
      std::copy_n(first_.begin() + static_cast<std::ptrdiff_t>(at_), n, out.begin());
    else
      GP_CHECK(account_.read_body(body_, at_, out.first(n)));
    at_ += n;
    return n;
  }

 private:
  Result<> list() {
    listed_ = true;
    GP_TRY(const auto all, account_.folders());
    for (const account::Folder& f : *all) {
      if (f.selectable && f.total > 0 && (only_.empty() || f.path == only_)) folders_.push_back(f);
    }
    if (!only_.empty() && folders_.empty()) GP_CHECK(account_.find_folder(only_));
    GP_TRY(keywords_, account_.keywords());
    return {};
  }

  Result<> page() {
    current_ = folders_.front();
    bool more = false;
    auto read = account_.rows(current_.id, NumberSet::of(next_uid_, std::numeric_limits<account::Uid>::max()),
                              [&](const account::Row& row) {
                                more = rows_.size() >= kSourcePage;
                                if (more) return false;
                                rows_.push_back(row);
                                return true;
                              });
    if (!read && read.error().code != Errc::not_found) return read;
    if (!rows_.empty()) next_uid_ = rows_.back().uid + 1;
    if (!more) {
      folders_.pop_front();
      next_uid_ = 1;
    }
    return {};
  }

  Message describe(const account::Row& row) {
    Message message;
    message.folder = current_.path;
    message.flags = row.flags.system;
    message.received = row.received;
    message.id = fmt::format("{}.{}", current_.uid_validity, row.uid);
    for (const account::KeywordId k : row.flags.keywords) {
      if (k >= keywords_->size()) {
        // One that came since.
        if (auto fresh = account_.keywords()) keywords_ = *std::move(fresh);
      }
      if (k < keywords_->size()) message.keywords.push_back((*keywords_)[k]);
    }
    return message;
  }

  account::Account& account_;
  const std::string only_;
  const std::function<void(const std::string&, account::Uid, const Error&)> damaged_;
  bool listed_ = false;
  std::deque<account::Folder> folders_;
  account::Folder current_;
  account::Uid next_uid_ = 1;
  std::deque<account::Row> rows_;
  std::shared_ptr<const std::vector<std::string>> keywords_;
  account::Body body_;
  std::uint64_t at_ = 0;
  std::string first_;
};

}  // namespace

std::unique_ptr<Source> export_from(account::Account& account, std::string only,
                                    std::function<void(const std::string&, account::Uid, const Error&)> damaged) {
  return std::make_unique<AccountSource>(account, std::move(only), std::move(damaged));
}

}  // namespace gatepost::transfer
