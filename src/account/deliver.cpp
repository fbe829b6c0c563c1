#include "account/deliver.hpp"

namespace gatepost::account {
namespace {

Result<FolderId> target(Account& account, const std::string& path) {
  if (!path.empty()) {
    auto found = account.find_folder(path);
    if (!found || !found->selectable) found = account.create_folder(path);
    // Another delivery may have made it first.
    if (!found && found.error().code == Errc::already_exists) found = account.find_folder(path);
    if (found) return found->id;
    // Mail goes to the inbox rather than back to its sender.
    const bool impossible = found.error().code == Errc::invalid || found.error().code == Errc::limit ||
                            found.error().code == Errc::denied || found.error().code == Errc::not_found;
    if (!impossible) return std::unexpected(found.error());
  }
  GP_TRY(const Folder inbox, account.find_folder("INBOX"));
  return inbox.id;
}

}  // namespace

Result<> deliver(Account& account, const Delivery& delivery) {
  GP_TRY(const FolderId folder, target(account, delivery.folder));
  const auto put = [&](FolderId into) {
    return delivery.delivery_id.empty() ? account.append(into, std::span(&delivery.item, 1))
                                        : account.append_once(into, delivery.item, delivery.delivery_id);
  };
  auto done = put(folder);
  if (!done && done.error().code == Errc::not_found && !delivery.folder.empty()) {
    // The folder went away in between.
    GP_TRY(const FolderId inbox, target(account, {}));
    done = put(inbox);
  }
  if (!done) return std::unexpected(done.error());
  return {};
}

}  // namespace gatepost::account
