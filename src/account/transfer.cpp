#include "account/transfer.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace gatepost::account {
namespace {

constexpr std::size_t kMessagesPerCommit = 500;
constexpr std::size_t kSummariesPerCommit = 2 << 20;  // octets

struct Page {
  std::vector<Row> rows;
  std::vector<NewItem> items;
  Uid next = 0;  // 0: there are no more
};

Result<Page> read_page(Account& from, FolderId source, const NumberSet& uids, const FlagScope& scope) {
  GP_TRY(const auto keywords, from.keywords());
  std::vector<Row> rows;
  Page page;
  GP_CHECK(from.rows(source, uids, [&](const Row& row) {
    if (rows.size() == kMessagesPerCommit) page.next = row.uid;
    if (rows.size() < kMessagesPerCommit) rows.push_back(row);
    return page.next == 0;
  }));
  std::size_t summaries = 0;
  for (Row& row : rows) {
    auto item = from.item(row.item);
    if (!item && item.error().code == Errc::not_found) continue;  // removed a moment ago
    if (!item) return std::unexpected(std::move(item).error());
    summaries += item->summary.size();
    if (summaries > kSummariesPerCommit && !page.rows.empty()) {
      page.next = row.uid;
      break;
    }
    NewItem copy{.body = item->body,
                 .summary = std::move(item->summary),
                 .system_flags = static_cast<std::uint8_t>(row.flags.system & scope.system),
                 .keywords = {},
                 .received = row.received};
    for (const KeywordId id : row.flags.keywords) {
      if (scope.keywords && id < keywords->size()) copy.keywords.push_back((*keywords)[id]);
    }
    page.items.push_back(std::move(copy));
    page.rows.push_back(std::move(row));
  }
  return page;
}

// A body that lost its last use just before it got the new one may have been collected in between.
Result<> check_bodies(Account& from, FolderId source, const Page& page, Account& to) {
  NumberSet left;
  for (const Row& row : page.rows) left.add(row.uid);
  GP_CHECK(from.rows(source, NumberSet(left), [&](const Row& row) {
    left.remove(row.uid, row.uid);
    return true;
  }));
  for (std::size_t i = 0; i < page.rows.size() && !left.empty(); ++i) {
    if (!left.contains(page.rows[i].uid) || page.items[i].body.size == 0) continue;
    std::array<char, 1> octet{};
    GP_CHECK(to.read_body(page.items[i].body, 0, octet));
  }
  return {};
}

void undo(Account& to, FolderId target, const std::vector<Uid>& uids) {
  NumberSet made;
  for (const Uid uid : uids) made.add(uid);
  if (!made.empty()) (void)to.remove(target, made);
}

}  // namespace

Result<Copied> copy_to(Account& from, FolderId source, const NumberSet& uids, Account& to, FolderId target,
                       const FlagScope& scope) {
  GP_TRY(const Folder into, to.folder(target));
  GP_TRY(const Folder out_of, from.folder(source));
  Copied done{.uid_validity = into.uid_validity, .from = {}, .to = {}, .modseq = to.modseq()};
  NumberSet rest = uids;
  // What comes while this runs, perhaps into the same folder, is not copied.
  rest.remove(out_of.uid_next, std::numeric_limits<Uid>::max());
  while (!rest.empty()) {
    const auto copy_page = [&]() -> Result<Uid> {
      GP_TRY(const Page page, read_page(from, source, rest, scope));
      if (page.items.empty()) return page.next;
      GP_TRY(const Appended added, to.append(target, page.items));
      done.modseq = added.modseq;
      for (std::size_t i = 0; i < added.uids.size(); ++i) {
        done.from.push_back(page.rows[i].uid);
        done.to.push_back(added.uids[i]);
      }
      GP_CHECK(check_bodies(from, source, page, to));
      return page.next;
    };
    const Result<Uid> next = copy_page();
    if (!next) {
      // RFC 9051 6.4.7: a COPY that fails leaves nothing behind.
      undo(to, target, done.to);
      return std::unexpected(next.error());
    }
    if (*next == 0) break;
    rest.remove(1, *next - 1);
  }
  return done;
}

Result<Copied> move_to(Account& from, FolderId source, const NumberSet& uids, Account& to, FolderId target,
                       const FlagScope& scope) {
  GP_TRY(Copied done, copy_to(from, source, uids, to, target, scope));
  NumberSet copied;
  for (const Uid uid : done.from) copied.add(uid);
  if (copied.empty()) return done;
  const Result<NumberSet> gone = from.remove(source, copied);
  if (!gone) {
    undo(to, target, done.to);
    return std::unexpected(gone.error());
  }
  if (gone->size() == copied.size()) return done;
  // What somebody else took away meanwhile is his, and does not come back here.
  Copied mine{.uid_validity = done.uid_validity, .from = {}, .to = {}, .modseq = done.modseq};
  std::vector<Uid> others;
  for (std::size_t i = 0; i < done.from.size(); ++i) {
    if (gone->contains(done.from[i])) {
      mine.from.push_back(done.from[i]);
      mine.to.push_back(done.to[i]);
    } else {
      others.push_back(done.to[i]);
    }
  }
  undo(to, target, others);
  return mine;
}

}  // namespace gatepost::account
