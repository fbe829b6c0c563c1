#include <fmt/format.h>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/utf8.hpp"
#include "transfer/account_transfer.hpp"
#include "transfer/stream.hpp"

// Messages into accounts and out of them. The files are read and written by the command line, with the rights of
// whoever runs it; the messages come and go over a descriptor beside the request.
namespace gatepost::admin {
namespace {

std::expected<std::shared_ptr<account::Account>, Reply> account_for(Services& services, const Request& request) {
  if (request.stream < 0) return std::unexpected(usage("the command line alone can do this: it brings the files"));
  const auto principal = named_account(services, request);
  if (!principal) return std::unexpected(principal.error());
  auto account = services.accounts.open(static_cast<account::AccountId>(principal->id));
  if (!account) return std::unexpected(failure(account.error(), principal->address));
  return *std::move(account);
}

Reply account_import(Services& services, const Request& request, std::stop_token stop) {
  const auto account = account_for(services, request);
  if (!account) return account.error();
  transfer::Imported outcome;
  transfer::StreamSource source(request.stream, stop);
  const auto sink = transfer::import_into(**account, services.clock, outcome);
  const auto done_all = transfer::pump(source, *sink);
  const std::string counts = fmt::format("{} message(s) added, {} were there already.", outcome.added, outcome.known);
  Reply reply = done(counts, request.option("address"),
                     {{"added", std::to_string(outcome.added)}, {"known", std::to_string(outcome.known)}});
  if (done_all) return reply;
  reply = failure(done_all.error(), request.option("address"));
  reply.text += counts + " The same command goes on from here.\n";
  return reply;
}

Reply account_export(Services& services, const Request& request, std::stop_token stop) {
  const auto account = account_for(services, request);
  if (!account) return account.error();
  std::string problems;
  std::uint64_t lost = 0;
  const auto damaged = [&](const std::string& folder, account::Uid uid, const Error& error) {
    constexpr std::uint64_t kShown = 1'000;
    if (++lost <= kShown) problems += fmt::format("{} uid {}: {}\n", folder, uid, error.detail);
  };
  const auto source = transfer::export_from(**account, request.option("folder"), damaged);
  transfer::StreamSink sink(request.stream, stop);
  const auto messages = transfer::pump(*source, sink);
  if (!messages) return failure(messages.error(), request.option("address"));
  Reply reply = done(fmt::format("{} message(s) exported.", *messages), request.option("address"),
                     {{"messages", std::to_string(*messages)}, {"unreadable", std::to_string(lost)}});
  if (lost > 0) {
    reply.exit_code = 1;
    reply.text = utf8::sanitize(problems) + fmt::format("{} message(s) could not be read.\n", lost) + reply.text;
  }
  return reply;
}

// How far other servers have been fetched, for the command line, which fetches.
Reply account_pulled(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  auto account = services.accounts.open(static_cast<account::AccountId>(principal->id));
  if (!account) return failure(account.error(), principal->address);
  const auto notes = transfer::pulled_into(**account);
  if (!notes) return failure(notes.error(), principal->address);
  Table table({"origin", "uid_validity", "uid"});
  for (const transfer::PulledTo& note : *notes) {
    table.row().text(note.origin).number(note.uid_validity).number(note.uid);
  }
  return table.reply("Nothing has been fetched from another server.");
}

}  // namespace

std::vector<Verb> transfer_verbs() {
  return {
      {"account import", "Add messages from files to an account.", false, account_import},
      {"account export", "Write the messages of an account to files.", false, account_export},
      {"account pulled", "How far other servers' folders have been fetched into an account.", false, account_pulled}};
}

}  // namespace gatepost::admin
