// Which mailbox a name means to whoever is signed in, and what he may do with it (RFC 4314 4).

#include <algorithm>
#include <chrono>
#include <utility>

#include "imap/server/namespaces.hpp"
#include "imap/server/removed_account.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

// The deepest folder on the way to `path` that is there; null: none.
std::optional<account::Folder> nearest(account::Account& account, std::string_view path) {
  for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos; slash = path.rfind('/', slash - 1)) {
    auto folder = account.find_folder(path.substr(0, slash));
    if (folder) return *std::move(folder);
    if (slash == 0) break;
  }
  return std::nullopt;
}

}  // namespace

sharing::Rights Session::rights_in(const account::Account& account, const account::Grants* grants) const {
  if (account.id() == own_account_->id()) return sharing::Rights::all();
  return sharing_.rights(signed_in_->principal().id, account.id(), grants);
}

Result<Location> Session::place_of(std::string_view name) const {
  const auto foreign = parse_foreign(name);
  // A folder of one's own that had this name before there were namespaces stays within reach.
  if (!foreign || own_account_->find_folder(name)) return Location{own_account_, std::string(name), {}};
  if (foreign->address.empty()) return fail(Errc::not_found, "nothing but a place for others");
  GP_TRY(auto shared, sharing_.open(signed_in_->principal().id, foreign->address));
  if (namespace_of(shared.principal) != foreign->root) return fail(Errc::not_found, "in the other namespace");
  return Location{std::move(shared.account), foreign->path, root_of(shared.principal) + "/"};
}

// None: the name is not that of what can be brought back.
std::optional<Mailbox> Session::removed_mailbox(std::string_view name) const {
  if (settings_->recoverable_folder.empty() || name != settings_->recoverable_folder) return std::nullopt;
  if (own_account_->find_folder(name)) return std::nullopt;  // a folder of one's own comes first
  const auto now = std::chrono::floor<std::chrono::seconds>(services().clock.now()).time_since_epoch().count();
  std::uint32_t last = shared_.last_validity.load();
  std::uint32_t validity = 0;
  do validity = std::max(static_cast<std::uint32_t>(now), last + 1);
  while (!shared_.last_validity.compare_exchange_weak(last, validity));
  auto account = std::make_shared<RemovedAccount>(own_account_, std::string(name), validity);
  const auto folder = account->find_folder(name);
  if (!folder) return std::nullopt;
  return Mailbox{{account, folder->path, {}}, *folder, sharing::Right::lookup | sharing::Right::read, account};
}

Result<Mailbox> Session::mailbox_of(std::string_view name, sharing::Rights needed) const {
  if (auto removed = removed_mailbox(name)) {
    if (!removed->rights.has(needed)) return fail(Errc::forbidden, "what was removed can only be read");
    return *std::move(removed);
  }
  GP_TRY(Location place, place_of(name));
  if (place.path.empty()) return fail(Errc::not_found, "the top of an account");
  GP_TRY(account::Folder folder, place.account->find_folder(place.path));
  const sharing::Rights rights = rights_in(*place.account, folder.grants.get());
  // RFC 4314 6: as if it were not there.
  if (!rights.has(sharing::Right::lookup)) return fail(Errc::not_found, "not to be seen");
  if (!rights.has(needed)) return fail(Errc::forbidden, "a right is missing");
  return Mailbox{std::move(place), std::move(folder), rights, nullptr};
}

Result<> Session::may_create(const Location& place) const {
  if (place.own()) return {};
  if (place.path.empty()) return fail(Errc::already_exists, "the top of an account");
  const auto parent = nearest(*place.account, place.path);
  GP_TRY(const auto top, place.account->grants(account::kRoot));
  const sharing::Rights rights = rights_in(*place.account, parent ? parent->grants.get() : top.get());
  if (rights.has(sharing::Right::lookup | sharing::Right::create)) return {};
  // The same answer as if what cannot be seen were not there.
  const auto sees = [&](const account::Grants* grants) {
    return rights_in(*place.account, grants).has(sharing::Right::lookup);
  };
  bool seen = sees(top.get());
  for (auto up = parent; up && !seen; up = nearest(*place.account, up->path)) seen = sees(up->grants.get());
  return seen ? fail(Errc::forbidden, "a right is missing") : fail(Errc::not_found, "not to be seen");
}

bool Session::sees_children(const Location& place, const account::Folder& folder) const {
  const auto all = place.account->folders();
  const std::string below = folder.path + '/';
  return all && std::ranges::any_of(**all, [&](const account::Folder& f) {
           return f.path.starts_with(below) &&
                  (place.own() || rights_in(*place.account, f.grants.get()).has(sharing::Right::lookup));
         });
}

Task<Result<Mailbox>> Session::find_mailbox(std::string name, sharing::Rights needed) const {
  if (!parse_foreign(name)) co_return mailbox_of(name, needed);
  auto job = [&] { return mailbox_of(name, needed); };
  co_return co_await workers().run(job);
}

sharing::Rights Session::selected_rights() const {
  account::Account& account = selected_->account();
  if (account.id() == own_account_->id()) return sharing::Rights::all();
  const auto grants = account.grants(selected_->folder());
  // A folder that is gone has nobody's rights; that it is gone is found out elsewhere.
  return grants ? rights_in(account, grants->get()) : sharing::Rights::all();
}

bool Session::lost_selected() const {
  using sharing::Right;
  return selected_ && !selected_rights().has(Right::lookup | Right::read);
}

imap::Flags Session::permanent_flags(const std::vector<std::string>& keywords) const {
  imap::Flags flags = known_flags(keywords);
  const account::FlagScope scope = sharing::flag_scope(selected_rights());
  flags.system &= scope.system;
  if (!scope.keywords) flags.keywords.clear();
  return flags;
}

void Session::write_permanent_flags(const std::vector<std::string>& keywords) {
  const bool may_create = selected_rights().has(sharing::Right::write);
  write_untagged(out(), Condition::ok, code::permanent_flags(permanent_flags(keywords), may_create), "These are kept");
}

// RFC 4314 5.1.1: who checks the rights at each command tells when they are others.
void Session::tell_rights() {
  if (selected_->read_only() || account().id() == own_account_->id()) return;
  if (!account().grants(selected_->folder())) return;  // it is gone, which is told in its place
  const sharing::Rights now = selected_rights();
  if (now == selected_->rights_told) return;
  selected_->rights_told = now;
  const auto names = account().keywords();
  if (!names) return;
  write_flags(out(), known_flags(**names));
  write_permanent_flags(**names);
}

}  // namespace gatepost::imap::server
