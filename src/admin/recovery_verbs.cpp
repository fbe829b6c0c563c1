#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/times.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "mime/summary.hpp"

// Bringing back what was removed.
namespace gatepost::admin {
namespace {

using account::ItemId;
using account::Removed;

constexpr std::size_t kListedRemoved = 10'000;
constexpr std::size_t kSubjectOctets = 120;

constexpr std::string_view kTimes = "a time like 2026-11-25T14:00:00Z or 2026-11-25T15:00:00+01:00, or a day";

std::string subject_of(account::Account& account, ItemId id) {
  const auto item = account.item(id);
  if (!item || item->summary.empty()) return {};
  mime::Structure structure;
  if (!mime::decode_envelope(item->summary, structure) || structure.envelopes.empty()) return {};
  return std::string(structure.envelopes.front().subject.value_or("").substr(0, kSubjectOctets));
}

Reply brought_back(const account::BroughtBack& back, std::string_view name) {
  const std::string where = back.folders.empty() ? "" : fmt::format(" in {}", fmt::join(back.folders, ", "));
  std::string sentence = fmt::format("{} message(s) are back{}.", back.messages, where);
  if (back.elsewhere > 0) {
    sentence += fmt::format(" {} that left the folder since are in other folders and stay there.", back.elsewhere);
  }
  return done(sentence, name, {{"messages", std::to_string(back.messages)}});
}

Reply removed_list(Services& services, const Request& request, std::stop_token stop) {
  const auto account = opened_account(services, request);
  if (!account) return account.error();
  TimePoint since{};
  if (request.has("since")) {
    const auto time = parse_day_or_time(request.option("since"));
    if (!time) return usage(fmt::format("--since wants {}", kTimes));
    since = *time;
  }
  const std::string folder = request.option("folder");
  std::vector<Removed> found;
  const auto listed = (*account)->removed(since, [&](const Removed& r) {
    if (folder.empty() || r.path == folder) found.push_back(r);
    return found.size() < kListedRemoved && !stop.stop_requested();
  });
  if (!listed) return failure(listed.error(), request.option("address"));
  Table table({"id", "removed", "folder", "received", "octets", "subject"});
  for (const Removed& r : found) {
    table.row().number(static_cast<std::uint64_t>(r.item)).text(date::format_rfc3339(r.removed)).text(r.path);
    table.text(date::format_rfc3339(r.row.received)).number(r.row.octets).text(subject_of(**account, r.item));
  }
  Reply reply = table.reply("Nothing that was removed is kept.");
  if (found.size() == kListedRemoved)
    reply.text += fmt::format("Only the first {} are shown: use --since.\n", kListedRemoved);
  return reply;
}

Reply removed_restore(Services& services, const Request& request, std::stop_token) {
  std::vector<ItemId> items;
  if (const auto ids = request.options.find("id"); ids != request.options.end()) {
    for (const std::string& text : ids->second) {
      std::uint64_t id = 0;
      const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id);
      if (ec != std::errc{} || end != text.data() + text.size()) return usage(fmt::format("'{}' is no id", text));
      items.push_back(ItemId{id});
    }
  }
  if (items.empty()) return usage("name at least one id: see gatepost account removed list");
  const auto account = opened_account(services, request);
  if (!account) return account.error();
  const auto back = (*account)->bring_back(items, request.option("folder"));
  if (!back) return failure(back.error(), request.option("address"));
  if (back->messages == 0) return failure({Errc::not_found, "none of them is kept"}, request.option("address"));
  return brought_back(*back, request.option("address"));
}

Reply removed_purge(Services& services, const Request& request, std::stop_token) {
  const auto account = opened_account(services, request);
  if (!account) return account.error();
  const auto purged = (*account)->purge_removed();
  if (!purged) return failure(purged.error(), request.option("address"));
  return done(fmt::format("{} removed message(s) are gone for good.", *purged), request.option("address"));
}

Reply account_restore(Services& services, const Request& request, std::stop_token) {
  const auto at = parse_day_or_time(request.option("at"));
  if (!at) return usage(fmt::format("--at wants {}", kTimes));
  if (*at > services.clock.now()) return usage("--at lies in the future");
  const auto account = opened_account(services, request);
  if (!account) return account.error();
  const std::string folder = request.option("folder", "INBOX");
  const auto back = (*account)->bring_back_folder(folder, *at);
  if (!back) return failure(back.error(), folder);
  return brought_back(*back, request.option("address"));
}

}  // namespace

std::vector<Verb> recovery_verbs() {
  return {{"account removed list", "Messages that were removed and can be brought back.", false, removed_list},
          {"account removed restore", "Bring some of them back, by their ids.", false, removed_restore},
          {"account removed purge", "Drop all of them now, for good.", false, removed_purge},
          {"account restore", "Bring back what a folder had at some moment and was removed since.", false,
           account_restore}};
}

}  // namespace gatepost::admin
