// EXPUNGE, UID EXPUNGE (RFC 9051 6.4.3, 6.4.9; RFC 7162 3.2.7).

#include "imap/server/session.hpp"

namespace gatepost::imap::server {

// Only what this client knows of goes; that it is gone is told as news.
Task<Answer> run_expunge(Session& session, Command& command) {
  const Selected& view = session.selected();
  if (!session.selected_rights().has(sharing::Right::expunge)) co_return session.failed(Error{Errc::forbidden, {}});
  if (view.read_only()) co_return no(code::kReadOnly, "The mailbox is open for reading only");
  NumberSet uids = view.uids();
  if (const auto& asked = std::get<Expunge>(command.body).uids) {
    auto resolved = view.resolve(*asked, true);
    if (!resolved) co_return std::move(resolved).error();
    uids = *std::move(resolved);
  }
  auto job = [&]() { return session.account().expunge(view.folder(), uids); };
  const auto gone = co_await session.workers().run(job);
  if (!gone) co_return session.failed(gone.error());
  co_return Answer{.highest_modseq = !gone->empty()};
}

}  // namespace gatepost::imap::server
