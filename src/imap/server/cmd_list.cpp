// LIST in all its forms, LSUB (RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154; RFC 3501 6.3.9).

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "imap/protocol/mailbox_name.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/cmd_status.hpp"
#include "imap/server/list_entry.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

using Folders = std::shared_ptr<const std::vector<account::Folder>>;

// What one LIST or LSUB speaks of; the views live as long as this.
struct Catalogue {
  Folders folders;                         // by path
  std::vector<std::string> subscriptions;  // when asked for

  const account::Folder* find(std::string_view name) const {
    const auto at = std::ranges::lower_bound(*folders, name, {}, &account::Folder::path);
    return at != folders->end() && at->path == name ? &*at : nullptr;
  }
  bool has_children(std::string_view name) const {
    const std::string below = std::string(name) + '/';
    const auto at = std::ranges::lower_bound(*folders, below, {}, &account::Folder::path);
    return at != folders->end() && at->path.starts_with(below);
  }
};

struct Entry {
  std::string_view name;
  const account::Folder* folder = nullptr;  // null: there is no such mailbox
  bool subscribed = false, child_subscribed = false;
};

// "a/b" and "a" of "a/b/c".
template <class F>
void for_each_parent(std::string_view name, F visit) {
  for (std::size_t slash = name.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = name.rfind('/', slash - 1)) {
    visit(name.substr(0, slash));
  }
}

Result<Catalogue> catalogue(account::Account& account, bool subscriptions) {
  Catalogue all;
  GP_TRY(all.folders, account.folders());
  if (subscriptions) {
    GP_TRY(all.subscriptions, account.subscriptions());
  }
  return all;
}

bool matches(const std::vector<MailboxPattern>& patterns, std::string_view name) {
  return std::ranges::any_of(patterns, [&](const MailboxPattern& p) { return p.matches(name); });
}

// The names that pass LIST's selection options, whatever the pattern (RFC 9051 6.3.9.1).
std::vector<Entry> selected_names(const Catalogue& all, const List& request) {
  std::vector<Entry> out;
  const auto has_use = [&](const account::Folder* folder) {
    return !request.select.special_use || (folder != nullptr && special_use_of(folder->role));
  };
  if (request.select.subscribed) {
    for (const std::string& name : all.subscriptions) {
      const account::Folder* folder = all.find(name);
      if (has_use(folder)) out.push_back({.name = name, .folder = folder, .subscribed = true});
    }
    return out;
  }
  for (const account::Folder& folder : *all.folders) {
    if (has_use(&folder)) {
      out.push_back(
          {.name = folder.path, .folder = &folder, .subscribed = request.returns.subscribed && folder.subscribed});
    }
  }
  return out;
}

std::vector<Entry> entries(const Catalogue& all, const List& request) {
  std::vector<MailboxPattern> patterns;
  for (const std::string& pattern : request.patterns) patterns.emplace_back(request.reference + pattern);
  std::vector<Entry> out = selected_names(all, request);
  std::unordered_set<std::string_view> parents;
  if (request.select.recursive_match && request.select.subscribed) {
    for (const Entry& entry : out) for_each_parent(entry.name, [&](std::string_view up) { parents.insert(up); });
  }
  std::erase_if(out, [&](const Entry& entry) { return !matches(patterns, entry.name); });
  for (Entry& entry : out) entry.child_subscribed = parents.erase(entry.name) != 0;
  // RFC 5258 3.1: parents of what was selected, themselves not, are told too.
  for (const std::string_view up : parents) {
    if (matches(patterns, up)) out.push_back({.name = up, .folder = all.find(up), .child_subscribed = true});
  }
  std::ranges::sort(out, {}, &Entry::name);
  return out;
}

void write_entry(std::string& out, const Catalogue& all, const Entry& entry, bool utf8) {
  const bool children = all.has_children(entry.name);
  if (entry.folder != nullptr) {
    write_folder(out, *entry.folder,
                 {.children = children, .subscribed = entry.subscribed, .child_subscribed = entry.child_subscribed},
                 utf8);
    return;
  }
  namespace attribute = list_attribute;
  ListEntry line{.name = entry.name, .child_subscribed = entry.child_subscribed};
  line.attributes = attribute::kNonExistent | (children ? attribute::kHasChildren : attribute::kHasNoChildren);
  if (entry.subscribed) line.attributes |= attribute::kSubscribed;
  write_list(out, line, utf8);
}

// LIST-STATUS (RFC 5819): a mailbox that cannot be looked at has no STATUS.
Task<> write_entry_status(Session& session, const account::Folder* folder, StatusItems items) {
  if (folder == nullptr || !folder->selectable) co_return;
  std::string text;
  auto job = [&]() {
    return write_folder_status(text, session.account(), *folder, items, session.settings().max_message_octets,
                               session.utf8());
  };
  Result<> done;
  if (reads_rows(items)) {
    done = co_await session.workers().run(job);
  } else {
    done = job();
  }
  if (done) session.out() += text;
}

// RFC 3501 6.3.9: with '%', a name that is not subscribed but has such below it is told as \Noselect.
std::vector<Entry> subscribed_entries(const Catalogue& all, const Lsub& request) {
  const MailboxPattern pattern(request.reference + request.pattern);
  std::vector<Entry> out;
  std::unordered_set<std::string_view> parents;
  for (const std::string& name : all.subscriptions) {
    if (pattern.matches(name)) {
      out.push_back({.name = name, .folder = all.find(name), .subscribed = true});
    } else if (pattern.has_wildcards()) {
      for_each_parent(name, [&](std::string_view up) {
        if (pattern.matches(up)) parents.insert(up);
      });
    }
  }
  for (const Entry& entry : out) parents.erase(entry.name);
  for (const std::string_view up : parents) out.push_back({.name = up, .folder = all.find(up)});
  std::ranges::sort(out, {}, &Entry::name);
  return out;
}

}  // namespace

Task<Answer> run_list(Session& session, Command& command) {
  const auto& request = std::get<List>(command.body);
  if (!request.extended && request.patterns.front().empty()) {
    // RFC 9051 6.3.9: asks for the delimiter.
    write_list(session.out(), {.name = "", .attributes = list_attribute::kNoSelect}, session.utf8());
    co_return ok();
  }
  if (request.returns.status && has(*request.returns.status, StatusItem::highest_modseq)) session.enable_condstore();
  Catalogue all;
  std::vector<Entry> found;
  // Patterns times names is work; not for the thread of all sessions.
  auto job = [&]() -> Result<> {
    GP_TRY(all, catalogue(session.account(), request.select.subscribed));
    found = entries(all, request);
    return {};
  };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return session.failed(done.error());
  for (const Entry& entry : found) {
    write_entry(session.out(), all, entry, session.utf8());
    if (request.returns.status) co_await write_entry_status(session, entry.folder, *request.returns.status);
    if (!session.output().full()) continue;
    const bool goes_on = co_await session.drain_if_full();
    if (!goes_on) co_return peer_gone();
  }
  co_return ok();
}

Task<Answer> run_lsub(Session& session, Command& command) {
  const auto& request = std::get<Lsub>(command.body);
  if (request.pattern.empty()) {
    write_lsub(session.out(), {.name = "", .attributes = list_attribute::kNoSelect}, session.utf8());
    co_return ok();
  }
  Catalogue all;
  std::vector<Entry> found;
  auto job = [&]() -> Result<> {
    GP_TRY(all, catalogue(session.account(), true));
    found = subscribed_entries(all, request);
    return {};
  };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return session.failed(done.error());
  for (const Entry& entry : found) {
    ListEntry line{.name = entry.name};
    const bool selectable = entry.subscribed && entry.folder != nullptr && entry.folder->selectable;
    if (!selectable) line.attributes = list_attribute::kNoSelect;
    write_lsub(session.out(), line, session.utf8());
    if (!session.output().full()) continue;
    const bool goes_on = co_await session.drain_if_full();
    if (!goes_on) co_return peer_gone();
  }
  co_return ok();
}

}  // namespace gatepost::imap::server
