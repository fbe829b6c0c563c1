#include "imap/server/search_task.hpp"

#include <algorithm>
#include <utility>

namespace gatepost::imap::server {

Task<std::expected<SearchFound, Answer>> find_messages(Session& session, const Search& search,
                                                       SearchRun::Wanted wanted) {
  using Outcome = std::expected<SearchFound, Answer>;
  Selected& view = session.selected();
  const bool saves = search.returns && search.returns->save;
  const auto keywords = session.account().keywords();
  if (!keywords) co_return Outcome(std::unexpect, session.failed(keywords.error()));
  auto prepare = [&] { return SearchProgram::make(search, view, **keywords, session.services().clock.now()); };
  std::expected<SearchProgram, Answer> program = co_await session.workers().run(prepare);
  if (!program) {
    if (saves) view.save({});
    co_return Outcome(std::unexpect, std::move(program.error()));
  }
  if (program->asks_modseq()) session.enable_condstore();

  SearchRun run(*program, session.account(), view, session.services().clock, wanted);
  for (bool more = true; more;) {
    auto go_on = [&run] { return run.next(); };
    Result<bool> done = co_await session.workers().run(go_on);
    if (!done) {
      if (saves) view.save({});
      co_return Outcome(std::unexpect, session.failed(done.error()));
    }
    more = *done;
  }
  if (run.damage()) (void)session.failed(*run.damage());
  const bool tells = program->asks_modseq();
  co_return SearchFound{.uids = run.found(),
                        .highest = tells ? run.highest() : 0,
                        .of_first = run.of_first(),
                        .of_last = run.of_last(),
                        .tells_modseq = tells,
                        .missing = run.missing()};
}

Result<account::Modseq> highest_modseq(account::Account& account, account::FolderId folder, const NumberSet& uids) {
  account::Modseq highest = 0;
  GP_CHECK(account.rows(folder, uids, [&](const account::Row& row) {
    highest = std::max(highest, row.modseq);
    return true;
  }));
  return highest;
}

Answer end_of_search(bool missing) {
  if (missing) return ok(std::string(code::kExpungeIssued), "Some messages were removed meanwhile");
  return ok();
}

}  // namespace gatepost::imap::server
