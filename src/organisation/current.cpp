#include <algorithm>
#include <map>

#include "organisation/plan.hpp"
#include "sharing/sharing.hpp"

namespace gatepost::organisation {
namespace {

// Whoever has the same rights everywhere gets one line.
Result<std::vector<Right>> rights_in(const sharing::Sharing& sharing, account::Account& account,
                                     const std::string& owner) {
  GP_TRY(const auto folders, account.folders());
  struct Places {
    std::size_t count = 0;
    bool equal = true;
    sharing::Rights rights;
  };
  std::map<std::string, Places> everywhere;
  std::vector<Right> each;
  const auto look = [&](account::FolderId folder, const std::string& path) -> Result<> {
    GP_TRY(const auto list, sharing.list(account, folder));
    for (const sharing::Entry& entry : list) {
      if (!entry.negative && entry.identifier == owner) continue;  // may do all, whatever is set
      const std::string who = (entry.negative ? "-" : "") + entry.identifier;
      Places& places = everywhere[who];
      if (places.count++ == 0) places.rights = entry.rights;
      places.equal = places.equal && places.rights == entry.rights;
      each.push_back({who, entry.rights, path});
    }
    return {};
  };
  GP_CHECK(look(account::kRoot, ""));
  for (const account::Folder& folder : *folders) GP_CHECK(look(folder.id, folder.path));
  std::vector<Right> out;
  for (const auto& [who, places] : everywhere) {
    if (places.equal && places.count == folders->size() + 1) out.push_back({who, places.rights, std::nullopt});
  }
  for (Right& right : each) {
    if (std::ranges::none_of(out, [&](const Right& r) { return r.who == right.who && !r.folder; })) {
      out.push_back(std::move(right));
    }
  }
  return out;
}

Senders senders_of(Target& target, const directory::Principal& principal) {
  const auto named = [&](directory::SendRight right) {
    std::vector<std::string> out;
    for (const directory::Principal& who : target.directory.senders(principal.id, right)) out.push_back(who.address);
    return out;
  };
  return {named(directory::SendRight::as), named(directory::SendRight::on_behalf)};
}

}  // namespace

Result<Declaration> read_current(Target& target) {
  Declaration out;
  GP_TRY(const auto domains, target.directory.domains());
  for (const directory::Domain& d : domains) out.domains.push_back({.name = d.name, .catch_all = d.catch_all});
  const sharing::Sharing sharing(target.directory, target.accounts);
  GP_TRY(const auto principals, target.directory.principals());
  for (const directory::Principal& p : principals) {
    if (p.kind == directory::PrincipalKind::group) {
      if (!p.rule.empty()) {
        out.groups.push_back(
            {.address = p.address, .name = p.display_name, .rule = p.rule, .senders = senders_of(target, p)});
        continue;
      }
      GP_TRY(auto members, target.directory.members(p.id));
      std::ranges::sort(members);
      out.groups.push_back({.address = p.address,
                            .name = p.display_name,
                            .members = std::move(members),
                            .senders = senders_of(target, p)});
      continue;
    }
    if (p.kind == directory::PrincipalKind::contact) {
      out.contacts.push_back({.address = p.address,
                              .domain = p.home,
                              .name = p.display_name,
                              .enabled = p.enabled,
                              .contact = p.contact != nullptr ? *p.contact : directory::Contact()});
      continue;
    }
    GP_TRY(const auto account, target.accounts.open(static_cast<account::AccountId>(p.id)));
    GP_TRY(auto rights, rights_in(sharing, *account, p.address));
    GP_TRY(const bool own_seen, account->own_seen());
    out.mailboxes.push_back({.address = p.address,
                             .kind = p.kind,
                             .name = p.display_name,
                             .enabled = p.enabled,
                             .role = p.role,
                             .quota_octets = p.quota_octets,
                             .quota_messages = p.quota_messages,
                             .contact = p.contact != nullptr ? *p.contact : directory::Contact(),
                             .rights = std::move(rights),
                             .senders = senders_of(target, p),
                             .copy_sent = p.copy_sent,
                             .own_seen = own_seen,
                             .password_never_expires = p.password_never_expires});
  }
  GP_TRY(auto aliases, target.directory.aliases());
  for (directory::Alias& a : aliases) out.aliases.push_back({.address = a.address, .targets = std::move(a.targets)});
  GP_TRY(auto books, target.directory.address_books());
  for (directory::AddressBook& book : books) {
    std::ranges::sort(book.viewers);
    std::ranges::sort(book.shown);
    out.address_books.push_back(
        {.name = std::move(book.name), .viewers = std::move(book.viewers), .shown = std::move(book.shown)});
  }
  return out;
}

}  // namespace gatepost::organisation
