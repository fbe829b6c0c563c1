// STORE, UID STORE (RFC 9051 6.4.6; RFC 7162 3.1.3).

#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/row_writer.hpp"
#include "imap/server/uid_pages.hpp"

namespace gatepost::imap::server {
namespace {

account::FlagChange flag_change(Store::Mode mode) {
  switch (mode) {
    case Store::Mode::replace:
      return account::FlagChange::replace;
    case Store::Mode::add:
      return account::FlagChange::add;
    case Store::Mode::remove:
      return account::FlagChange::remove;
  }
  return account::FlagChange::replace;
}

// RFC 4314 4: what of the request the client may change: all of it, some of it, or nothing.
enum class Allowed : std::uint8_t { all, some, nothing };
Allowed allowed(const Store& request, const account::FlagScope& scope) {
  if (scope.everything()) return Allowed::all;
  const bool any_scope = scope.system != 0 || scope.keywords;
  // Replacing changes every flag that there is.
  if (request.mode == Store::Mode::replace) return any_scope ? Allowed::some : Allowed::nothing;
  const std::uint8_t system = request.flags.system & scope.system;
  const bool keywords = request.flags.keywords.empty() || scope.keywords;
  if (system == request.flags.system && keywords) return any_scope ? Allowed::all : Allowed::nothing;
  return system != 0 || (scope.keywords && !request.flags.keywords.empty()) ? Allowed::some : Allowed::nothing;
}

Result<account::StoreOutcome> store(Session& session, const Store& request, const NumberSet& uids,
                                    const account::FlagScope& scope) {
  account::Account& account = session.account();
  account::Flags flags{.system = request.flags.system, .keywords = {}};
  if (!request.flags.keywords.empty() && !uids.empty() && scope.keywords) {
    GP_TRY(flags.keywords, account.keyword_ids(request.flags.keywords, request.mode != Store::Mode::remove));
  }
  return account.store_flags(session.selected().folder(), uids, flag_change(request.mode), flags,
                             request.unchanged_since, scope);
}

// Rows whose flags a client that wanted silence knows without being told (RFC 9051 6.4.6): those it had heard all of
// before, and those it gave all flags.
std::vector<account::Row> known_outcome(const Selected& view, const Store& request, account::StoreOutcome& outcome) {
  std::vector<account::Row> known;
  for (std::size_t i = 0; i < outcome.changed.size(); ++i) {
    if (request.mode == Store::Mode::replace || outcome.before[i] <= view.modseq())
      known.push_back(std::move(outcome.changed[i]));
  }
  return known;
}

}  // namespace

Task<Answer> run_store(Session& session, Command& command) {
  const auto& request = std::get<Store>(command.body);
  Selected& view = session.selected();
  const account::FlagScope scope = sharing::flag_scope(session.selected_rights());
  const Allowed may = allowed(request, scope);
  if (may == Allowed::nothing) co_return session.failed(Error{Errc::forbidden, {}});
  if (view.read_only()) co_return no(code::kReadOnly, "The mailbox is open for reading only");
  auto uids = view.resolve(request.set, request.uid);
  if (!uids) co_return uids.error();
  const account::Uid lowest = keep_highest(*uids, session.settings().message_limit);
  if (request.unchanged_since) session.enable_condstore();

  auto job = [&]() { return store(session, request, *uids, scope); };
  Result<account::StoreOutcome> outcome = co_await session.workers().run(job);
  if (!outcome) co_return session.failed(outcome.error());

  // RFC 7162 3.1.3: with CONDSTORE the new modseq is told even to those who want silence.
  // Who got less than was asked for is told, silent or not.
  const bool silent = request.silent && may == Allowed::all;
  const RowItems what{
      .uid = request.uid || session.news_with_uid(), .flags = !silent, .modseq = session.enabled().condstore};
  bool some_gone = false;
  if (!silent) {
    const NumberSet told = uids->minus(outcome->modified);
    view.told(told, outcome->modseq);
    const auto written = co_await write_rows(session, told, what);
    if (!written) co_return session.failed(written.error());
    if (!*written) co_return peer_gone();
    some_gone = **written < told.size();
  } else {
    if (what.modseq) {
      for (const account::Row& row : outcome->changed) {
        if (!view.uids().contains(row.uid)) continue;
        write_row(session, row, {}, what);
        const bool goes_on = co_await session.drain_if_full();
        if (!goes_on) co_return peer_gone();
      }
    }
    view.told(known_outcome(view, request, *outcome));
  }

  if (!outcome->modified.empty()) {
    if (lowest != 0) {
      write_untagged(session.out(), Condition::no, code::message_limit(session.settings().message_limit, lowest),
                     "Only the newest messages");
    }
    co_return ok(code::modified(view.as_asked(outcome->modified, request.uid)), "Some changed meanwhile");
  }
  // RFC 2180 4.2.1: the others have been changed.
  if (some_gone && !request.uid) co_return no(code::kExpungeIssued, "Some of the messages are gone");
  co_return end_within_limit(session, lowest, false);
}

}  // namespace gatepost::imap::server
