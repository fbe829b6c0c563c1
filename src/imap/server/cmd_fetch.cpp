// FETCH and UID FETCH (RFC 9051 6.4.5, RFC 7162 3.1.4 and 3.2.6): responses in pages, one job a page, sent before the
// next is read.

#include <utility>
#include <variant>

#include "imap/protocol/response.hpp"
#include "imap/server/fetch_run.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

using Attribute = FetchAttribute;

// Looking at each row of so few messages costs less than asking what changed in all of the mailbox.
constexpr std::uint64_t kFewFetchedMessages = 100;

struct Changes {
  NumberSet uids;
  NumberSet vanished;  // VANISHED (EARLIER)
};

// What is left of `wanted` when CHANGEDSINCE and VANISHED are looked at. Blocks.
Result<Changes> changes_since(account::Account& account, const Selected& view, const Fetch& fetch, NumberSet wanted) {
  const account::Modseq since = *fetch.changed_since;
  Changes out;
  if (wanted.size() <= kFewFetchedMessages && !fetch.vanished) {
    const account::Modseq known = account.known_modseq(since);
    GP_CHECK(account.rows(view.folder(), wanted, [&](const account::Row& row) {
      if (row.modseq > known) out.uids.add(row.uid);
      return true;
    }));
    return out;
  }
  GP_TRY(const account::Delta delta, account.changes(view.folder(), since));
  out.uids = delta.changed.intersect(wanted);
  if (!fetch.vanished) return out;
  // RFC 7162 3.2.6: UIDs of the set that are gone. Those which this session still counts as there are told by VANISHED
  // without EARLIER, in their time.
  GP_TRY(const account::Folder folder, account.folder(view.folder()));
  if (folder.uid_next <= 1) return out;
  const NumberSet ever = NumberSet::of(1, folder.uid_next - 1);
  NumberSet asked = (fetch.set.is_saved() ? view.saved() : fetch.set.resolve(folder.uid_next - 1)).intersect(ever);
  asked.remove(view.uids());
  if (delta.vanished_known) {
    out.vanished = delta.vanished.intersect(asked);
    return out;
  }
  // Nobody remembers what vanished so long ago: all that is not there has.
  GP_TRY(const account::Opened now, account.open_folder(view.folder(), false));
  asked.remove(*now.uids);
  out.vanished = std::move(asked);
  return out;
}

FetchPlan plan_of(const Session& session, const Fetch& fetch, NumberSet uids) {
  FetchPlan plan;
  plan.items = fetch.items;
  plan.uid_only = session.enabled().uid_only;
  if (fetch.uid && !plan.uid_only) plan.items.add(Attribute::uid);  // RFC 9051 6.4.9
  if (fetch.changed_since) plan.items.add(Attribute::modseq);       // RFC 7162 3.1.4.1
  plan.uids = std::move(uids);
  plan.utf8 = session.utf8();
  plan.previews = &session.previews();
  plan.recent = !session.rev2();
  plan.mark_seen = fetch.items.sets_seen() && !session.selected().read_only() &&
                   session.selected_rights().has(sharing::Right::seen);  // RFC 4314 4
  plan.modseq_of_seen = session.enabled().condstore;
  // Rights in another's mailbox change at once, and a slow reader may take hours.
  if (session.account().id() != session.own_account().id()) {
    plan.still_allowed = [&session] { return session.selected_rights().has(sharing::Right::read); };
  }
  return plan;
}

Answer end_of(Session& session, const FetchRun& run, account::Uid lowest) {
  if (run.failure()) {
    Answer answer = session.failed(*run.failure());
    answer.condition = Condition::no;
    return answer;
  }
  if (run.unknown_encoding()) return no(code::kUnknownCte, "A part has an encoding that is not known here");
  return end_within_limit(session, lowest, run.missing());
}

}  // namespace

Task<Answer> run_fetch(Session& session, Command& command) {
  const Fetch& fetch = std::get<Fetch>(command.body);
  Selected& view = session.selected();
  // RFC 7162 3.2.6
  if (fetch.vanished && !session.enabled().qresync) co_return bad("VANISHED needs ENABLE QRESYNC", code::kClientBug);
  auto uids = view.resolve(fetch.set, fetch.uid);
  if (!uids) co_return std::move(uids.error());
  if (fetch.changed_since || fetch.items.has(Attribute::modseq)) session.enable_condstore();

  // RFC 9394 3.3, and 3.4: first the messages in the range, then those of them that changed.
  const std::uint32_t most = session.settings().message_limit;
  if (fetch.partial && most != 0 && places_of(*fetch.partial, UINT32_MAX).size() > most) {
    co_return no(code::message_limit(most), "That range has more messages than one command takes");
  }
  if (fetch.partial) uids = at_positions(*uids, places_of(*fetch.partial, uids->size()));
  if (fetch.changed_since) {
    auto look = [&session, &view, &fetch, &uids] {
      return changes_since(session.account(), view, fetch, std::move(*uids));
    };
    Result<Changes> changes = co_await session.workers().run(look);
    if (!changes) co_return session.failed(changes.error());
    write_vanished(session.out(), changes->vanished, true);
    uids = std::move(changes->uids);
  }

  const account::Uid lowest = keep_highest(*uids, most);
  const account::Modseq as_of = session.account().modseq();
  FetchPlan plan = plan_of(session, fetch, std::move(*uids));
  const NumberSet told = plan.items.has(Attribute::flags) ? plan.uids : NumberSet();
  const bool tells_flags = plan.mark_seen || plan.items.has(Attribute::flags);
  FetchRun run(session.account(), view, std::move(plan));
  KeywordNames keywords;
  for (bool more = true; more;) {
    // Their names come between responses, never within one.
    if (tells_flags && !run.within_message()) keywords = session.keywords(run.unheard());
    auto page = [&run, &keywords] { return run.next(keywords); };
    Result<bool> read = co_await session.workers().run(page);
    if (!read) {
      // Within a literal: only the end of the connection tells that this is not all.
      (void)session.failed(read.error());
      co_return peer_gone();
    }
    more = *read;
    session.out() += run.page();
    const bool sent = co_await session.drain_if_full();
    if (!sent) co_return peer_gone();
  }
  if (!told.empty()) view.told(told, as_of);
  if (auto seen = run.take_seen(); !seen.empty()) view.told(std::move(seen));
  co_return end_of(session, run, lowest);
}

}  // namespace gatepost::imap::server
