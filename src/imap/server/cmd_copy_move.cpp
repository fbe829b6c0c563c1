// COPY, UID COPY, MOVE, UID MOVE (RFC 9051 6.4.7, 6.4.8).

#include <optional>
#include <utility>

#include "account/transfer.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/removed_account.hpp"
#include "imap/server/session.hpp"
#include "imap/server/uid_pages.hpp"

namespace gatepost::imap::server {
namespace {

// So many messages in one job: between them the client hears how far it is.
constexpr std::size_t kMessagesAtOnce = 5'000;

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
  if (account.id() == target.account().id()) {
    return moves ? account.move(from, uids, to, scope) : account.copy(from, uids, to, scope);
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
  session.did(target.account(), {.what = account::FolderEvent::What::messages,
                                 .id = to,
                                 .modseq = copied.modseq,
                                 .added = static_cast<std::uint32_t>(copied.to.size())});
}

struct Transferred {
  account::Copied copied;
  Mailbox to;
  std::optional<Error> failure;
  bool gone = false;  // the peer is
};

// RFC 9051 6.4.7: a COPY is done in whole or not at all; a MOVE as far as it came.
Task<Transferred> transfer_all(Session& session, const NumberSet& uids, const std::string& mailbox, bool moves) {
  Transferred all;
  const auto undo = [&]() -> Result<> {
    NumberSet made;
    for (const account::Uid uid : all.copied.to) made.add(uid);
    return all.to.account().undo_copy(all.to.folder.id, made);
  };
  UidPages pages(uids);
  do {
    const NumberSet some = pages.take(kMessagesAtOnce);
    auto job = [&]() { return transfer(session, some, mailbox, moves, all.to); };
    Result<account::Copied> copied = co_await session.workers().run(job);
    if (copied) {
      all.copied.uid_validity = copied->uid_validity;
      all.copied.from.insert(all.copied.from.end(), copied->from.begin(), copied->from.end());
      all.copied.to.insert(all.copied.to.end(), copied->to.begin(), copied->to.end());
      if (!copied->from.empty()) note(session, *copied, all.to);
      if (pages.at_end()) break;
      const bool goes_on = co_await session.tell_progress(uids.size() - pages.left(), uids.size());
      all.gone = !goes_on;
    } else {
      all.failure = std::move(copied.error());
    }
    if (!all.gone && !all.failure) continue;
    if (moves || all.copied.to.empty()) break;
    (void)co_await session.workers().run(undo);
    all.copied.to.clear();
    all.copied.from.clear();
    break;
  } while (!pages.at_end());
  co_return all;
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
  const Transferred done = co_await transfer_all(session, *uids, request.mailbox, false);
  if (done.gone) co_return peer_gone();
  if (done.failure) co_return session.failed_target(*done.failure);
  // RFC 9051 7.1, COPYUID: not when nothing was copied.
  if (done.copied.from.empty()) co_return ok();
  co_return ok(code_of(done.copied), "COPY completed");
}

namespace {

// Out of what can be brought back: the message itself comes back, not a copy of it. Into one's own folders alone.
Task<Answer> bring_back(Session& session, const NumberSet& uids, const std::string& mailbox) {
  const std::shared_ptr<RemovedAccount> removed = session.selected().removed;
  auto job = [&]() -> Result<account::BroughtBack> {
    GP_TRY(const Mailbox target, session.mailbox_of(mailbox, sharing::Right::insert));
    if (!target.folder.selectable) return fail(Errc::not_found, "it holds no messages");
    if (target.account().id() != session.own_account().id()) return fail(Errc::denied, "only into one's own account");
    return removed->bring_back_uids(uids, target.folder.path);
  };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return session.failed_target(done.error());
  if (done->messages < uids.size()) co_return no(code::kExpungeIssued, "Some are not kept any more");
  co_return Answer{.highest_modseq = true};
}

}  // namespace

// The client learns what became of the messages, then that they are gone, then the end (RFC 9051 6.4.8).
Task<Answer> run_move(Session& session, Command& command) {
  const auto& request = std::get<Move>(command.body);
  if (session.selected().removed) {
    const auto chosen = session.selected().resolve(request.set, request.uid);
    if (!chosen) co_return chosen.error();
    co_return co_await bring_back(session, *chosen, request.mailbox);
  }
  // RFC 6851 4.2: the rights of STORE, COPY and EXPUNGE.
  if (!session.selected_rights().has(sharing::Right::mark | sharing::Right::expunge)) {
    co_return session.failed(Error{Errc::forbidden, {}});
  }
  if (session.selected().read_only()) co_return no(code::kReadOnly, "The mailbox is open for reading only");
  auto uids = session.selected().resolve(request.set, request.uid);
  if (!uids) co_return uids.error();
  const std::uint32_t most = session.settings().message_limit;
  const account::Uid lowest = keep_highest(*uids, most);
  const Transferred moved = co_await transfer_all(session, *uids, request.mailbox, true);
  if (moved.gone) co_return peer_gone();
  if (!moved.copied.from.empty()) write_untagged(session.out(), Condition::ok, code_of(moved.copied), "Moved");
  if (moved.failure) co_return session.failed_target(*moved.failure);
  if (moved.copied.from.empty()) co_return ok();
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
