#include "imap/server/catalogue.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "imap/server/namespaces.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {

Result<std::unique_ptr<Catalogue>> Catalogue::make(const Session& session, bool foreign) {
  auto out = std::make_unique<Catalogue>();
  GP_TRY(auto own, session.place_of("INBOX"));
  out->places_.push_back(std::move(own));
  GP_TRY(out->folders_.emplace_back(), out->places_.front().account->folders());
  const Location& mine = out->places_.front();
  out->all_.reserve(out->folders_.front()->size());
  for (const account::Folder& folder : *out->folders_.front()) {
    out->all_.push_back({.name = folder.path, .folder = &folder, .place = &mine, .rights = sharing::Rights::all()});
  }
  out->add_removed(session);
  if (!foreign) return out;
  const std::size_t before = out->all_.size();
  for (const directory::Principal& sharer : session.sharing().sharers(session.principal().id)) {
    const std::string root = root_of(sharer);
    auto shared = session.sharing().open(session.principal().id, sharer.address);
    // One that cannot be read now hides no other.
    if (shared) out->add(session, Location{std::move(shared->account), {}, root + "/"});
  }
  if (out->all_.size() == before) return out;
  out->add_parents();
  // One's own come first: a folder that has another's name hides it, as in place_of().
  std::ranges::sort(out->all_, {}, [](const Listed& one) { return std::pair(one.name, !one.own()); });
  const auto twice = std::ranges::unique(out->all_, {}, &Listed::name);
  out->all_.erase(twice.begin(), twice.end());
  return out;
}

// What can be brought back, where a name for it is configured.
void Catalogue::add_removed(const Session& session) {
  const std::string& name = session.settings().recoverable_folder;
  if (name.empty() || find(name) != nullptr) return;
  const auto mailbox = session.mailbox_of(name);
  if (!mailbox || !mailbox->removed) return;
  const Location& place = places_.emplace_back(mailbox->place);
  removed_ = mailbox->folder;
  const auto at = std::ranges::lower_bound(all_, std::string_view(removed_->path), {}, &Listed::name);
  all_.insert(at, {.name = removed_->path, .folder = &*removed_, .place = &place, .rights = mailbox->rights});
}

void Catalogue::add(const Session& session, Location place) {
  auto folders = place.account->folders();
  if (!folders) return;
  const Location& kept = places_.emplace_back(std::move(place));
  const Folders& all = folders_.emplace_back(*std::move(folders));
  for (const account::Folder& folder : *all) {
    const sharing::Rights rights = session.rights_in(*kept.account, folder.grants.get());
    if (!rights.has(sharing::Right::lookup)) continue;
    const std::string& name = names_.emplace_back(kept.prefix + folder.path);
    all_.push_back({.name = name, .folder = &folder, .place = &kept, .rights = rights});
  }
}

// RFC 4314 4, LIST: what cannot be looked up is not there; but what is below it has to hang somewhere.
void Catalogue::add_parents() {
  std::unordered_set<std::string_view> known;
  for (const Listed& one : all_) known.insert(one.name);
  const std::size_t count = all_.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (all_[i].own()) continue;
    const std::string_view name = all_[i].name;
    for (std::size_t slash = name.rfind('/'); slash != std::string_view::npos; slash = name.rfind('/', slash - 1)) {
      if (known.contains(name.substr(0, slash))) break;
      const std::string& up = names_.emplace_back(name.substr(0, slash));
      known.insert(up);
      all_.push_back({.name = up});
      if (slash == 0) break;
    }
  }
}

const Listed* Catalogue::find(std::string_view name) const {
  const auto at = std::ranges::lower_bound(all_, name, {}, &Listed::name);
  return at != all_.end() && at->name == name ? &*at : nullptr;
}

bool Catalogue::has_children(std::string_view name) const {
  const std::string below = std::string(name) + '/';
  const auto at = std::ranges::lower_bound(all_, std::string_view(below), {}, &Listed::name);
  return at != all_.end() && at->name.starts_with(below);
}

}  // namespace gatepost::imap::server
