#include "mailflow/sent_as.hpp"

#include <algorithm>

#include "account/deliver.hpp"
#include "mailflow/events.hpp"

namespace gatepost::mailflow {
namespace {

// Who sent it has read it, also where each has \Seen of his own.
Result<> copy(account::Accounts& accounts, const QueueEntry& sent, directory::PrincipalId author,
              directory::PrincipalId submitter) {
  GP_TRY(const auto account,
         accounts.open_for(static_cast<account::AccountId>(author), static_cast<account::Reader>(submitter)));
  GP_TRY(const auto folders, account->folders());
  const auto folder = std::ranges::find(*folders, account::Role::sent, &account::Folder::role);
  account::Delivery delivery;
  delivery.item.body = sent.body;
  delivery.item.summary = sent.summary;
  delivery.item.received = sent.created;
  delivery.item.system_flags = account::flag::kSeen;
  delivery.folder = folder != folders->end() ? folder->path : "Sent";
  delivery.delivery_id = "sent." + to_string(sent.id);
  return account::deliver(*account, delivery);
}

}  // namespace

void sent_as(IntakeServices& services, const QueueEntry& sent, const directory::Principal& submitter,
             const directory::Authorship& author) {
  const auto principal = services.directory.principal(author.of);
  if (!principal) return;  // gone meanwhile
  const auto right =
      author.kind == directory::Authorship::Kind::send_as ? directory::SendRight::as : directory::SendRight::on_behalf;
  services.log.write(event::kSentAs, {{"id", to_string(sent.id)},
                                      {"user", submitter.address},
                                      {"author", principal->address},
                                      {"right", directory::to_string(right)}});
  if (!principal->copy_sent || principal->kind == directory::PrincipalKind::group) return;
  if (const auto copied = copy(services.accounts, sent, author.of, submitter.id); !copied) {
    services.log.write(
        event::kSentCopyProblem,
        {{"id", to_string(sent.id)}, {"account", principal->address}, {"detail", copied.error().detail}});
  }
}

}  // namespace gatepost::mailflow
