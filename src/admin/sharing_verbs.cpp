#include <fmt/format.h>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "sharing/sharing.hpp"

// Who may do what in whose folders.
namespace gatepost::admin {
namespace {

struct Wanted {
  directory::Principal principal;
  std::shared_ptr<account::Account> account;
  std::vector<account::Folder> folders;  // the account's top is the one without a path
};

// The folder of the option, or else the account's top and all its folders.
std::expected<Wanted, Reply> find(Services& services, const Request& request) {
  auto principal = named_account(services, request);
  if (!principal) return std::unexpected(principal.error());
  auto account = services.accounts.open(static_cast<account::AccountId>(principal->id));
  if (!account) return std::unexpected(failure(account.error(), principal->address));
  Wanted out{*std::move(principal), *std::move(account), {}};
  if (request.has("folder")) {
    const std::string name = request.option("folder");
    auto folder = out.account->find_folder(name);
    if (!folder) return std::unexpected(failure(folder.error(), fmt::format("{} of {}", name, out.principal.address)));
    out.folders.push_back(*std::move(folder));
    return out;
  }
  const auto all = out.account->folders();
  if (!all) return std::unexpected(failure(all.error(), out.principal.address));
  out.folders.emplace_back();
  out.folders.insert(out.folders.end(), (*all)->begin(), (*all)->end());
  return out;
}

sharing::Author author_of(Services& services, const Request& request) {
  const auto who = services.directory.find(request.asked_by);
  return {who ? std::optional(who->id) : std::nullopt, services.clock};
}

std::string where(const Wanted& wanted, const Request& request) {
  return request.has("folder") ? wanted.folders.front().path : std::string("all folders");
}

Reply acl_list(Services& services, const Request& request, std::stop_token) {
  const auto wanted = find(services, request);
  if (!wanted) return wanted.error();
  const sharing::Sharing sharing(services.directory, services.accounts);
  Table table({"folder", "identifier", "rights"});
  for (const account::Folder& folder : wanted->folders) {
    const auto list = sharing.list(*wanted->account, folder.id);
    if (!list) return failure(list.error(), wanted->principal.address);
    for (const sharing::Entry& entry : *list) {
      if (!entry.negative && entry.identifier == wanted->principal.address) continue;  // the owner may do all
      table.row().text(folder.path.empty() ? "(new folders)" : folder.path);
      table.text((entry.negative ? "-" : "") + entry.identifier).text(sharing::to_string(entry.rights));
    }
  }
  return table.reply(fmt::format("Nobody but its owner has rights in {}.", wanted->principal.address));
}

Reply acl_set(Services& services, const Request& request, std::stop_token) {
  std::string letters = request.option("rights");
  sharing::Change change = sharing::Change::replace;
  if (letters.starts_with('+') || letters.starts_with('-')) {
    change = letters.front() == '+' ? sharing::Change::add : sharing::Change::remove;
    letters.erase(0, 1);
  }
  const auto rights = sharing::parse_rights(letters);
  if (!rights) return usage("rights are letters of lrswipkxtea (RFC 4314), with + or - in front to add or take away");
  const auto wanted = find(services, request);
  if (!wanted) return wanted.error();
  const std::string identifier = request.option("identifier");
  const sharing::Sharing sharing(services.directory, services.accounts, author_of(services, request));
  for (const account::Folder& folder : wanted->folders) {
    if (auto set = sharing.set(*wanted->account, folder.id, identifier, change, *rights); !set) {
      return failure(set.error(), identifier);
    }
  }
  const std::string said = request.option("rights");
  return done(fmt::format("{} has {} in {} of {}.", identifier, said.empty() ? "no rights" : said,
                          where(*wanted, request), wanted->principal.address),
              wanted->principal.address);
}

Reply acl_delete(Services& services, const Request& request, std::stop_token) {
  const auto wanted = find(services, request);
  if (!wanted) return wanted.error();
  const std::string identifier = request.option("identifier");
  const sharing::Sharing sharing(services.directory, services.accounts, author_of(services, request));
  for (const account::Folder& folder : wanted->folders) {
    if (auto gone = sharing.remove(*wanted->account, folder.id, identifier); !gone) {
      return failure(gone.error(), identifier);
    }
  }
  return done(
      fmt::format("{} is on no list in {} of {}.", identifier, where(*wanted, request), wanted->principal.address),
      wanted->principal.address);
}

}  // namespace

std::vector<Verb> acl_verbs() {
  return {{"acl list", "Who has rights in an account's folders.", false, acl_list},
          {"acl set", "Grant rights in one folder, or in all and those made later.", false, acl_set},
          {"acl delete", "Take somebody off the lists.", false, acl_delete}};
}

}  // namespace gatepost::admin
