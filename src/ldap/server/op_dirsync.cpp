// What has changed since the last time, as programs ask Active Directory for it ([MS-ADTS] 3.1.1.3.4.1.3).

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "directory/attributes.hpp"
#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/oids.hpp"
#include "ldap/server/search.hpp"
#include "ldap/server/session.hpp"

namespace gatepost::ldap::server {
namespace {

constexpr std::size_t kMostOctets = 4 << 20, kLeastOctets = 16 << 10;  // of one answer
constexpr std::size_t kDirSyncPage = 1000;

// Up to which change its owner knows everything; changes up to `fresh` are new to him.
struct Place {
  std::uint64_t change = 0, fresh = 0;
};
// `mark`: of this server.
std::string make_dirsync_cookie(const Place& place, std::string_view mark) {
  std::string out;
  put_u64(out, place.change);
  put_u64(out, place.fresh);
  return out.append(mark);
}
std::optional<Place> read_cookie(std::string_view cookie, std::string_view mark) {
  ByteReader in(cookie);
  const Place place{in.u64(), in.u64()};
  if (!in.ok() || in.rest() != mark) return std::nullopt;
  return place;
}

// DirSyncResponseValue ::= SEQUENCE { MoreResults INTEGER, unused INTEGER, CookieServer OCTET STRING }
Control response(bool more, std::string_view cookie) {
  std::string value;
  ber::Writer writer(value);
  const std::size_t mark = writer.begin(ber::kSequence);
  writer.integer(more ? 1 : 0);
  writer.integer(0);
  writer.octets(cookie);
  writer.end(mark);
  return {std::string(oid::kDirSync), true, std::move(value)};
}

// One change: of somebody who is there, or who is gone.
struct Item {
  std::uint64_t change = 0;
  directory::PrincipalId id{};
  const directory::Removed* gone = nullptr;
};

// An entry that is no more ([MS-ADTS] 3.1.1.5.5): its name says so, and what is left of it is what it was.
Entry tombstone(const directory::Removed& gone, const std::array<char, 16>& uuid, std::string_view base) {
  Entry entry;
  entry.id = gone.id;
  entry.uuid = uuid;
  const std::size_t at = gone.home.empty() ? gone.address.rfind('@') : std::string::npos;
  const std::string dn = fmt::format("CN={}\\0ADEL:{},CN=Deleted Objects,{}",
                                     escape_dn_value(gone.address.substr(0, at)), uuid_text(uuid), base);
  entry.set_names(dn, dn);
  std::vector<std::string> classes;
  for (const std::string_view name : directory::object_classes(gone.kind)) classes.emplace_back(name);
  pack_attribute(entry.attributes, "objectClass", classes);
  pack_attribute(entry.attributes, "isDeleted", {"TRUE"});
  pack_attribute(entry.attributes, "objectGUID", {guid_octets(uuid)});
  return entry;
}

// What is not there any more is sent without values, so that whoever has it drops it.
void append_absent(std::string& out, const Entry& entry, const Selector& selector) {
  std::vector<std::string_view> there;
  each_attribute(entry.attributes, [&](const AttributeType& type, std::string_view) {
    there.push_back(type.name);
    return true;
  });
  const auto absent = [&](std::string_view name) {
    const bool shown = is_photo(name) ? shows_photo(name, entry.photo) : std::ranges::find(there, name) != there.end();
    if (!shown && selector.shows(name)) append_attribute(out, name, {});
  };
  for (const directory::FieldAttribute& row : directory::field_attributes()) absent(row.attribute);
  for (const char* name : {"givenName", "manager", "memberOf", "jpegPhoto", "thumbnailPhoto"}) absent(name);
  if (entry.kind == EntryKind::group) absent("member");
}

}  // namespace

Task<Next> Session::dirsync(Operation operation, std::string base) {
  const SearchRequest& request = std::get<SearchRequest>(operation.request);
  const DirSyncRequest& wanted = *operation.controls.dirsync;
  const EntryPtr top = shared_.tree.find(base);
  if (top == nullptr || top->kind != EntryKind::domain || request.scope != Scope::subtree) {
    co_return answer(operation, ResultCode::unwilling_to_perform, "changes are those of a whole naming context");
  }
  if (operation.controls.paged || operation.controls.sort || operation.controls.matched_values) {
    co_return answer(operation, ResultCode::unwilling_to_perform, "changes come in their own order and pages");
  }
  // Who wants all has to be somebody who sees all.
  if (operation.viewer.role == directory::Role::none && !wanted.object_security) {
    co_return answer(operation, ResultCode::insufficient_access_rights, "changes are for those who have a role");
  }
  const std::array<char, 16> own = shared_.tree.uuid_of(directory::PrincipalId{});
  const std::string_view mark(own.data(), own.size());
  std::optional<Place> place;
  if (!wanted.cookie.empty()) {
    place = read_cookie(wanted.cookie, mark);
    if (!place) co_return answer(operation, ResultCode::unwilling_to_perform, "the cookie is not from here");
  }
  const std::optional<std::uint64_t> since = place ? std::optional(place->change) : std::nullopt;
  std::vector<Item> items;
  const auto changes = shared_.services.door.directory().changes_since(since, [&](const directory::Profile& profile) {
    items.push_back({profile.principal.change, profile.principal.id});
  });
  if (!changes.complete) {
    co_return answer(operation, ResultCode::unwilling_to_perform, "the cookie is too old: begin without one");
  }
  Place now = place.value_or(Place{0, changes.up_to});
  for (const directory::Removed& gone : changes.removed) {
    const std::string_view home = gone.home.empty() ? std::string_view(gone.address).substr(gone.address.rfind('@') + 1)
                                                    : std::string_view(gone.home);
    if (gone.change > now.fresh && home == top->domain) items.push_back({gone.change, gone.id, &gone});
  }
  std::ranges::sort(items, {}, &Item::change);
  shared_.tree.refresh();

  const Selector selector(request.attributes, request.types_only);
  const ValueChoice values(shared_.tree, std::nullopt, operation.viewer);
  const Walk walk(shared_.tree, request, base, operation.viewer, 0, false);
  const Matcher matcher = shared_.tree.matcher(request.filter);
  const std::size_t most =
      std::clamp<std::size_t>(wanted.max_octets == 0 ? kMostOctets : wanted.max_octets, kLeastOctets, kMostOctets);
  std::size_t octets = 0;
  std::string room;
  const auto send = [&](const Entry& entry) {
    if (!selector.shows("objectGUID")) append_attribute(room, "objectGUID", {guid_octets(entry.uuid)});
    octets += room.size();
    write_entry(out(), operation.id, entry.dn(), room);
    shared_.entries.add();
  };
  // What others lie under comes first, and once.
  for (std::uint64_t after = 0; !place;) {
    const std::vector<EntryPtr> page = shared_.tree.page(after, kDirSyncPage);
    if (page.empty() || page.front()->is_principal()) break;
    for (const EntryPtr& entry : page) {
      after = entry->key;
      if (entry->is_principal() || !walk.fits(*entry)) continue;
      room.clear();
      selector.append(room, *entry, values);
      send(*entry);
    }
  }
  bool more = false;
  for (const Item& item : items) {
    // All of one change is sent together.
    if (octets >= most && item.change != now.change) {
      more = true;
      break;
    }
    now.change = item.change;
    room.clear();
    if (item.gone != nullptr) {
      const Entry gone = tombstone(*item.gone, shared_.tree.uuid_of(item.id), top->dn());
      if (matches(matcher, gone) != Truth::yes) continue;
      // Whatever was asked for: that it is gone is what is told.
      Selector({}, false).append(room, gone);
      octets += room.size();
      write_entry(out(), operation.id, gone.dn(), room);
    } else {
      const EntryPtr entry = shared_.tree.find(item.id);
      if (entry == nullptr || !walk.fits(*entry)) continue;
      selector.append(room, *entry, values);
      if (entry->photo.type != directory::PhotoType::none) {
        Task<> read = append_photo(room, selector, *entry);
        co_await std::move(read);
      }
      if (item.change > now.fresh) append_absent(room, *entry, selector);
      send(*entry);
    }
    if (output_.full()) {
      auto drained = co_await output_.drain();
      if (!drained) co_return Next::close;
    }
  }
  if (!more) now.change = std::max(now.change, changes.up_to);
  co_return answer(operation, Outcome{}, {response(more, make_dirsync_cookie(now, mark))});
}

}  // namespace gatepost::ldap::server
