#include "imap/server/search_task.hpp"

#include <algorithm>
#include <utility>

#include "search/indexes.hpp"

namespace gatepost::imap::server {
namespace {

// Looking into so few messages takes no longer than opening an index.
constexpr std::uint64_t kFewSearchedMessages = 16;

bool worth_asking(const Session& session, const SearchProgram& program, const Selected& view) {
  return session.services().search != nullptr && view.account().id() != account::AccountId{} &&
         !program.queries().empty() && view.uids().size() > kFewSearchedMessages;
}

}  // namespace

Task<std::expected<SearchFound, Answer>> find_messages(Session& session, Selected& view, const Search& search,
                                                       SearchRun::Wanted wanted, std::uint32_t most,
                                                       std::optional<search::Answers>* index, const NumberSet* among) {
  using Outcome = std::expected<SearchFound, Answer>;
  const bool saves = search.returns && search.returns->save;
  const auto keywords = view.account().keywords();
  if (!keywords) {
    if (saves) view.save({});
    co_return Outcome(std::unexpect, session.failed(keywords.error()));
  }
  auto prepare = [&] {
    return SearchProgram::make(search, view, **keywords, session.services().clock.now(), session.collation().casemap);
  };
  std::expected<SearchProgram, Answer> program = co_await session.workers().run(prepare);
  if (!program) {
    if (saves) view.save({});
    co_return Outcome(std::unexpect, std::move(program.error()));
  }
  if (program->asks_modseq()) session.enable_condstore();

  std::optional<search::Answers> own;
  std::optional<search::Answers>& known = index != nullptr ? *index : own;
  if (!known && worth_asking(session, *program, view)) {
    auto look = [&]() -> std::optional<search::Answers> {
      // Few messages are looked into at less cost than the whole index.
      if (program->bounds(view).possible.size() <= kFewSearchedMessages) return std::nullopt;
      if (among != nullptr && among->size() <= kFewSearchedMessages) return std::nullopt;
      return session.services().search->look(view.account().id(), program->queries());
    };
    known = co_await session.workers().run(look);
  }

  SearchRun run(*program, view.account(), view, session.services().clock, wanted, among, known ? &*known : nullptr,
                most, attachment_texts(session.services()));
  for (bool more = true; more;) {
    auto go_on = [&run] { return run.next(); };
    Result<bool> done = co_await session.workers().run(go_on);
    if (!done) {
      if (saves) view.save({});
      co_return Outcome(std::unexpect, session.failed(done.error()));
    }
    more = *done;
    const bool goes_on = co_await session.tell_progress(run.goal() - run.left(), run.goal());
    if (!goes_on) co_return Outcome(std::unexpect, peer_gone());
  }
  if (run.damage()) (void)session.failed(*run.damage());
  const bool tells = program->asks_modseq();
  co_return SearchFound{.uids = run.found(),
                        .highest = tells ? run.highest() : 0,
                        .of_first = run.of_first(),
                        .of_last = run.of_last(),
                        .tells_modseq = tells,
                        .missing = run.missing(),
                        .lowest = run.lowest()};
}

Result<account::Modseq> highest_modseq(account::Account& account, account::FolderId folder, const NumberSet& uids) {
  account::Modseq highest = 0;
  GP_CHECK(account.rows(folder, uids, [&](const account::Row& row) {
    highest = std::max(highest, row.modseq);
    return true;
  }));
  return highest;
}

SearchReturn returns_of(const Search& search) {
  SearchReturn out = search.returns.value_or(SearchReturn{.all = true});
  // Whoever wants to hear of changes needs to know of what.
  if ((out.update || out.context || out.relevancy) && !out.min && !out.max && !out.count && !out.partial && !out.save)
    out.all = true;
  return out;
}

bool names_all(const SearchReturn& r) { return r.all || r.count || (!r.min && !r.max && !r.partial); }

SearchRun::Wanted wanted_of(const SearchReturn& r) {
  if (names_all(r) || r.partial || r.update || r.relevancy || r.min == r.max) return SearchRun::Wanted::all;
  return r.min ? SearchRun::Wanted::first : SearchRun::Wanted::last;
}

NumberSet to_save(const SearchReturn& r, const NumberSet& found, const NumberSet& partial) {
  if (names_all(r) || found.empty()) return found;
  NumberSet out = partial;
  if (r.min) out.add(*found.min());
  if (r.max) out.add(*found.max());
  return out;
}

// RFC 7162 3.1.10, RFC 9394 3.4: the modseq of what the answer names.
Result<SearchAnswer> answer_of(account::Account& account, const Selected& view, const SearchReturn& r,
                               const SearchFound& found) {
  SearchAnswer out;
  if (r.partial) out.partial = at_positions(found.uids, places_of(*r.partial, found.uids.size()));
  if (!found.tells_modseq) return out;
  if (names_all(r)) {
    out.modseq = found.highest;
    return out;
  }
  if (r.partial) {
    GP_TRY(out.modseq, highest_modseq(account, view.folder(), out.partial));
  }
  if (r.min) out.modseq = std::max(out.modseq, found.of_first);
  if (r.max) out.modseq = std::max(out.modseq, found.of_last);
  return out;
}

void write_found(std::string& out, const Selected& view, std::string_view tag, EsearchResult result,
                 const SearchReturn& r, const SearchFound& found, const SearchAnswer& answer) {
  if (!r.min && !r.max && !r.all && !r.count && !r.partial) return;  // RFC 5182 2.1: SAVE alone answers nothing
  const NumberSet numbers = view.as_asked(found.uids, result.uid);
  if (r.min) result.min = numbers.min();
  if (r.max) result.max = numbers.max();
  if (r.count) result.count = static_cast<std::uint32_t>(numbers.size());
  if (r.all) result.all = &numbers;
  std::string range, set;
  if (r.partial) {
    result.partial_range = range = to_string(*r.partial);
    result.partial = set = view.as_asked(answer.partial, result.uid).to_string();
  }
  result.modseq = answer.modseq;
  write_esearch(out, tag, result);
}

std::optional<Answer> refuse_update(const Session& session, const std::string& tag, const Search& search) {
  if (!search.returns || !search.returns->update) return std::nullopt;
  if (std::ranges::find(session.selected().contexts, tag, &SearchContext::tag) == session.selected().contexts.end()) {
    return std::nullopt;
  }
  return bad("This tag names a result that is kept up to date", code::kClientBug);
}

void keep_updated(Session& session, SearchContext context, bool limited) {
  auto& contexts = session.selected().contexts;
  if (!limited && can_update(context.search) && has_room(context) && contexts.size() < kMaxContexts) {
    contexts.push_back(std::move(context));
  } else {
    write_untagged(session.out(), Condition::no, code::no_update(context.tag), "This result is not kept up to date");
  }
}

Answer end_of_search(Session& session, const SearchFound& found) {
  return end_within_limit(session, found.lowest, found.missing);
}

std::optional<Answer> refuse_order(const Session& session, const SearchFound& found) {
  const std::uint32_t most = session.settings().message_limit;
  if (most == 0 || (found.lowest == 0 && found.uids.size() <= most)) return std::nullopt;
  return no(code::message_limit(most), "That is more messages than can be put in order");
}

}  // namespace gatepost::imap::server
