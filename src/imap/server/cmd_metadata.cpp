// GETMETADATA, SETMETADATA (RFC 5464 4.2, 4.3), and what is told unasked of annotations (4.4).

#include <algorithm>
#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/metadata.hpp"
#include "imap/server/search_filters.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::size_t kValuesOctets = 32 << 10;  // of one response, about

// Where the annotations of a mailbox lie, or those of the server.
struct Target {
  std::shared_ptr<account::Account> account;
  account::FolderId folder = account::kRoot;
  std::string name;  // "" for the server
};

Result<Target> target_of(const Session& session, const std::string& name, bool shared) {
  Target out;
  if (name.empty()) {
    GP_TRY(Location own, session.place_of("INBOX"));
    out.account = std::move(own.account);
    return out;
  }
  GP_TRY(Mailbox mailbox, session.mailbox_of(name));
  if (!may_annotate(mailbox.rights, shared)) return fail(Errc::forbidden, "annotations");
  out.name = mailbox.name();
  out.folder = mailbox.folder.id;
  out.account = std::move(mailbox.place.account);
  return out;
}

Answer metadata_refused(Session& session, const Error& error) {
  if (error.code == Errc::too_large)
    return no(code::metadata_max_size(account::kMaxAnnotationValue), "That is too long");
  if (error.code == Errc::limit) return no(code::kMetadataTooMany, "There are too many of them");
  if (error.code == Errc::invalid) return bad("That is no name of an entry");
  return session.failed(error);
}

}  // namespace

Task<Answer> run_getmetadata(Session& session, Command& command) {
  const auto& request = std::get<GetMetadata>(command.body);
  Target target;
  auto look = [&]() -> Result<FoundMetadata> {
    GP_TRY(target, target_of(session, request.mailbox, false));
    return find_metadata(session, *target.account, target.folder, request);
  };
  Result<FoundMetadata> found = co_await session.workers().run(look);
  if (!found) co_return session.failed(found.error());
  std::vector<MetadataValue> some;
  std::size_t octets = 0;
  for (MetadataValue& value : found->values) {
    octets += value.value ? value.value->size() : 0;
    some.push_back(std::move(value));
    if (octets < kValuesOctets) continue;
    write_metadata(session.out(), target.name, some, session.utf8());
    some.clear();
    octets = 0;
    const bool goes_on = co_await session.drain_if_full();
    if (!goes_on) co_return peer_gone();
  }
  write_metadata(session.out(), target.name, some, session.utf8());
  if (found->longest == 0) co_return ok();
  co_return ok(code::metadata_long_entries(found->longest), "Some are longer");
}

Task<Answer> run_setmetadata(Session& session, Command& command) {
  auto& request = std::get<SetMetadata>(command.body);
  std::vector<account::AnnotationChange> changes;
  bool shared = false;
  for (auto& [entry, value] : request.values) {
    const ScopedEntry scoped = scope_of(entry);
    shared = shared || scoped.shared;
    const auto reader = scoped.shared ? account::kEverybody : static_cast<account::Reader>(session.principal().id);
    if (request.mailbox.empty() && !is_good_filter(scoped.name, value)) {
      co_return no(code::kCannot, "That is no search criterion, or no name for one");
    }
    changes.push_back({reader, std::string(scoped.name), std::move(value)});
  }
  // RFC 5464 3.3: what the server says to everybody is not for everybody to say.
  if (request.mailbox.empty() && shared) co_return session.failed(Error{Errc::forbidden, {}});
  auto job = [&]() -> Result<> {
    GP_TRY(const Target target, target_of(session, request.mailbox, shared));
    return target.account->set_annotations(target.folder, changes, session.token());
  };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return metadata_refused(session, done.error());
  co_return ok();
}

void Session::tell_metadata(const Location& place, account::Modseq& since) {
  ChangedEntries changed;
  const auto all = [](const account::Folder*) { return true; };
  (void)add_changed_entries(*this, place, all, since, changed);
  for (const auto& [name, entries] : changed) write_metadata_changed(out(), name, entries, utf8());
}

void Session::tell_metadata() {
  if (!enabled_.metadata || !own_account_) return;
  tell_metadata(Location{own_account_, {}, {}}, metadata_since_);
  if (!selected_ || selected_->account().id() == own_account_->id()) return;
  tell_metadata(Location{selected_->shared_account(), {}, selected_->prefix}, selected_->metadata_since);
}

}  // namespace gatepost::imap::server
