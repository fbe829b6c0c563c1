// Modify, add, delete, modify DN (RFC 4511 4.6 to 4.9), with what was there before and after (RFC 4527).

#include <utility>

#include <fmt/format.h>

#include "directory/password_age.hpp"
#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/oids.hpp"
#include "ldap/server/change.hpp"
#include "ldap/server/events.hpp"
#include "ldap/server/result_for.hpp"
#include "ldap/server/search.hpp"
#include "ldap/server/session.hpp"

namespace gatepost::ldap::server {
namespace {

// The value of a pre-read or post-read response: a SearchResultEntry.
Control read_response(std::string_view oid, const Entry& entry, const std::vector<std::string>& names) {
  std::string attributes, value;
  Selector(names, false).append(attributes, entry);
  ber::Writer writer(value);
  const std::size_t mark = writer.begin(ber::application_constructed(4));
  writer.octets(entry.dn());
  ber::append_head(value, ber::kSequence, attributes.size());
  value += attributes;
  writer.end(mark);
  return {std::string(oid), false, std::move(value)};
}

}  // namespace

void Session::log_change(const Event& event, std::string_view operation, std::string_view entry) {
  shared_.services.log.write(event, {{"conn", peer_.connection_id},
                                     {"account", signed_in_->principal().address},
                                     {"operation", operation},
                                     {"entry", entry}});
  shared_.changes.add(&event == &event::kChanged ? 1 : 0);
}

Next Session::refuse_change(const Operation& operation, Outcome outcome, std::string_view what,
                            std::string_view entry) {
  if (outcome.code == ResultCode::insufficient_access_rights) log_change(event::kDenied, what, entry);
  return answer(operation, std::move(outcome));
}

Task<Next> Session::modify(Operation operation) {
  const ModifyRequest& request = std::get<ModifyRequest>(operation.request);
  auto found = entry_named(operation, request.name);
  if (auto* const outcome = std::get_if<Outcome>(&found)) co_return answer(operation, std::move(*outcome));
  const EntryPtr entry = std::get<EntryPtr>(found);
  if (const auto failed = assertion_fails(operation, *entry)) co_return answer(operation, *failed);
  directory::Directory& directory = shared_.services.door.directory();
  const auto principal = directory.principal(entry->id);
  if (!settings_->writable || !principal) {
    co_return answer(operation, ResultCode::unwilling_to_perform, "this is not changed here");
  }
  auto plan = plan_modify(shared_.tree, operation.viewer, *entry, *principal, request.changes);
  if (auto* const outcome = std::get_if<Outcome>(&plan)) {
    co_return refuse_change(operation, std::move(*outcome), "modify", principal->address);
  }
  const Change& change = std::get<Change>(plan);
  const auto* const password = std::get_if<NewPassword>(&change);
  if (password != nullptr && !tls()) {
    co_return answer(operation, ResultCode::confidentiality_required, "passwords are taken only under TLS");
  }
  auto job = [&directory, &change, id = entry->id]() -> Result<> {
    if (const auto* const fresh = std::get_if<NewPrincipal>(&change))
      return directory.update_principal(fresh->principal);
    if (const auto* const members = std::get_if<NewMembers>(&change)) {
      return directory.change_members(id, members->added, members->removed);
    }
    if (const auto* const photo = std::get_if<NewPhoto>(&change)) return directory.set_photo(id, photo->octets);
    if (const auto* const demand = std::get_if<NewDemand>(&change)) {
      const Result<> done = directory::password_ages(directory).demand_change(id, demand->must_change);
      if (!done && done.error().code == Errc::not_found) return fail(Errc::unsupported, "no password is kept here");
      return done;
    }
    return directory.set_password(id, std::get<NewPassword>(change).password);
  };
  runtime::Workers& workers = password != nullptr ? shared_.services.workers_for_sign_in() : shared_.services.workers;
  const Result<> done = co_await workers.run(std::move(job));
  if (!done) co_return answer(operation, outcome_for(done.error().code));
  log_change(password != nullptr ? event::kPasswordChanged : event::kChanged, "modify", principal->address);
  std::vector<Control> with;
  if (operation.controls.pre_read) with.push_back(read_response(oid::kPreRead, *entry, *operation.controls.pre_read));
  if (operation.controls.post_read) {
    shared_.tree.refresh();
    const EntryPtr after = shared_.tree.find(entry->id);
    if (after != nullptr) with.push_back(read_response(oid::kPostRead, *after, *operation.controls.post_read));
  }
  answer(operation, Outcome{}, std::move(with));
  const auto* const changed = std::get_if<NewPrincipal>(&change);
  const bool shut_out = changed != nullptr && principal->enabled && !changed->principal.enabled;
  if (password != nullptr || shut_out) shared_.services.door.revoke(entry->id);
  co_return Next::more;
}

Task<Next> Session::add(Operation operation) {
  const AddRequest& request = std::get<AddRequest>(operation.request);
  if (operation.viewer.role != directory::Role::admin) {
    co_return refuse_change(operation, outcome_for(Errc::denied), "add", request.name);
  }
  if (!settings_->writable) co_return answer(operation, ResultCode::unwilling_to_perform, "nothing is changed here");
  shared_.tree.refresh();
  auto plan = plan_add(shared_.tree, request);
  if (auto* const outcome = std::get_if<Outcome>(&plan)) co_return answer(operation, std::move(*outcome));
  const NewEntry& fresh = std::get<NewEntry>(plan);
  if (fresh.password && !tls()) {
    co_return answer(operation, ResultCode::confidentiality_required, "passwords are taken only under TLS");
  }
  directory::Directory& directory = shared_.services.door.directory();
  auto job = [&directory, &fresh]() -> Result<directory::PrincipalId> {
    GP_TRY(directory::Principal added, fresh.kind == directory::PrincipalKind::contact
                                           ? directory.add_contact(fresh.address, fresh.display_name, fresh.home)
                                           : directory.add_principal(fresh.kind, fresh.address, fresh.display_name));
    const auto complete = [&]() -> Result<> {
      if (!fresh.contact.empty()) {
        added.contact = std::make_shared<const directory::Contact>(fresh.contact);
        GP_CHECK(directory.update_principal(added));
      }
      if (!fresh.members.empty()) GP_CHECK(directory.add_members(added.id, fresh.members));
      if (fresh.password) GP_CHECK(directory.set_password(added.id, *fresh.password));
      return {};
    };
    if (Result<> done = complete(); !done) {
      // Half an entry would be neither usable nor addable again.
      (void)directory.remove_principal(added.id);
      return std::unexpected(std::move(done).error());
    }
    return added.id;
  };
  const auto added = co_await shared_.services.workers_for_sign_in().run(std::move(job));
  if (!added) co_return answer(operation, outcome_for(added.error().code));
  log_change(event::kChanged, "add", fresh.address);
  std::vector<Control> with;
  if (operation.controls.post_read) {
    shared_.tree.refresh();
    const EntryPtr after = shared_.tree.find(*added);
    if (after != nullptr) with.push_back(read_response(oid::kPostRead, *after, *operation.controls.post_read));
  }
  co_return answer(operation, Outcome{}, std::move(with));
}

Task<Next> Session::remove(Operation operation) {
  const DeleteRequest& request = std::get<DeleteRequest>(operation.request);
  auto found = entry_named(operation, request.name);
  if (auto* const outcome = std::get_if<Outcome>(&found)) co_return answer(operation, std::move(*outcome));
  const EntryPtr entry = std::get<EntryPtr>(found);
  if (operation.viewer.role != directory::Role::admin) {
    co_return refuse_change(operation, outcome_for(Errc::denied), "delete", std::string(entry->dn()));
  }
  if (!entry->is_principal()) co_return answer(operation, ResultCode::not_allowed_on_non_leaf, "it is not empty");
  if (const auto failed = assertion_fails(operation, *entry)) co_return answer(operation, *failed);
  const Services& services = shared_.services;
  const auto principal = services.door.directory().principal(entry->id);
  const bool mailbox = principal && directory::has_mailbox(principal->kind);
  if (!principal || !settings_->writable || (mailbox && !services.remove_account)) {
    co_return answer(operation, ResultCode::unwilling_to_perform, "this is not deleted here");
  }
  auto job = [&services, &principal, mailbox]() -> Result<> {
    return mailbox ? services.remove_account(*principal) : services.door.directory().remove_principal(principal->id);
  };
  const Result<> done = co_await services.workers.run(std::move(job));
  if (!done) co_return answer(operation, outcome_for(done.error().code));
  log_change(event::kChanged, "delete", principal->address);
  std::vector<Control> with;
  if (operation.controls.pre_read) with.push_back(read_response(oid::kPreRead, *entry, *operation.controls.pre_read));
  co_return answer(operation, Outcome{}, std::move(with));
}

// The name of an entry is an address, and mail that was sent to it would be another's: addresses do not change.
Task<Next> Session::modify_dn(Operation operation) {
  auto found = entry_named(operation, std::get<ModifyDnRequest>(operation.request).name);
  if (auto* const outcome = std::get_if<Outcome>(&found)) co_return answer(operation, std::move(*outcome));
  co_return answer(operation, ResultCode::unwilling_to_perform,
                   "names are addresses, which do not change: add an alias");
}

}  // namespace gatepost::ldap::server
