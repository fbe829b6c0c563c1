// SELECT, EXAMINE, CLOSE, UNSELECT (RFC 9051 6.3.2, 6.3.3, 6.4.1, 6.4.2; RFC 7162 3.1.8, 3.2.5).

#include <algorithm>
#include <array>
#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/list_entry.hpp"
#include "imap/server/row_writer.hpp"

namespace gatepost::imap::server {
namespace {

struct Found {
  Mailbox mailbox;
  bool read_only = false;
  account::Opened opened;
  // QRESYNC: what changed since the client was here last.
  NumberSet vanished;
  NumberSet changed;
  std::vector<account::Row> rows;  // of `changed`, when they are few (account::Delta)
};

// RFC 7162 3.2.5.2: the client says which UID it knows by which sequence number; up to the last pair that still agrees
// with the mailbox, nothing vanished.
account::Uid last_agreeing(const Qresync& known, const NumberSet& uids) {
  account::Uid last = 0;
  auto number = known.known_sequence.ranges().begin();
  auto uid = known.known_sequence_uids.ranges().begin();
  std::uint32_t number_at = 0;
  std::uint32_t uid_at = 0;
  while (number != known.known_sequence.ranges().end() && uid != known.known_sequence_uids.ranges().end()) {
    const std::uint32_t n = number->first + number_at;
    const std::uint32_t u = uid->first + uid_at;
    if (uids.rank(u) != n) break;
    // Both run on together, up to the end of the shorter run.
    const std::uint32_t run = std::min(number->last - n, uid->last - u);
    const std::uint32_t same = uids.rank(u + run) == n + run ? run : 0;
    last = u + same;
    number_at += same + 1;
    uid_at += same + 1;
    if (number->first + number_at > number->last || number->first + number_at == 0) {
      ++number;
      number_at = 0;
    }
    if (uid->first + uid_at > uid->last || uid->first + uid_at == 0) {
      ++uid;
      uid_at = 0;
    }
  }
  return last;
}

Result<> resynchronize(account::Account& account, const Qresync& known, Found& found) {
  const account::Folder& folder = found.opened.folder;
  const NumberSet& uids = *found.opened.uids;
  if (known.uid_validity != folder.uid_validity) return {};
  GP_TRY(account::Delta delta, account.changes(folder.id, known.modseq));
  NumberSet scope = known.known_uids.value_or(NumberSet());
  if (!known.known_uids && folder.uid_next > 1) scope = NumberSet::of(1, folder.uid_next - 1);
  if (delta.vanished_known) {
    found.vanished = delta.vanished.intersect(scope);
  } else {
    // RFC 7162 3.2.5.1: too long ago to tell: all that is not there, less what the client shows to know better.
    found.vanished = std::move(scope);
    if (const account::Uid agreed = last_agreeing(known, uids); agreed > 0) found.vanished.remove(1, agreed);
  }
  // What is still there in this view vanishes from it later, and what came since arrives later.
  found.vanished.remove(uids);
  if (folder.uid_next > 1) found.vanished.remove(folder.uid_next, UINT32_MAX);
  found.changed = delta.changed.intersect(uids);
  if (known.known_uids) found.changed = found.changed.intersect(*known.known_uids);
  std::erase_if(delta.rows, [&](const account::Row& row) { return !found.changed.contains(row.uid); });
  found.rows = std::move(delta.rows);
  return {};
}

// RFC 4314 5.2: with none of these a mailbox is read only.
constexpr sharing::Rights kWriting = sharing::Right::insert | sharing::Right::expunge | sharing::Right::seen |
                                     sharing::Right::write | sharing::Right::mark;

Result<Found> open_mailbox(const Session& session, const Select& request) {
  Found found;
  GP_TRY(found.mailbox, session.mailbox_of(request.mailbox, sharing::Right::read));
  if (!found.mailbox.folder.selectable) return fail(Errc::denied, "it holds no messages");
  account::Account& account = found.mailbox.account();
  found.read_only = request.read_only || !found.mailbox.rights.has_any(kWriting);
  GP_TRY(found.opened, account.open_folder(found.mailbox.folder.id, !found.read_only));
  if (request.qresync) GP_CHECK(resynchronize(account, *request.qresync, found));
  return found;
}

void write_view(Session& session, const Mailbox& mailbox, const account::Opened& opened, bool read_only) {
  std::string& out = session.out();
  const account::Folder& folder = opened.folder;
  Selected& view = session.selected();
  if (const auto names = session.account().keywords()) {
    view.keywords_told = {
        .first = mailbox.place.own() ? (*names)->size() : 0, .some = {}, .only_some = !mailbox.place.own()};
    write_flags(out, session.known_flags(**names));
    if (read_only) {
      write_untagged(out, Condition::ok, code::permanent_flags({}, false), "No flags are kept");
    } else {
      session.write_permanent_flags(**names);
    }
  }
  write_exists(out, view.exists());
  if (!session.rev2()) {
    write_recent(out, view.recent());
    if (opened.first_unseen && !session.enabled().uid_only) {
      if (const std::uint32_t n = view.uids().rank(*opened.first_unseen); n != 0) {
        write_untagged(out, Condition::ok, code::unseen(n), "The first unseen message");
      }
    }
  }
  write_untagged(out, Condition::ok, code::uid_validity(folder.uid_validity), "UIDs are valid");
  // RFC 4315 3
  if (mailbox.removed) write_untagged(out, Condition::no, code::kUidNotSticky, "UIDs mean something else next time");
  write_untagged(out, Condition::ok, code::uid_next(folder.uid_next), "The next UID");
  write_untagged(out, Condition::ok, code::highest_modseq(std::max<account::Modseq>(folder.highest_modseq, 1)),
                 "Highest");
  write_untagged(out, Condition::ok, code::mailbox_id(mailbox.ids().mailbox(folder.id)), "Its name for ever");
  write_untagged(out, Condition::ok, code::kUrlMech, "URLs are signed so");  // RFC 4467 8
  if (session.rev2()) {
    // RFC 9051 6.3.2
    const std::string name = mailbox.name();
    bool subscribed = folder.subscribed;
    if (!mailbox.place.own()) {  // to what its owner subscribed is his affair
      const auto names = session.own_account().subscriptions();
      subscribed = names && std::ranges::binary_search(*names, name);
    }
    write_folder(out, folder,
                 {.children = session.sees_children(mailbox.place, folder),
                  .subscribed = subscribed,
                  .name = mailbox.place.own() ? std::nullopt : std::optional<std::string_view>(name)},
                 session.utf8());
  }
}

}  // namespace

Task<Answer> run_select(Session& session, Command& command) {
  const auto& request = std::get<Select>(command.body);
  if (request.qresync && !session.enabled().qresync) co_return bad("ENABLE QRESYNC first");
  if (request.condstore) session.enable_condstore();
  session.close_selected();
  auto job = [&]() -> Result<Found> { return open_mailbox(session, request); };
  Result<Found> found = co_await session.workers().run(job);
  if (!found) co_return session.failed(found.error());
  const account::Opened& opened = found->opened;
  const bool read_only = found->read_only;
  session.select(std::make_unique<Selected>(found->mailbox.place.account, opened, read_only));
  session.selected().rights_told = session.selected_rights();
  session.selected().prefix = found->mailbox.place.prefix;
  session.selected().removed = found->mailbox.removed;
  session.selected().metadata_since = session.account().modseq();
  write_view(session, found->mailbox, opened, read_only);
  write_vanished(session.out(), found->vanished, true);
  const RowItems what{.uid = true, .flags = true, .modseq = true};
  if (!found->rows.empty()) {
    for (const account::Row& row : found->rows) {
      const auto names = session.keywords(row.flags);
      write_row(session, row, *names, what);
    }
  } else if (!found->changed.empty()) {
    const auto written = co_await write_rows(session, std::move(found->changed), what);
    if (!written) co_return session.failed(written.error());
    if (!*written) co_return peer_gone();
  }
  const auto mode = read_only ? code::kReadOnly : code::kReadWrite;
  co_return ok(std::string(mode), read_only ? "Open for reading" : "Open");
}

// RFC 9051 6.4.1: what is \Deleted goes, without a word.
Task<Answer> run_close(Session& session, Command&) {
  Selected& view = session.selected();
  // RFC 4314 4: without the right nothing goes, and nothing is said of it.
  if (!view.read_only() && session.selected_rights().has(sharing::Right::expunge)) {
    auto job = [&]() { return session.account().expunge(view.folder(), view.uids()); };
    const auto gone = co_await session.workers().run(job);
    if (!gone) {
      // The mailbox is closed whatever becomes of it.
      session.select(nullptr);
      if (gone.error().code == Errc::not_found) co_return ok();  // somebody deleted it
      co_return session.failed(gone.error());
    }
  }
  session.select(nullptr);
  co_return ok();
}

Task<Answer> run_unselect(Session& session, Command&) {
  session.select(nullptr);
  co_return ok();
}

}  // namespace gatepost::imap::server
