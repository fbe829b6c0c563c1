#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/utf8.hpp"

// Who sees whom.
namespace gatepost::admin {
namespace {

using directory::AddressBook;
using directory::Principal;

std::vector<std::string> values_of(const Request& request, const std::string& name) {
  const auto found = request.options.find(name);
  return found != request.options.end() ? found->second : std::vector<std::string>();
}

Result<AddressBook> named_book(Services& services, const std::string& name) {
  GP_TRY(const auto all, services.directory.address_books());
  const auto found = std::ranges::find(all, name, &AddressBook::name);
  if (found == all.end()) return fail(Errc::not_found, "there is no such address book");
  return *found;
}

Reply book_add(Services& services, const Request& request, std::stop_token) {
  const AddressBook book{request.option("name"), values_of(request, "viewer"), values_of(request, "shown")};
  if (named_book(services, book.name)) return failure({Errc::already_exists, "it is there already"}, book.name);
  if (auto set = services.directory.put_address_book(book); !set) return failure(set.error(), "address book");
  return done(fmt::format("Address book {} holds from now on.", book.name), book.name);
}

Reply book_set(Services& services, const Request& request, std::stop_token) {
  auto book = named_book(services, request.option("name"));
  if (!book) return failure(book.error(), "address book");
  if (!request.has("viewer") && !request.has("shown")) return usage("address-book set NAME --viewers ... --shown ...");
  if (request.has("viewer")) book->viewers = values_of(request, "viewer");
  if (request.has("shown")) book->shown = values_of(request, "shown");
  if (auto set = services.directory.put_address_book(*book); !set) return failure(set.error(), "address book");
  return done(fmt::format("Address book {} is changed.", book->name), book->name);
}

Reply book_list(Services& services, const Request&, std::stop_token) {
  const auto all = services.directory.address_books();
  if (!all) return failure(all.error(), "address books");
  Table table({"name", "viewers", "shown"});
  for (const AddressBook& book : *all) {
    table.row().text(book.name).text(fmt::format("{}", fmt::join(book.viewers, " ")));
    table.text(fmt::format("{}", fmt::join(book.shown, " ")));
  }
  return table.reply("No address book: people see whom [ldap] people_see says.");
}

Reply book_delete(Services& services, const Request& request, std::stop_token) {
  const std::string name = request.option("name");
  if (auto gone = services.directory.remove_address_book(name); !gone) return failure(gone.error(), "address book");
  return done(fmt::format("Address book {} is deleted.", utf8::sanitize(name)), name);
}

// Whom one person sees, by policies or without.
Reply book_show(Services& services, const Request& request, std::stop_token) {
  const auto viewer = services.directory.find(request.option("address"));
  if (!viewer) return failure(viewer.error(), request.option("address"));
  const auto all = services.directory.principals();
  if (!all) return failure(all.error(), "address book");
  const directory::Sight sight = services.directory.sight(*viewer, services.own_domain_only);
  Table table({"address", "name"});
  for (const Principal& one : *all) {
    if (sight.sees(one)) table.row().text(one.address).text(one.display_name);
  }
  return table.reply("Nobody.");
}

}  // namespace

std::vector<Verb> address_book_verbs() {
  return {{"address-book add", "Say whom some people see in address books.", false, book_add},
          {"address-book set", "Change an address book.", false, book_set},
          {"address-book list", "Who sees whom.", false, book_list},
          {"address-book show", "Whom somebody sees.", false, book_show},
          {"address-book delete", "Delete an address book.", false, book_delete}};
}

}  // namespace gatepost::admin
