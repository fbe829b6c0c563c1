// SEARCH and UID SEARCH (RFC 9051 6.4.4; RFC 4731, RFC 5182, RFC 7162 3.1.5).

#include <utility>
#include <variant>

#include "imap/protocol/response.hpp"
#include "imap/server/search_run.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

using Wanted = SearchRun::Wanted;

// RFC 9051 6.4.4: without RETURN, rev2 answers as with RETURN (ALL).
SearchReturn returns_of(const Search& search) { return search.returns.value_or(SearchReturn{.all = true}); }

Wanted wanted_of(const SearchReturn& r) {
  if (r.all || r.count || r.min == r.max) return Wanted::all;
  return r.min ? Wanted::first : Wanted::last;
}

// RFC 5182 2.4: what is saved is what was asked for; with MIN or MAX alone no more than these.
NumberSet to_save(const SearchReturn& r, const NumberSet& found) {
  if (r.all || r.count || (!r.min && !r.max) || found.empty()) return found;
  NumberSet out;
  if (r.min) out.add(*found.min());
  if (r.max) out.add(*found.max());
  return out;
}

// RFC 7162 3.1.10: of what the answer names.
account::Modseq modseq_of(const SearchReturn& r, const SearchRun& run) {
  if (r.all || r.count || (!r.min && !r.max)) return run.highest();
  account::Modseq highest = 0;
  if (r.min) highest = run.of_first();
  if (r.max) highest = std::max(highest, run.of_last());
  return highest;
}

void write_result(Session& session, const Command& command, const Search& search, const SearchRun& run, bool modseq) {
  const NumberSet numbers = session.selected().as_asked(run.found(), search.uid);
  if (!search.returns && !session.rev2()) return write_search(session.out(), numbers, modseq ? run.highest() : 0);
  const SearchReturn r = returns_of(search);
  if (!r.min && !r.max && !r.all && !r.count) return;  // RFC 5182 2.1: SAVE alone answers nothing
  EsearchResult result;
  result.uid = search.uid;
  if (r.min) result.min = numbers.min();
  if (r.max) result.max = numbers.max();
  if (r.count) result.count = static_cast<std::uint32_t>(numbers.size());
  if (r.all) result.all = &numbers;
  if (modseq) result.modseq = modseq_of(r, run);
  write_esearch(session.out(), command.tag, result);
}

}  // namespace

Task<Answer> run_search(Session& session, Command& command) {
  const Search& search = std::get<Search>(command.body);
  Selected& view = session.selected();
  // RFC 6855 3, RFC 9755 3: with UTF8=ACCEPT all is UTF-8.
  if (session.enabled().utf8_accept && !search.charset.empty())
    co_return bad("CHARSET makes no sense with UTF8=ACCEPT");
  const SearchReturn returns = returns_of(search);

  const auto keywords = session.account().keywords();
  if (!keywords) co_return session.failed(keywords.error());
  auto prepare = [&] { return SearchProgram::make(search, view, **keywords, session.services().clock.now()); };
  std::expected<SearchProgram, Answer> program = co_await session.workers().run(prepare);
  if (!program) {
    if (returns.save) view.save({});
    co_return std::move(program.error());
  }
  if (program->asks_modseq()) session.enable_condstore();

  SearchRun run(*program, session.account(), view, session.services().clock, wanted_of(returns));
  for (bool more = true; more;) {
    auto go_on = [&run] { return run.next(); };
    Result<bool> done = co_await session.workers().run(go_on);
    if (!done) {
      if (returns.save) view.save({});  // RFC 5182 2.1: NO empties it
      co_return session.failed(done.error());
    }
    more = *done;
  }
  if (run.damage()) (void)session.failed(*run.damage());
  if (returns.save) view.save(to_save(returns, run.found()));
  write_result(session, command, search, run, program->asks_modseq());
  if (run.missing()) co_return ok(std::string(code::kExpungeIssued), "Some messages were removed meanwhile");
  co_return ok();
}

}  // namespace gatepost::imap::server
