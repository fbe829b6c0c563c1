#include "imap/server/row_writer.hpp"

#include <algorithm>

#include "imap/protocol/fetch_response.hpp"
#include "imap/server/uid_pages.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::size_t kRowsPerPage = 1'000;

}  // namespace

void write_row(Session& session, const account::Row& row, const std::vector<std::string>& names, RowItems what) {
  const Selected& view = session.selected();
  FetchWriter writer(session.out(), session.fetch_name(row.uid), session.utf8());
  if (what.uid && !session.enabled().uid_only) writer.uid(row.uid);
  if (what.flags) writer.flags(wire_flags(row.flags, names), !session.rev2() && view.is_recent(row.uid));
  if (what.modseq) writer.modseq(row.modseq);
  writer.finish();
}

Task<Result<std::optional<std::uint64_t>>> write_rows(Session& session, NumberSet uids, RowItems what, bool not_told) {
  std::uint64_t written = 0;
  UidPages pages(uids);
  std::vector<account::Row> page;
  while (!pages.at_end()) {
    const NumberSet some = pages.take(kRowsPerPage);
    page.clear();
    auto read = [&]() -> Result<> {
      return session.account().rows(session.selected().folder(), some, [&](const account::Row& row) {
        page.push_back(row);
        return true;
      });
    };
    const Result<> done = co_await session.workers().run(read);
    if (!done) co_return std::unexpected(done.error());
    auto names = session.keywords();
    for (const account::Row& row : page) {
      if (not_told && session.selected().is_told(row)) continue;
      if (what.flags && !session.selected().keywords_told.has(row.flags)) names = session.keywords(row.flags);
      write_row(session, row, *names, what);
    }
    written += page.size();
    const bool goes_on = co_await session.drain_if_full();
    if (!goes_on) co_return std::nullopt;
  }
  co_return written;
}

}  // namespace gatepost::imap::server
