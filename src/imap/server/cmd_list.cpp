// LIST in all its forms, LSUB (RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154; RFC 3501 6.3.9).

#include <algorithm>
#include <array>
#include <memory>
#include <unordered_set>
#include <utility>

#include "imap/protocol/mailbox_name.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/catalogue.hpp"
#include "imap/server/cmd_status.hpp"
#include "imap/server/list_entry.hpp"
#include "imap/server/metadata.hpp"
#include "imap/server/namespaces.hpp"
#include "imap/server/session.hpp"
#include "mime/normal_form.hpp"

namespace gatepost::imap::server {
namespace {

// What one LIST or LSUB speaks of; the views live as long as this.
struct Names {
  std::unique_ptr<Catalogue> mailboxes;
  std::vector<std::string> subscriptions;  // when asked for

  const Listed* find(std::string_view name) const { return mailboxes->find(name); }
  bool has_children(std::string_view name) const { return mailboxes->has_children(name); }
};

struct Entry {
  std::string_view name;
  const Listed* listed = nullptr;  // null: there is no such mailbox
  bool subscribed = false, child_subscribed = false;
  const account::Folder* folder() const { return listed == nullptr ? nullptr : listed->folder; }
};

// "a/b" and "a" of "a/b/c".
template <class F>
void for_each_parent(std::string_view name, F visit) {
  for (std::size_t slash = name.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = name.rfind('/', slash - 1)) {
    visit(name.substr(0, slash));
  }
}

// Whether a pattern may match a name in the namespaces of others: up to its first wildcard it has to agree.
bool may_be_foreign(std::string_view pattern) {
  const std::string_view fixed = pattern.substr(0, pattern.find_first_of("*%"));
  return std::ranges::any_of(std::array{kOtherUsers, kShared}, [&](std::string_view root) {
    const std::size_t size = std::min(root.size(), fixed.size());
    return root.substr(0, size) == fixed.substr(0, size);
  });
}

Result<Names> names_of(const Session& session, bool foreign, bool subscriptions) {
  Names all;
  GP_TRY(all.mailboxes, Catalogue::make(session, foreign));
  if (subscriptions) {
    GP_TRY(all.subscriptions, session.own_account().subscriptions());
  }
  return all;
}

bool matches_any(const std::vector<MailboxPattern>& patterns, std::string_view name) {
  return std::ranges::any_of(patterns, [&](const MailboxPattern& p) { return p.matches(name); });
}

// The names that pass LIST's selection options, whatever the pattern (RFC 9051 6.3.9.1).
std::vector<Entry> selected_names(const Names& all, const List& request) {
  std::vector<Entry> out;
  const auto has_use = [&](const Listed* one) {
    return !request.select.special_use ||
           (one != nullptr && one->own() && one->folder != nullptr && special_use_of(one->folder->role));
  };
  if (request.select.subscribed) {
    for (const std::string& name : all.subscriptions) {
      const Listed* one = all.find(name);
      if (has_use(one)) out.push_back({.name = name, .listed = one, .subscribed = true});
    }
    return out;
  }
  const bool tells = request.returns.subscribed;
  for (const Listed& one : all.mailboxes->all()) {
    if (!has_use(&one)) continue;
    // What another subscribed to is his affair; one's own subscriptions have whole names.
    const bool own = one.own() && one.folder != nullptr;
    const bool subscribed =
        tells && (own ? one.folder->subscribed : std::ranges::binary_search(all.subscriptions, one.name));
    out.push_back({.name = one.name, .listed = &one, .subscribed = subscribed});
  }
  return out;
}

std::vector<Entry> entries(const Names& all, const List& request) {
  std::vector<MailboxPattern> patterns;
  for (const std::string& pattern : request.patterns) patterns.emplace_back(mime::to_nfc(request.reference + pattern));
  std::vector<Entry> out = selected_names(all, request);
  std::unordered_set<std::string_view> parents;
  if (request.select.recursive_match && request.select.subscribed) {
    for (const Entry& entry : out) for_each_parent(entry.name, [&](std::string_view up) { parents.insert(up); });
  }
  std::erase_if(out, [&](const Entry& entry) { return !matches_any(patterns, entry.name); });
  for (Entry& entry : out) entry.child_subscribed = parents.erase(entry.name) != 0;
  // RFC 5258 3.1: parents of what was selected, themselves not, are told too.
  for (const std::string_view up : parents) {
    if (matches_any(patterns, up)) out.push_back({.name = up, .listed = all.find(up), .child_subscribed = true});
  }
  std::ranges::sort(out, {}, &Entry::name);
  return out;
}

void write_entry(std::string& out, const Names& all, const Entry& entry, bool utf8) {
  const bool children = all.has_children(entry.name);
  if (entry.folder() != nullptr) {
    write_folder(out, *entry.folder(),
                 {.children = children,
                  .subscribed = entry.subscribed,
                  .child_subscribed = entry.child_subscribed,
                  .name = entry.listed->own() ? std::nullopt : std::optional(entry.name)},
                 utf8);
    return;
  }
  namespace attribute = list_attribute;
  ListEntry line{.name = entry.name, .child_subscribed = entry.child_subscribed};
  line.attributes = children ? attribute::kHasChildren : attribute::kHasNoChildren;
  line.attributes |= entry.listed != nullptr ? attribute::kNoSelect : attribute::kNonExistent;
  if (entry.subscribed) line.attributes |= attribute::kSubscribed;
  write_list(out, line, utf8);
}

// LIST-STATUS (RFC 5819): a mailbox that cannot be looked at has no STATUS.
Task<> write_entry_status(Session& session, const Listed& listed, StatusItems items) {
  if (!listed.folder->selectable || !listed.rights.has(sharing::Right::read)) co_return;
  std::string text;
  const Mailbox mailbox = listed.mailbox();
  auto job = [&]() {
    return write_folder_status(text, mailbox, items, session.settings().max_message_octets, session.utf8());
  };
  Result<> done;
  if (reads_rows(items)) {
    done = co_await session.workers().run(job);
  } else {
    done = job();
  }
  if (done) session.out() += text;
}

// LIST-METADATA (RFC 9590 3): of a mailbox whose annotations may not be read nothing is said.
Task<> write_entry_metadata(Session& session, const Listed& listed, const std::vector<std::string>& entries) {
  if (!may_annotate(listed.rights, false)) co_return;
  const GetMetadata request{.mailbox = {}, .max_size = {}, .depth = GetMetadata::Depth::none, .entries = entries};
  auto look = [&] { return find_metadata(session, *listed.place->account, listed.folder->id, request); };
  const auto found = co_await session.workers().run(look);
  if (found) write_metadata(session.out(), listed.name, found->values, session.utf8());
}

// What RETURN asks for beside the LIST response.
Task<> write_entry_more(Session& session, const Entry& entry, const List::Return& returns) {
  if (entry.folder() == nullptr) co_return;
  // RFC 8440 3: not of a name that is told for its children alone.
  if (returns.my_rights && (!entry.child_subscribed || entry.subscribed)) {
    write_my_rights(session.out(), entry.name, sharing::to_string(entry.listed->rights), session.utf8());
  }
  if (returns.status) co_await write_entry_status(session, *entry.listed, *returns.status);
  if (!returns.metadata.empty()) co_await write_entry_metadata(session, *entry.listed, returns.metadata);
}

// RFC 3501 6.3.9: with '%', a name that is not subscribed but has such below it is told as \Noselect.
std::vector<Entry> subscribed_entries(const Names& all, const Lsub& request) {
  const MailboxPattern pattern(mime::to_nfc(request.reference + request.pattern));
  std::vector<Entry> out;
  std::unordered_set<std::string_view> parents;
  for (const std::string& name : all.subscriptions) {
    if (pattern.matches(name)) {
      out.push_back({.name = name, .listed = all.find(name), .subscribed = true});
    } else if (pattern.has_wildcards()) {
      for_each_parent(name, [&](std::string_view up) {
        if (pattern.matches(up)) parents.insert(up);
      });
    }
  }
  for (const Entry& entry : out) parents.erase(entry.name);
  for (const std::string_view up : parents) out.push_back({.name = up, .listed = all.find(up)});
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
  Names all;
  std::vector<Entry> found;
  // Patterns times names is work; not for the thread of all sessions.
  auto job = [&]() -> Result<> {
    const bool foreign = std::ranges::any_of(
        request.patterns, [&](const std::string& pattern) { return may_be_foreign(request.reference + pattern); });
    GP_TRY(all, names_of(session, foreign, request.select.subscribed || (foreign && request.returns.subscribed)));
    found = entries(all, request);
    return {};
  };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return session.failed(done.error());
  for (const Entry& entry : found) {
    write_entry(session.out(), all, entry, session.utf8());
    co_await write_entry_more(session, entry, request.returns);
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
  Names all;
  std::vector<Entry> found;
  auto job = [&]() -> Result<> {
    GP_TRY(all, names_of(session, may_be_foreign(request.reference + request.pattern), true));
    found = subscribed_entries(all, request);
    return {};
  };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return session.failed(done.error());
  for (const Entry& entry : found) {
    ListEntry line{.name = entry.name};
    const bool selectable = entry.subscribed && entry.folder() != nullptr && entry.folder()->selectable;
    if (!selectable) line.attributes = list_attribute::kNoSelect;
    write_lsub(session.out(), line, session.utf8());
    if (!session.output().full()) continue;
    const bool goes_on = co_await session.drain_if_full();
    if (!goes_on) co_return peer_gone();
  }
  co_return ok();
}

}  // namespace gatepost::imap::server
