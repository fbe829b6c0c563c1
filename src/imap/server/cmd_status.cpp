// STATUS (RFC 9051 6.3.11; RFC 7162 3.1.7, RFC 8438, RFC 7889, RFC 8474, RFC 9208 4.1.4).

#include "imap/server/cmd_status.hpp"

#include <algorithm>

#include "imap/protocol/response.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

Result<std::uint64_t> deleted_octets(account::Account& account, const account::Folder& folder) {
  std::uint64_t octets = 0;
  std::uint32_t left = folder.deleted;
  if (left == 0 || folder.uid_next <= 1) return octets;
  GP_CHECK(account.rows(folder.id, NumberSet::of(1, folder.uid_next - 1), [&](const account::Row& row) {
    if ((row.flags.system & account::flag::kDeleted) == 0) return true;
    octets += row.octets;
    return --left > 0;
  }));
  return octets;
}

}  // namespace

Result<> write_folder_status(std::string& out, const Mailbox& mailbox, StatusItems items, std::uint64_t append_limit,
                             bool utf8) {
  account::Account& account = mailbox.account();
  const account::Folder& folder = mailbox.folder;
  const std::string id = mailbox.ids().mailbox(folder.id);
  StatusData data{.messages = folder.total,
                  .uid_next = folder.uid_next,
                  .uid_validity = folder.uid_validity,
                  .unseen = folder.unseen,
                  .deleted = folder.deleted,
                  .size = folder.octets,
                  .highest_modseq = std::max<account::Modseq>(folder.highest_modseq, 1),
                  .append_limit = append_limit,
                  .mailbox_id = id};
  if (has(items, StatusItem::recent)) {
    GP_TRY(const account::Opened opened, account.open_folder(folder.id, false));
    data.recent = static_cast<std::uint32_t>(opened.uids->size()) - opened.uids->count_below(opened.first_recent);
  }
  if (has(items, StatusItem::deleted_storage)) {
    GP_TRY(data.deleted_storage, deleted_octets(account, folder));
  }
  write_status(out, mailbox.name(), items, data, utf8);
  return {};
}

Task<Answer> run_status(Session& session, Command& command) {
  const auto& request = std::get<Status>(command.body);
  if (has(request.items, StatusItem::highest_modseq)) session.enable_condstore();
  const auto mailbox = co_await session.find_mailbox(request.mailbox, sharing::Right::read);
  if (!mailbox) co_return session.failed(mailbox.error());
  if (!mailbox->folder.selectable) co_return no(code::kCannot, "This mailbox holds no messages");
  std::string text;
  auto job = [&]() {
    return write_folder_status(text, *mailbox, request.items, session.settings().max_message_octets, session.utf8());
  };
  Result<> done;
  if (reads_rows(request.items)) {
    done = co_await session.workers().run(job);
  } else {
    done = job();
  }
  if (!done) co_return session.failed(done.error());
  session.out() += text;
  co_return ok();
}

}  // namespace gatepost::imap::server
