// THREAD and UID THREAD (RFC 5256 3).

#include <utility>
#include <variant>

#include "imap/protocol/response.hpp"
#include "imap/server/fuzzy.hpp"
#include "imap/server/head_keys.hpp"
#include "imap/server/head_walk.hpp"
#include "imap/server/search_filters.hpp"
#include "imap/server/search_task.hpp"
#include "imap/server/thread_tree.hpp"

namespace gatepost::imap::server {

Task<Answer> run_thread(Session& session, Command& command) {
  Thread& thread = std::get<Thread>(command.body);
  const Selected& view = session.selected();
  auto unknown = co_await expand_filters(session, thread.search);
  if (unknown) co_return std::move(*unknown);
  (void)co_await expand_fuzzy(session, thread.search);
  std::expected<SearchFound, Answer> found = co_await find_messages(
      session, session.selected(), thread.search, SearchRun::Wanted::all, session.settings().message_limit);
  if (!found) co_return std::move(found.error());
  if (auto refused = refuse_order(session, *found)) co_return std::move(*refused);

  ThreadTree tree(thread.algorithm);
  HeadKeys& keys = session.head_keys();
  KeyColumn known(keys, view.account(), HeadKeys::Kind::thread);
  // What can be brought back belongs to no account of its own, so that its numbers are nobody's. Keys of other
  // collations than the default are not kept.
  const mime::Casemap casemap = session.collation().casemap;
  const bool remembers = !view.removed && casemap == mime::Casemap::unicode;
  HeadWalk walk(
      view.account(), view.folder(), found->uids,
      [&](const account::Row& row) { return !remembers || !known.find(row.item); }, session.services().clock,
      [&](const account::Row& row, const mime::Structure* head) {
        if (head == nullptr) return tree.add(row, *known.find(row.item));
        const std::string key = thread_key(row, *head, keys.secret(), casemap);
        // Of a message that could not be read there is no head, which may change.
        if (remembers && !head->parts.empty()) known.add(row.item, key);
        return tree.add(row, key);
      });
  for (bool more = true; more;) {
    auto go_on = [&] {
      Result<bool> looked = walk.next();
      known.keep();
      return looked;
    };
    Result<bool> done = co_await session.workers().run(go_on);
    if (!done) co_return session.failed(done.error());
    more = *done;
    const bool goes_on = co_await session.tell_progress(found->uids.size() - walk.left(), found->uids.size());
    if (!goes_on) co_return peer_gone();
  }
  if (walk.damage()) (void)session.failed(*walk.damage());

  std::string text;
  auto write = [&] {
    ThreadTree::Forest forest = tree.finish();
    if (!thread.search.uid) {
      for (ThreadNode& node : forest.nodes) {
        if (node.number != 0) node.number = view.uids().rank(node.number);
      }
    }
    write_thread(text, forest.nodes, forest.root);
    return true;
  };
  co_await session.workers().run(write);
  session.out() += text;
  found->missing = found->missing || walk.missing();
  co_return end_of_search(session, *found);
}

}  // namespace gatepost::imap::server
