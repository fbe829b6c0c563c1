#include <algorithm>
#include <array>
#include <map>

#include "jmap/email.hpp"
#include "jmap/ids.hpp"

// Threads, and what changed of emails and threads (RFC 8621 3, 4.3).
namespace gatepost::jmap {
namespace {

using What = account::AccountChanges::What;

}  // namespace

Answer thread_get(Call& call) {
  Arguments arguments(call.given);
  static constexpr std::array<std::string_view, 2> kProperties = {"id", "emailIds"};
  auto request = read_get(call, arguments, kProperties);
  if (!request) return std::unexpected(request.error());
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (!request->ids) return refuse("requestTooLarge", "ids");
  const Access& access = *request->access;
  const account::Modseq state = access.account->modseq();
  return answer_get(
      *request, state_name(state), *request->ids, [&](const std::string& id) -> Outcome<std::optional<json::object>> {
        const auto thread = access.ids().find_thread(id);
        if (!thread) return std::nullopt;
        JMAP_CALL_TRY(const auto all, access.account->thread(*thread));
        std::vector<std::string> names;
        for (const account::ItemId one : all) names.push_back(access.ids().email(one));
        JMAP_CALL_TRY(auto emails, find_emails(access, names));
        std::erase_if(emails, [](const auto& email) { return !email; });
        if (emails.empty()) return std::nullopt;
        // RFC 8621 3: oldest first.
        std::ranges::sort(emails, {}, [](const auto& email) { return std::pair(email->row().received, email->id()); });
        json::object out{{"id", id}};
        if (request->wants("emailIds")) {
          json::array list;
          for (const auto& email : emails) list.emplace_back(access.ids().email(email->id()));
          out["emailIds"] = std::move(list);
        }
        return out;
      });
}

Answer thread_changes(Call& call) {
  auto request = read_changes(call);
  if (!request) return std::unexpected(request.error());
  auto all = changes_of(*request);
  if (!all) return std::unexpected(all.error());
  Changes changes{.to = all->to, .more = all->more};
  // An email that IMAP marks as deleted leaves its thread, and is back when the mark is gone. The log tells of either
  // as of any other flag, so that what is told of a thread may be that it is as it was.
  const account::ObjectIds ids = request->access->ids();
  std::map<account::ItemId, std::vector<const account::AccountChanges::OfEmail*>> threads;
  for (const auto& email : all->emails) threads[email.thread].push_back(&email);
  for (const auto& [thread, changed] : threads) {
    JMAP_CALL_TRY(const auto now, request->access->account->thread(thread));
    std::vector<std::string> names;
    for (const account::ItemId one : now) names.push_back(ids.email(one));
    JMAP_CALL_TRY(const auto found, find_emails(*request->access, names));
    const auto is_new = [&](account::ItemId id) {
      return std::ranges::any_of(changed,
                                 [&](const auto* one) { return one->email == id && one->what == What::created; });
    };
    const bool only_new = std::ranges::all_of(changed, [](const auto* one) { return one->what == What::created; }) &&
                          std::ranges::all_of(found, [&](const auto& email) { return !email || is_new(email->id()); });
    std::string name = ids.thread(thread);
    if (std::ranges::none_of(found, [](const auto& email) { return email.has_value(); })) {
      if (!only_new) changes.destroyed.push_back(std::move(name));
    } else {
      (only_new ? changes.created : changes.updated).push_back(std::move(name));
    }
  }
  return answer_changes(*request, changes);
}

Answer email_changes(Call& call) {
  auto request = read_changes(call);
  if (!request) return std::unexpected(request.error());
  auto all = changes_of(*request);
  if (!all) return std::unexpected(all.error());
  Changes changes{.to = all->to, .more = all->more};
  std::vector<std::string> names;
  for (const auto& email : all->emails) names.push_back(request->access->ids().email(email.email));
  // What has \Deleted now, or went into a folder that the user may not see, is gone for him.
  JMAP_CALL_TRY(const auto found, find_emails(*request->access, names));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const What what = all->emails[i].what;
    if (what == What::destroyed || !found[i]) {
      if (what != What::created) changes.destroyed.push_back(std::move(names[i]));
    } else {
      (what == What::created ? changes.created : changes.updated).push_back(std::move(names[i]));
    }
  }
  return answer_changes(*request, changes);
}

}  // namespace gatepost::jmap
