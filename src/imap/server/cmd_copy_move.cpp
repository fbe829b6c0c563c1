// COPY, UID COPY, MOVE, UID MOVE (RFC 9051 6.4.7, 6.4.8).

#include "account/transfer.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/session.hpp"
#include "imap/server/uid_pages.hpp"

namespace gatepost::imap::server {
namespace {

std::string code_of(const account::Copied& copied) {
  NumberSet from;
  NumberSet to;
  for (const account::Uid uid : copied.from) from.add(uid);
  for (const account::Uid uid : copied.to) to.add(uid);
  return code::copy_uid(copied.uid_validity, from, to);
}

Result<account::Copied> transfer(Session& session, const NumberSet& uids, std::string_view mailbox, bool moves,
                                 Mailbox& target) {
  account::Account& account = session.account();
  GP_TRY(target, session.mailbox_of(mailbox, sharing::Right::insert));
  // CREATE makes it one that holds messages.
  if (!target.folder.selectable) return fail(Errc::not_found, "it holds no messages");
  const account::FolderId from = session.selected().folder();
  const account::FolderId to = target.folder.id;
  // RFC 4314 4: flags without their right are left behind.
  const account::FlagScope scope = sharing::flag_scope(target.rights);
  if (account.id() == target.account().id() && scope.everything()) {
    return moves ? account.move(from, uids, to) : account.copy(from, uids, to);
  }
  return moves ? account::move_to(account, from, uids, target.account(), to, scope)
               : account::copy_to(account, from, uids, target.account(), to, scope);
}

// What came of it is no news for this client.
void note(Session& session, const account::Copied& copied, const Mailbox& target) {
  const account::FolderId to = target.folder.id;
  if (&target.account() == &session.account() && to == session.selected().folder()) {
    for (const account::Uid uid : copied.to) session.selected().made_here.add(uid);
    return;
  }
  if (&target.account() != &session.own_account()) return;
  session.did({.what = account::FolderEvent::What::messages,
               .id = to,
               .modseq = copied.modseq,
               .added = static_cast<std::uint32_t>(copied.to.size())});
}

}  // namespace

Task<Answer> run_copy(Session& session, Command& command) {
  const auto& request = std::get<Copy>(command.body);
  auto uids = session.selected().resolve(request.set, request.uid);
  if (!uids) co_return uids.error();
  // RFC 9738 3.1: all or nothing.
  const std::uint32_t most = session.settings().message_limit;
  if (const account::Uid lowest = keep_highest(*uids, most)) {
    co_return no(code::message_limit(most, lowest), "That is more messages than one command takes");
  }
  Mailbox to;
  auto job = [&]() { return transfer(session, *uids, request.mailbox, false, to); };
  const Result<account::Copied> copied = co_await session.workers().run(job);
  if (!copied) co_return session.failed_target(copied.error());
  // RFC 9051 7.1, COPYUID: not when nothing was copied.
  if (copied->from.empty()) co_return ok();
  note(session, *copied, to);
  co_return ok(code_of(*copied), "COPY completed");
}

// The client learns what became of the messages, then that they are gone, then the end (RFC 9051 6.4.8).
Task<Answer> run_move(Session& session, Command& command) {
  const auto& request = std::get<Move>(command.body);
  // RFC 6851 4.2: the rights of STORE, COPY and EXPUNGE.
  if (!session.selected_rights().has(sharing::Right::mark | sharing::Right::expunge)) {
    co_return session.failed(Error{Errc::forbidden, {}});
  }
  if (session.selected().read_only()) co_return no(code::kReadOnly, "The mailbox is open for reading only");
  auto uids = session.selected().resolve(request.set, request.uid);
  if (!uids) co_return uids.error();
  const std::uint32_t most = session.settings().message_limit;
  const account::Uid lowest = keep_highest(*uids, most);
  Mailbox to;
  auto job = [&]() { return transfer(session, *uids, request.mailbox, true, to); };
  const Result<account::Copied> moved = co_await session.workers().run(job);
  if (!moved) co_return session.failed_target(moved.error());
  if (moved->from.empty()) co_return ok();
  note(session, *moved, to);
  write_untagged(session.out(), Condition::ok, code_of(*moved), "Moved");
  if (lowest != 0) {
    if (!session.enabled().qresync) {
      co_return Answer{
          .code = code::message_limit(most, lowest), .text = "Only the newest messages", .highest_modseq = true};
    }
    write_untagged(session.out(), Condition::no, code::message_limit(most, lowest), "Only the newest messages");
  }
  co_return Answer{.highest_modseq = true};
}

}  // namespace gatepost::imap::server
