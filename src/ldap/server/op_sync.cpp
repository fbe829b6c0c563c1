// A search that keeps a copy in step (RFC 4533): once, or as long as the connection lives.

#include <algorithm>
#include <utility>

#include "ldap/protocol/dn.hpp"
#include "ldap/protocol/oids.hpp"
#include "ldap/server/search.hpp"
#include "ldap/server/session.hpp"
#include "ldap/server/sync.hpp"

namespace gatepost::ldap::server {
namespace {

constexpr std::size_t kMaxWatches = 8;  // of one connection
constexpr std::size_t kSyncPage = 4096;

std::string state_control(SyncState state, const std::array<char, 16>& uuid) {
  std::string out;
  append_controls(out, {{std::string(oid::kSyncState), false, write_sync_state(state, uuid)}});
  return out;
}

bool shows_the_same(const directory::Sight& a, const directory::Sight& b) {
  if (a.role != b.role || (a.seen == nullptr) != (b.seen == nullptr)) return false;
  return a.seen == nullptr || a.seen->mark == b.seen->mark;
}

}  // namespace

std::string cookie_of(const SyncWatch& watch) {
  return make_sync_cookie({watch.since, watch.viewer.sight.seen != nullptr});
}

Task<Next> Session::synchronize(Operation operation, std::string base) {
  const SyncRequest sync = *operation.controls.sync;
  if (operation.controls.paged || operation.controls.sort || operation.controls.matched_values) {
    co_return answer(operation, ResultCode::unwilling_to_perform, "a copy is kept of everything, in no order");
  }
  if (sync.persist && watches_.size() >= kMaxWatches) {
    co_return answer(operation, ResultCode::admin_limit_exceeded, "too many searches that go on");
  }
  std::optional<std::uint64_t> since;
  // OpenLDAP's consumer begins with a cookie that names itself alone: "rid=001".
  const bool begins = !sync.cookie || sync.cookie->empty() ||
                      (sync.cookie->starts_with("rid=") && sync.cookie->find("csn=") == std::string::npos);
  if (!begins) {
    const auto place = read_sync_cookie(*sync.cookie);
    if (!place) co_return answer(operation, ResultCode::sync_refresh_required, "the cookie is not from here");
    // Whoever sees some alone, now or then, may see others without a change of theirs: all is sent again.
    if (!place->limited && operation.viewer.sight.seen == nullptr) since = place->change;
  }
  SyncWatch watch;
  watch.id = operation.id;
  watch.viewer = operation.viewer;
  watch.base = std::move(base);
  watch.request = std::move(std::get<SearchRequest>(operation.request));
  const std::int32_t id = operation.id;
  // What changes from here on wakes the session.
  if (sync.persist) shared_.wakers.enter(this, waker_);
  std::optional<Next> broken;
  if (since) {
    watch.since = *since;
    bool complete = true;
    Task<bool> sent = send_changes(watch, true, complete);
    if (!co_await std::move(sent)) broken = Next::close;
    if (!complete) {
      if (watches_.empty()) shared_.wakers.leave(this);
      co_return answer(operation, ResultCode::sync_refresh_required, "what is gone since then is not known any more");
    }
  } else {
    Task<bool> sent = send_everything(watch);
    if (!co_await std::move(sent)) broken = Next::close;
  }
  if (broken) co_return *broken;
  const std::string cookie = cookie_of(watch);
  if (!sync.persist) {
    co_return answer(operation, Outcome{},
                     {{std::string(oid::kSyncDone), false, write_sync_done(cookie, since.has_value())}});
  }
  write_intermediate(out(), id, oid::kSyncInfo, write_sync_refreshed(cookie, since.has_value()));
  watches_.push_back(std::move(watch));
  co_return Next::more;
}

Task<bool> Session::send_everything(SyncWatch& watch) {
  watch.since = shared_.tree.refresh();
  const Selector selector(watch.request.attributes, watch.request.types_only);
  const ValueChoice values(shared_.tree, std::nullopt, watch.viewer);
  Walk walk(shared_.tree, watch.request, watch.base, watch.viewer, 0);
  std::vector<EntryPtr> found;
  std::string room;
  bool more = true;
  while (more) {
    found.clear();
    auto job = [&walk, &found] { return walk.next(kSyncPage, found); };
    more = co_await shared_.services.workers.run(std::move(job));
    for (const EntryPtr& entry : found) {
      room.clear();
      selector.append(room, *entry, values);
      if (entry->photo.type != directory::PhotoType::none) {
        Task<> read = append_photo(room, selector, *entry);
        co_await std::move(read);
      }
      write_entry(out(), watch.id, entry->dn(), room, state_control(SyncState::add, entry->uuid));
      shared_.entries.add();
      if (output_.full()) {
        auto drained = co_await output_.drain();
        if (!drained) co_return false;
      }
    }
  }
  co_return true;
}

// Who was added or changed is sent; whoever is gone, or is no part of the content any more, is named as deleted.
Task<bool> Session::send_changes(SyncWatch& watch, bool refreshing, bool& complete) {
  if (const auto viewer = shared_.services.door.directory().principal(watch.viewer.id)) {
    const Viewer now = viewer_of(*viewer);
    complete = shows_the_same(watch.viewer.sight, now.sight);
    watch.viewer = now;
    if (!complete) co_return true;
  }
  std::vector<directory::PrincipalId> changed;
  const auto changes = shared_.services.door.directory().changes_since(
      watch.since, [&changed](const directory::Profile& profile) { changed.push_back(profile.principal.id); });
  complete = changes.complete;
  if (!complete) co_return true;
  shared_.tree.refresh();
  const Selector selector(watch.request.attributes, watch.request.types_only);
  const ValueChoice values(shared_.tree, std::nullopt, watch.viewer);
  Walk walk(shared_.tree, watch.request, watch.base, watch.viewer, 0, false);
  std::string room;
  for (const directory::PrincipalId id : changed) {
    const EntryPtr entry = shared_.tree.find(id);
    if (entry == nullptr) continue;  // gone since: named the next time
    room.clear();
    const bool shown = walk.fits(*entry);
    // The initial content is all additions; later, what somebody has already is modified.
    const SyncState state = !shown                                           ? SyncState::remove
                            : refreshing || entry->created == entry->changed ? SyncState::add
                                                                             : SyncState::modify;
    if (shown) selector.append(room, *entry, values);
    if (shown && entry->photo.type != directory::PhotoType::none) {
      Task<> read = append_photo(room, selector, *entry);
      co_await std::move(read);
    }
    write_entry(out(), watch.id, entry->dn(), room, state_control(state, entry->uuid));
    if (output_.full()) {
      auto drained = co_await output_.drain();
      if (!drained) co_return false;
    }
  }
  for (const directory::Removed& gone : changes.removed) {
    const std::string dn = principal_dn(gone.kind, gone.address, gone.home);
    write_entry(out(), watch.id, dn, {}, state_control(SyncState::remove, shared_.tree.uuid_of(gone.id)));
    if (output_.full()) {
      auto drained = co_await output_.drain();
      if (!drained) co_return false;
    }
  }
  watch.since = changes.up_to;
  co_return true;
}

// When the directory changed.
Task<bool> Session::feed_watches() {
  for (std::size_t i = 0; i < watches_.size();) {
    SyncWatch& watch = watches_[i];
    if (watch.since == shared_.services.door.directory().change()) {
      ++i;
      continue;
    }
    bool complete = true;
    Task<bool> sent = send_changes(watch, false, complete);
    if (!co_await std::move(sent)) co_return false;
    if (complete) {
      write_intermediate(out(), watch.id, oid::kSyncInfo, write_sync_info(cookie_of(watch)));
      ++i;
    } else {
      write(out(), Reply{.id = watch.id,
                         .answer = Answer::search_done,
                         .outcome = {ResultCode::sync_refresh_required, "begin anew", {}}});
      watches_.erase(watches_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  co_return true;
}

bool Session::end_watch(std::int32_t id) {
  const bool there = std::erase_if(watches_, [id](const SyncWatch& watch) { return watch.id == id; }) != 0;
  if (there && watches_.empty()) shared_.wakers.leave(this);
  return there;
}

void Session::end_watches() {
  if (watches_.empty()) return;
  watches_.clear();
  shared_.wakers.leave(this);
}

}  // namespace gatepost::ldap::server
