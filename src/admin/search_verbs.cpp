#include <fmt/format.h>

#include <expected>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "search/indexes.hpp"

namespace gatepost::admin {
namespace {

using directory::Principal;

Reply none() {
  return failure({Errc::unsupported, "search indexes are switched off: [search] index = true, and restart"}, "search");
}

// The one an option names, or all that own mail.
std::expected<std::vector<Principal>, Reply> owners(Services& services, const Request& request) {
  if (request.has("address")) {
    auto one = named_account(services, request);
    if (!one) return std::unexpected(std::move(one.error()));
    return std::vector{*std::move(one)};
  }
  auto all = services.directory.principals();
  if (!all) return std::unexpected(failure(all.error(), "accounts"));
  std::erase_if(*all, [](const Principal& p) { return !directory::has_mailbox(p.kind); });
  return *std::move(all);
}

// How far, in percent; what is all there is 100.
std::uint64_t done_percent(const search::IndexStatus& status) {
  if (status.behind == 0 || status.messages == 0) return 100;
  return std::min<std::uint64_t>(99, 100 * (status.messages - status.behind) / status.messages);
}

Reply search_status(Services& services, const Request& request, std::stop_token stop) {
  if (services.search == nullptr) return none();
  const auto listed = owners(services, request);
  if (!listed) return listed.error();
  std::vector<std::string_view> columns{"address",      "messages", "indexed", "behind",
                                        "done_percent", "segments", "octets",  "working"};
  if (services.search->attachment_texts() != nullptr) columns.push_back("attachments_behind");
  Table table(std::move(columns));
  for (const Principal& owner : *listed) {
    if (stop.stop_requested()) break;
    const auto status = services.search->status(static_cast<account::AccountId>(owner.id));
    if (!status && status.error().code == Errc::not_found) continue;  // never used
    if (!status) return failure(status.error(), "search " + owner.address);
    table.row().text(owner.address).number(status->messages).number(status->indexed).number(status->behind);
    table.number(done_percent(*status)).number(status->segments).number(status->octets).boolean(status->working);
    if (status->attachments_behind) table.number(*status->attachments_behind);
  }
  return table.reply("There is no mail yet.");
}

Reply search_rebuild(Services& services, const Request& request, std::stop_token) {
  if (services.search == nullptr) return none();
  const auto listed = owners(services, request);
  if (!listed) return listed.error();
  for (const Principal& owner : *listed) services.search->rebuild(static_cast<account::AccountId>(owner.id));
  return done(fmt::format("{} index(es) are made again; searches go on meanwhile. How far: gatepost search status",
                          listed->size()),
              request.option("address", "all"));
}

}  // namespace

std::vector<Verb> search_verbs() {
  return {{"search status", "How complete the search indexes are, of one account or all.", true, search_status},
          {"search rebuild", "Make search indexes again, of one account or all, beside a live server.", true,
           search_rebuild}};
}

}  // namespace gatepost::admin
