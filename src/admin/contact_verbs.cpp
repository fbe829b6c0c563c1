#include <expected>

#include <fmt/format.h>

#include "admin/details.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/base64.hpp"
#include "base/date.hpp"
#include "directory/addresses.hpp"

// People elsewhere whom address books show, and pictures of everybody.
namespace gatepost::admin {
namespace {

using directory::Principal;

std::expected<Principal, Reply> named_contact(Services& services, const Request& request) {
  const std::string address = request.option("address");
  auto found = services.directory.find_contact(address);
  if (!found) return std::unexpected(failure(found.error(), "contact " + address));
  if (const auto own = directory::canonical_address(address); !own || own->to_string() != found->address) {
    return std::unexpected(failure({Errc::not_found, fmt::format("it is an alias; the contact is {}", found->address)},
                                   "contact " + address));
  }
  return *std::move(found);
}

// The domain that is asked for, or the only one there is.
Result<std::string> home_of(Services& services, const Request& request) {
  if (request.has("domain")) return request.option("domain");
  GP_TRY(const auto domains, services.directory.domains());
  if (domains.size() == 1) return domains.front().name;
  return fail(Errc::invalid, "there are several domains: say in whose address book it is (--domain)");
}

Reply contact_add(Services& services, const Request& request, std::stop_token) {
  const std::string address = request.option("address");
  const auto home = home_of(services, request);
  if (!home) return failure(home.error(), "contact " + address);
  const auto added = services.directory.add_contact(address, request.option("name"), *home);
  if (!added) return failure(added.error(), "contact " + address);
  return done(fmt::format("Contact {} is in the address book of {}.", added->address, added->home), added->address);
}

Reply contact_list(Services& services, const Request&, std::stop_token) {
  const auto principals = services.directory.principals();
  if (!principals) return failure(principals.error(), "contacts");
  Table table({"address", "name", "domain", "enabled", "created"});
  for (const Principal& p : *principals) {
    if (p.kind != directory::PrincipalKind::contact) continue;
    table.row().text(p.address).text(p.display_name).text(p.home).boolean(p.enabled);
    table.text(date::format_rfc3339(p.created));
  }
  return table.reply("No contact yet: gatepost contact add ADDRESS --name NAME");
}

Reply contact_set(Services& services, const Request& request, std::stop_token) {
  auto contact = named_contact(services, request);
  if (!contact) return contact.error();
  return set_details(services, request, *std::move(contact));
}

Reply contact_show(Services& services, const Request& request, std::stop_token) {
  const auto contact = named_contact(services, request);
  if (!contact) return contact.error();
  return show_details(services, *contact);
}

Reply contact_delete(Services& services, const Request& request, std::stop_token) {
  const auto contact = named_contact(services, request);
  if (!contact) return contact.error();
  if (auto gone = services.directory.remove_principal(contact->id); !gone) {
    return failure(gone.error(), contact->address);
  }
  return done(fmt::format("Contact {} is deleted; aliases that lead there still do.", contact->address),
              contact->address);
}

Reply account_photo(Services& services, const Request& request, std::stop_token) {
  const std::string address = request.option("address");
  auto whose = services.directory.find(address);
  if (!whose) whose = services.directory.find_contact(address);
  if (!whose) return failure(whose.error(), address);
  if (!request.has("photo") && !request.has("remove")) return usage("account photo ADDRESS FILE, or --remove");
  const auto octets = base64::decode(request.option("photo"));
  if (!octets || octets->empty() != request.has("remove")) return usage("the picture is empty, or no base64");
  if (auto set = services.directory.set_photo(whose->id, *octets); !set) return failure(set.error(), whose->address);
  return done(fmt::format("The picture of {} is {}.", whose->address, octets->empty() ? "gone" : "set"),
              whose->address);
}

}  // namespace

std::vector<Verb> outsider_verbs() {
  return {{"contact add", "Show somebody elsewhere in address books.", false, contact_add},
          {"contact list", "The contacts.", false, contact_list},
          {"contact set", "Set name and contact details of a contact.", false, contact_set},
          {"contact show", "Name and contact details of a contact.", false, contact_show},
          {"contact delete", "Delete a contact.", false, contact_delete},
          {"account photo", "Set or take away the picture of somebody.", false, account_photo}};
}

}  // namespace gatepost::admin
