// Search (RFC 4511 4.5) with its pages (RFC 2696), order (RFC 2891), window and matched values (RFC 3876).

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "ldap/protocol/dn.hpp"
#include "ldap/protocol/oids.hpp"
#include "ldap/server/search.hpp"
#include "ldap/server/session.hpp"

namespace gatepost::ldap::server {
namespace {

// Looked at on the connection's own thread: what an index finds is fewer. More goes to a worker, page by page.
constexpr std::size_t kLookedAtHere = 512, kLookedAtByWorker = 8192;

// How many to look at next where `wanted` are still to be found and of `looked` just now `found` were: what is looked
// at beyond the end of a page is looked at again for the next one.
std::size_t look_ahead(std::size_t wanted, std::size_t looked, std::size_t found) {
  if (found == 0 || wanted >= kLookedAtByWorker) return kLookedAtByWorker;
  return std::clamp(wanted * looked / found, kLookedAtHere / 2, kLookedAtByWorker);
}
constexpr std::size_t kMaxSorted = 100'000;  // entries that are put in order in memory

// A cookie is a place: for a walk the key of the last entry sent, for a sorted list how many were sent. It says which
// search it belongs to; nothing is kept here between pages.
std::string make_paging_cookie(const std::string& search, std::uint64_t place, std::uint32_t sent) {
  std::string out;
  put_u64(out, place);
  put_u32(out, sent);
  out += search;
  return out;
}
constexpr std::string_view kSubschemaNormal = "cn=subschema";
constexpr std::size_t kSearchOctets = 8;
std::string search_mark(const SearchRequest& request, const Controls& controls) {
  std::string all = ascii::to_lower(request.base) + static_cast<char>(request.scope);
  write(all, request.filter);
  for (const SortKey& key : controls.sort.value_or(std::vector<SortKey>())) all += key.name + (key.reverse ? '-' : '+');
  const Sha256Value digest = sha256(all);
  return {reinterpret_cast<const char*>(digest.data()), kSearchOctets};
}

}  // namespace

Task<Next> Session::search(Operation operation) {
  const SearchRequest& request = std::get<SearchRequest>(operation.request);
  shared_.searches.add();
  const auto base = parse_dn(request.base);
  if (!base) co_return answer(operation, ResultCode::invalid_dn_syntax, base.error().detail);
  std::string normal = normal_form(*base);
  if (normal.empty() && request.scope == Scope::base) co_return answer_special(operation, request, root_dse(), "");
  if (normal == kSubschemaNormal && request.scope != Scope::one) {
    co_return answer_special(operation, request, subschema_attributes(), kSubschemaDn);
  }
  if (!signed_in_) {
    co_return bad(operation, ResultCode::insufficient_access_rights,
                  "sign in first: strangers read the root DSE alone");
  }
  // Subentries alone were asked for (RFC 3672 3): the subschema is the one there is, and it has its place.
  if (operation.controls.subentries.value_or(false)) co_return answer(operation, ResultCode::success);
  if (!normal.empty()) {
    auto found = entry_at(operation, *base, normal);
    if (auto* const outcome = std::get_if<Outcome>(&found)) co_return answer(operation, std::move(*outcome));
    if (const auto failed = assertion_fails(operation, *std::get<EntryPtr>(found))) {
      co_return answer(operation, *failed);
    }
  }
  if (operation.controls.sync) {
    Task<Next> handled = synchronize(std::move(operation), std::move(normal));
    co_return co_await std::move(handled);
  }
  if (operation.controls.dirsync) {
    Task<Next> handled = dirsync(std::move(operation), std::move(normal));
    co_return co_await std::move(handled);
  }
  if (operation.controls.sort) {
    Task<Next> handled = sorted(operation, request, std::move(normal));
    co_return co_await std::move(handled);
  }
  Task<Next> handled = stream(operation, request, std::move(normal));
  co_return co_await std::move(handled);
}

// The root DSE and the subschema: one entry each that is in no naming context.
Next Session::answer_special(const Operation& operation, const SearchRequest& request, const std::string& attributes,
                             std::string_view dn) {
  Entry entry;
  entry.attributes = attributes;
  const Matcher matcher = shared_.tree.matcher(request.filter);
  if (matches_special(matcher, entry.attributes)) {
    const Selector selector(request.attributes, request.types_only);
    std::string chosen;
    selector.append_special(chosen, attributes);
    write_entry(out(), operation.id, dn, chosen);
  }
  return answer(operation, ResultCode::success);
}

Task<Next> Session::stream(const Operation& operation, const SearchRequest& request, std::string base) {
  const Controls& controls = operation.controls;
  const std::string mark = controls.paged ? search_mark(request, controls) : std::string();
  std::uint64_t after = 0;
  std::uint32_t sent = 0;
  if (controls.paged && !controls.paged->cookie.empty()) {
    ByteReader cookie(controls.paged->cookie);
    after = cookie.u64();
    sent = cookie.u32();
    if (!cookie.ok() || cookie.rest() != mark) {
      co_return bad(operation, ResultCode::unwilling_to_perform, "the cookie is of another search");
    }
  }
  const auto done = [&](ResultCode code, std::string_view cookie) {
    std::vector<Control> with;
    if (controls.paged) with.push_back({std::string(oid::kPagedResults), false, write_paged(0, cookie)});
    return answer(operation, Outcome{code, {}, {}}, std::move(with));
  };
  // RFC 2696 3: a page of nothing gives the search up.
  if (controls.paged && controls.paged->size == 0) co_return done(ResultCode::success, {});
  const std::uint32_t most = least_limit(request.size_limit, settings_->size_limit);
  const auto seconds =
      least_limit(request.time_limit_seconds, static_cast<std::uint32_t>(settings_->time_limit.count()));
  const SteadyPoint end = shared_.services.clock.steady() + std::chrono::seconds(seconds);
  const Selector selector(request.attributes, request.types_only);
  const ValueChoice values(shared_.tree, controls.matched_values, operation.viewer);

  shared_.tree.refresh();
  Walk walk(shared_.tree, request, std::move(base), operation.viewer, after);
  std::uint32_t on_page = 0;
  std::vector<EntryPtr> found;
  std::string room;
  std::size_t looked_at = 0;
  for (;;) {
    bool more = false;
    if (looked_at == 0) {
      looked_at = kLookedAtHere;
      more = walk.next(looked_at, found);
    } else {
      // One beyond the page says whether it is the last.
      const std::size_t wanted = controls.paged ? std::size_t{controls.paged->size} - on_page + 1 : kLookedAtByWorker;
      looked_at = look_ahead(wanted, looked_at, found.size());
      found.clear();
      auto job = [&] { return walk.next(looked_at, found); };
      more = co_await shared_.services.workers.run(std::move(job));
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      const Entry& entry = *found[i];
      if (most != 0 && sent >= most) co_return done(ResultCode::size_limit_exceeded, {});
      // Is there one more? Only then is the page not the last.
      if (controls.paged && on_page >= controls.paged->size) {
        co_return done(ResultCode::success, make_paging_cookie(mark, after, sent));
      }
      room.clear();
      selector.append(room, entry, values);
      if (entry.photo.type != directory::PhotoType::none && !values.by_value()) {
        Task<> read = append_photo(room, selector, entry);
        co_await std::move(read);
      }
      write_entry(out(), operation.id, entry.dn(), room);
      after = entry.key;
      ++sent;
      ++on_page;
      shared_.entries.add();
      if (output_.full()) {
        auto drained = co_await output_.drain();
        if (!drained) co_return Next::close;
      }
    }
    if (!more) break;
    if (seconds != 0 && shared_.services.clock.steady() > end) {
      co_return done(ResultCode::time_limit_exceeded, {});
    }
  }
  co_return done(ResultCode::success, {});
}

// Pictures are in the store, and read for whoever asked for them.
Task<> Session::append_photo(std::string& room, const Selector& selector, const Entry& entry) {
  const std::vector<std::string_view> names = selector.photo_attributes(entry);
  if (names.empty()) co_return;
  std::vector<std::string> values(1);
  if (selector.types_only()) {
    values.clear();
  } else {
    auto job = [this, &entry] { return shared_.services.door.directory().photo(entry.id); };
    auto octets = co_await shared_.services.workers.run(std::move(job));
    if (!octets) co_return;  // taken away meanwhile
    values.front() = *std::move(octets);
  }
  for (const std::string_view name : names) append_attribute(room, name, values);
}

// All that match, in order, then a page or a window of them.
Task<Next> Session::sorted(const Operation& operation, const SearchRequest& request, std::string base) {
  const Controls& controls = operation.controls;
  const SortCheck check = check_sort(*controls.sort);
  if (check.code != ResultCode::success && controls.sort_critical) {
    co_return answer(operation, Outcome{ResultCode::unavailable_critical_extension, "it cannot be sorted by that", {}},
                     {{std::string(oid::kSortResponse), false, write_sort_result(check.code, check.attribute)}});
  }
  const std::string mark = search_mark(request, controls);
  std::uint64_t begin = 0;
  if (controls.paged && !controls.paged->cookie.empty()) {
    ByteReader cookie(controls.paged->cookie);
    begin = cookie.u64();
    (void)cookie.u32();
    if (!cookie.ok() || cookie.rest() != mark) {
      co_return bad(operation, ResultCode::unwilling_to_perform, "the cookie is of another search");
    }
  }
  shared_.tree.refresh();
  Walk walk(shared_.tree, request, std::move(base), operation.viewer, 0);
  const auto limit = std::min<std::size_t>(kMaxSorted, settings_->size_limit == 0 ? kMaxSorted : settings_->size_limit);
  const SteadyPoint end = shared_.services.clock.steady() + settings_->time_limit;
  std::vector<EntryPtr> all;
  const auto fails = [&](ResultCode code) {
    return answer(operation, Outcome{code, "too much to put in order", {}},
                  {{std::string(oid::kSortResponse), false, write_sort_result(code, {})}});
  };
  while (true) {
    auto job = [&walk, &all] { return walk.next(kLookedAtByWorker, all); };
    const bool more = co_await shared_.services.workers.run(std::move(job));
    if (all.size() > limit) co_return fails(ResultCode::admin_limit_exceeded);
    if (!more) break;
    if (settings_->time_limit.count() != 0 && shared_.services.clock.steady() > end) {
      co_return fails(ResultCode::time_limit_exceeded);
    }
  }
  SortedList list(*controls.sort);
  auto job = [&list, &all] { list.fill(std::move(all)); };
  co_await shared_.services.workers.run(std::move(job));

  std::uint64_t stop = list.size();
  std::vector<Control> with{{std::string(oid::kSortResponse), false, write_sort_result(check.code, check.attribute)}};
  Outcome outcome;
  if (controls.view) {
    const Window window = list.window(*controls.view);
    begin = window.begin;
    stop = window.end;
    outcome.code = window.code;
    with.push_back({std::string(oid::kListViewResponse), false,
                    write_view_result(window.position, static_cast<std::uint32_t>(list.size()), window.code)});
  } else if (controls.paged) {
    begin = std::min<std::uint64_t>(begin, list.size());
    stop = std::min<std::uint64_t>(list.size(), begin + controls.paged->size);
    const std::string cookie = stop < list.size() && controls.paged->size != 0 ? make_paging_cookie(mark, stop, 0) : "";
    with.push_back(
        {std::string(oid::kPagedResults), false, write_paged(static_cast<std::uint32_t>(list.size()), cookie)});
  }
  if (request.size_limit != 0 && !controls.view && stop - begin > request.size_limit) {
    stop = begin + request.size_limit;
    outcome.code = ResultCode::size_limit_exceeded;
  }
  const Selector selector(request.attributes, request.types_only);
  const ValueChoice values(shared_.tree, controls.matched_values, operation.viewer);
  std::string room;
  for (std::uint64_t i = begin; i < stop; ++i) {
    const Entry& entry = list[i];
    room.clear();
    selector.append(room, entry, values);
    if (entry.photo.type != directory::PhotoType::none && !values.by_value()) {
      Task<> read = append_photo(room, selector, entry);
      co_await std::move(read);
    }
    write_entry(out(), operation.id, entry.dn(), room);
    shared_.entries.add();
    if (output_.full()) {
      auto drained = co_await output_.drain();
      if (!drained) co_return Next::close;
    }
  }
  co_return answer(operation, std::move(outcome), std::move(with));
}

}  // namespace gatepost::ldap::server
