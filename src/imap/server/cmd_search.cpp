// SEARCH and UID SEARCH (RFC 9051 6.4.4; RFC 4731, RFC 5182, RFC 7162 3.1.5, RFC 9394).

#include <utility>
#include <variant>

#include "imap/protocol/response.hpp"
#include "imap/server/search_task.hpp"

namespace gatepost::imap::server {
namespace {

using Wanted = SearchRun::Wanted;

// RFC 9051 6.4.4: without RETURN, rev2 answers as with RETURN (ALL).
SearchReturn returns_of(const Search& search) { return search.returns.value_or(SearchReturn{.all = true}); }

bool names_all(const SearchReturn& r) { return r.all || r.count || (!r.min && !r.max && !r.partial); }

Wanted wanted_of(const SearchReturn& r) {
  if (names_all(r) || r.partial || r.min == r.max) return Wanted::all;
  return r.min ? Wanted::first : Wanted::last;
}

// RFC 5182 2.4, RFC 9394 3.2: what is saved is what was asked for; with MIN, MAX or PARTIAL alone no more than these.
NumberSet to_save(const SearchReturn& r, const NumberSet& found, const NumberSet& partial) {
  if (names_all(r) || found.empty()) return found;
  NumberSet out = partial;
  if (r.min) out.add(*found.min());
  if (r.max) out.add(*found.max());
  return out;
}

// RFC 7162 3.1.10, RFC 9394 3.4: of what the answer names. Blocks.
Result<account::Modseq> modseq_of(Session& session, const SearchReturn& r, const SearchFound& found,
                                  const NumberSet& partial) {
  if (!found.tells_modseq) return 0;
  if (names_all(r)) return found.highest;
  account::Modseq highest = 0;
  if (r.partial) {
    GP_TRY(highest, highest_modseq(session.account(), session.selected().folder(), partial));
  }
  if (r.min) highest = std::max(highest, found.of_first);
  if (r.max) highest = std::max(highest, found.of_last);
  return highest;
}

void write_result(Session& session, const std::string& tag, const Search& search, const SearchFound& found,
                  const NumberSet& partial, account::Modseq modseq) {
  const Selected& view = session.selected();
  const NumberSet numbers = view.as_asked(found.uids, search.uid);
  if (!search.returns && !session.rev2()) return write_search(session.out(), numbers, modseq);
  const SearchReturn r = returns_of(search);
  if (!r.min && !r.max && !r.all && !r.count && !r.partial) return;  // RFC 5182 2.1: SAVE alone answers nothing
  EsearchResult result;
  result.uid = search.uid;
  if (r.min) result.min = numbers.min();
  if (r.max) result.max = numbers.max();
  if (r.count) result.count = static_cast<std::uint32_t>(numbers.size());
  if (r.all) result.all = &numbers;
  std::string range, set;
  if (r.partial) {
    range = to_string(*r.partial);
    set = view.as_asked(partial, search.uid).to_string();
    result.partial_range = range;
    result.partial = set;
  }
  result.modseq = modseq;
  write_esearch(session.out(), tag, result);
}

}  // namespace

Task<Answer> run_search(Session& session, Command& command) {
  const Search& search = std::get<Search>(command.body);
  // RFC 6855 3, RFC 9755 3: with UTF8=ACCEPT all is UTF-8.
  if (session.enabled().utf8_accept && !search.charset.empty())
    co_return bad("CHARSET makes no sense with UTF8=ACCEPT");
  const SearchReturn returns = returns_of(search);
  std::expected<SearchFound, Answer> found = co_await find_messages(session, search, wanted_of(returns));
  if (!found) co_return std::move(found.error());

  NumberSet partial;
  if (returns.partial) partial = at_positions(found->uids, places_of(*returns.partial, found->uids.size()));
  auto look = [&] { return modseq_of(session, returns, *found, partial); };
  Result<account::Modseq> modseq = 0;
  if (found->tells_modseq && returns.partial) {
    modseq = co_await session.workers().run(look);
  } else {
    modseq = look();
  }
  if (!modseq) co_return session.failed(modseq.error());
  if (returns.save) session.selected().save(to_save(returns, found->uids, partial));
  write_result(session, command.tag, search, *found, partial, *modseq);
  co_return end_of_search(found->missing);
}

}  // namespace gatepost::imap::server
