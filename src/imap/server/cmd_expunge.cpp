// EXPUNGE, UID EXPUNGE (RFC 9051 6.4.3, 6.4.9; RFC 7162 3.2.7).

#include "imap/protocol/response.hpp"
#include "imap/server/session.hpp"
#include "imap/server/uid_pages.hpp"

namespace gatepost::imap::server {
namespace {

// RFC 9738 3.1: so many of those that are marked, from the newest on. Blocks.
Result<account::Uid> limit_marked(account::Account& account, account::FolderId folder, NumberSet& uids,
                                  std::uint32_t most) {
  if (most == 0 || uids.size() <= most) return 0U;
  GP_TRY(const account::Folder now, account.folder(folder));
  if (now.deleted <= most) return 0U;
  NumberSet marked;
  GP_CHECK(account.rows(folder, uids, [&](const account::Row& row) {
    if ((row.flags.system & account::flag::kDeleted) != 0) marked.add(row.uid);
    return true;
  }));
  const account::Uid lowest = keep_highest(marked, most);
  uids = std::move(marked);
  return lowest;
}

}  // namespace

// Only what this client knows of goes; that it is gone is told as news.
Task<Answer> run_expunge(Session& session, Command& command) {
  const Selected& view = session.selected();
  if (!session.selected_rights().has(sharing::Right::expunge)) co_return session.failed(Error{Errc::forbidden, {}});
  if (view.read_only()) co_return no(code::kReadOnly, "The mailbox is open for reading only");
  NumberSet uids = view.uids();
  std::uint32_t most = 0;
  if (const auto& asked = std::get<Expunge>(command.body).uids) {
    auto resolved = view.resolve(*asked, true);
    if (!resolved) co_return std::move(resolved).error();
    uids = *std::move(resolved);
    most = session.settings().message_limit;
  }
  account::Uid lowest = 0;
  auto job = [&]() -> Result<NumberSet> {
    GP_TRY(lowest, limit_marked(session.account(), view.folder(), uids, most));
    return session.account().expunge(view.folder(), uids);
  };
  const auto gone = co_await session.workers().run(job);
  if (!gone) co_return session.failed(gone.error());
  Answer answer{.highest_modseq = !gone->empty()};
  if (lowest == 0) co_return answer;
  if (session.enabled().qresync) {
    write_untagged(session.out(), Condition::no, code::message_limit(most, lowest), "Only the newest messages");
  } else {
    answer.code = code::message_limit(most, lowest);
  }
  co_return answer;
}

}  // namespace gatepost::imap::server
