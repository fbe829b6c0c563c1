#include "jmap/removed.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/ascii.hpp"
#include "jmap/email.hpp"
#include "jmap/ids.hpp"
#include "mime/fold.hpp"
#include "mime/summary.hpp"

namespace gatepost::jmap {
namespace {

using account::Removed;

constexpr std::size_t kPage = 500;  // messages of one answer
constexpr std::size_t kItemsAtOnce = 256;
constexpr std::array<std::string_view, 12> kRemovedProperties = {
    "id",       "mailboxId", "mailboxName", "removedAt", "receivedAt", "size",
    "keywords", "from",      "to",          "subject",   "preview",    "hasAttachment"};
constexpr std::array<std::string_view, 5> kOfMessage = {"from", "to", "subject", "preview", "hasAttachment"};

// What of it somebody may see and bring back: the owner all; others what was in a folder that is still there, of which
// they might have removed it themselves.
class Sight {
 public:
  explicit Sight(const Access& access) : access_(access) {}
  // Null: nothing of it. The folder's `id` is that of the root where it is gone.
  const account::Folder* folder_of(const Removed& removed) {
    const auto [at, fresh] = folders_.try_emplace(removed.folder);
    if (fresh) at->second = look(removed.folder);
    return at->second ? &*at->second : nullptr;
  }

 private:
  std::optional<account::Folder> look(account::FolderId id) {
    using sharing::Right;
    auto folder = access_.account->folder(id);
    const bool there = folder && folder->selectable;
    if (access_.own) return there ? *std::move(folder) : account::Folder{};
    if (!there || !access_.rights(*folder).has(Right::lookup | Right::read | Right::mark | Right::expunge)) {
      return std::nullopt;
    }
    return *std::move(folder);
  }

  const Access& access_;
  std::map<account::FolderId, std::optional<account::Folder>> folders_;
};

Outcome<Access*> access_of(Call& call, Arguments& arguments) {
  const std::string account = arguments.id("accountId");
  if (account.empty()) return bad_argument("accountId");
  if (call.context.removed.kept.count() == 0) return refuse("accountNotSupportedByMethod");
  return call.context.access(account);
}

// Those that are asked for, each once; what is no name of one has number 0, which none has.
Outcome<std::map<std::string, account::ItemId>> read_ids(Call& call, const Outcome<Access*>& access,
                                                         Arguments& arguments) {
  const auto ids = arguments.texts("ids");
  if (!ids) return bad_argument("ids");
  if (ids->size() > call.context.limits.objects_in_set) return refuse("requestTooLarge");
  const account::ObjectIds names = access ? (*access)->ids() : account::ObjectIds({});
  std::map<std::string, account::ItemId> out;
  for (const std::string& id : *ids) out[id] = names.find_email(id).value_or(account::ItemId{});
  return out;
}

struct Filter {
  std::vector<std::string> words;  // folded; each has to be in the subject or a sender
  std::optional<TimePoint> after, before;
  bool reads() const { return !words.empty(); }
};

Outcome<Filter> read_filter(const json::object* given) {
  Filter out;
  for (const auto& [key, value] : given != nullptr ? *given : json::object()) {
    const auto date = key == "after" || key == "before" ? read_date(value) : std::nullopt;
    if (key == "text" && value.is_string()) {
      for (const std::string_view word : ascii::split(std::string_view(value.get_string()), ' ')) {
        if (!word.empty()) out.words.push_back(mime::fold(word));
      }
    } else if (date) {
      (key == "after" ? out.after : out.before) = date;
    } else {
      return refuse("unsupportedFilter", std::string(key));
    }
  }
  return out;
}

bool item_matches(const Filter& filter, const account::Item& item, mime::Structure& scratch) {
  if (item.summary.empty() || !mime::decode_envelope(item.summary, scratch) || scratch.envelopes.empty()) return false;
  const mime::Envelope& envelope = scratch.envelopes.front();
  const json::value subject = text_value(envelope.subject);
  std::string text = subject.is_string() ? mime::fold(std::string_view(subject.get_string())) : std::string();
  const json::value from = address_list(scratch.addresses_of(envelope.from));
  for (const json::value& one : from.is_array() ? from.get_array() : json::array()) {
    for (const char* member : {"name", "email"}) {
      const json::value& part = one.as_object().at(member);
      if (part.is_string()) text += "\n" + mime::fold(std::string_view(part.get_string()));
    }
  }
  return std::ranges::all_of(filter.words, [&](const std::string& word) { return text.find(word) != text.npos; });
}

// Items of the same order; of those that went meanwhile an empty one.
std::vector<account::Item> items_of(account::Account& account, std::span<const account::ItemId> ids) {
  if (auto all = account.items(ids)) return *std::move(all);
  std::vector<account::Item> out;
  for (const account::ItemId id : ids) out.push_back(account.item(id).value_or(account::Item()));
  return out;
}

// A list as it is asked for: those that fit, the newest first, without those before `position`.
class Listing {
 public:
  Listing(const Access& access, const Filter& filter, std::size_t position, std::size_t limit, bool count)
      : access_(access), filter_(filter), sight_(access), position_(position), limit_(limit), count_(count) {}

  Result<> run() {
    GP_CHECK(access_.account->removed_lately([&](const Removed& removed) {
      if (++looked_at_ > kMostRemoved) return false;
      if (filter_.after && removed.removed < *filter_.after) return false;
      if (filter_.before && removed.removed >= *filter_.before) return true;
      if (sight_.folder_of(removed) == nullptr) return true;
      if (!filter_.reads()) return take(removed.item);
      waiting_.push_back(removed.item);
      return waiting_.size() < kItemsAtOnce || sift();
    }));
    if (!waiting_.empty()) sift();
    return {};
  }
  std::vector<std::string> ids;
  std::size_t total = 0;

 private:
  bool sift() {
    const auto items = items_of(*access_.account, waiting_);
    bool more = true;
    for (std::size_t i = 0; i < items.size() && more; ++i) {
      if (item_matches(filter_, items[i], scratch_)) more = take(waiting_[i]);
    }
    waiting_.clear();
    return more;
  }
  bool take(account::ItemId item) {
    if (total++ >= position_ && ids.size() < limit_) ids.push_back(access_.ids().email(item));
    return count_ || ids.size() < limit_;
  }

  const Access& access_;
  const Filter& filter_;
  Sight sight_;
  const std::size_t position_, limit_;
  const bool count_;
  std::size_t looked_at_ = 0;
  std::vector<account::ItemId> waiting_;
  mime::Structure scratch_;
};

}  // namespace

Answer removed_query(Call& call) {
  Arguments arguments(call.given);
  auto access = access_of(call, arguments);
  const auto filter = read_filter(arguments.object("filter"));
  const std::size_t position = arguments.number("position").value_or(0);
  const std::size_t limit = std::min<std::uint64_t>(arguments.number("limit").value_or(kPage), kPage);
  const bool count = arguments.boolean("calculateTotal");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (!access) return std::unexpected(access.error());
  if (!filter) return std::unexpected(filter.error());
  const account::Modseq state = (*access)->account->modseq();
  Listing listing(**access, *filter, position, limit, count);
  if (const auto done = listing.run(); !done) return std::unexpected(refusal_for_call(done.error()));
  json::object answer{{"accountId", account_name((*access)->id())},
                      {"queryState", state_name(state)},
                      {"canCalculateChanges", false},
                      {"position", position},
                      {"limit", limit},
                      {"ids", strings(listing.ids)}};
  if (count) answer["total"] = listing.total;
  return answer;
}

Answer removed_get(Call& call) {
  Arguments arguments(call.given);
  auto request = read_get(call, arguments, kRemovedProperties);
  if (!request) return std::unexpected(request.error());
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (call.context.removed.kept.count() == 0) return refuse("accountNotSupportedByMethod");
  if (!request->ids) return refuse("requestTooLarge", "ids");
  const Access& access = *request->access;
  std::vector<account::ItemId> items;
  for (const std::string& id : *request->ids) items.push_back(access.ids().find_email(id).value_or(account::ItemId{}));
  const account::Modseq state = access.account->modseq();
  JMAP_CALL_TRY(const auto found, access.account->removed_among(items));
  JMAP_CALL_TRY(const auto names, access.account->keywords());
  std::map<std::string, const Removed*> by_id;
  for (const Removed& one : found) by_id[access.ids().email(one.item)] = &one;
  EmailProperties wanted;
  for (const std::string_view name : kOfMessage) {
    if (request->wants(name)) wanted.names.emplace_back(name);
  }
  Sight sight(access);
  reading::MessageReader reader(*access.account);
  std::uint64_t budget = 0;
  return answer_get(
      *request, state_name(state), *request->ids, [&](const std::string& id) -> Outcome<std::optional<json::object>> {
        const auto at = by_id.find(id);
        const account::Folder* folder = at == by_id.end() ? nullptr : sight.folder_of(*at->second);
        if (folder == nullptr) return std::nullopt;
        const Removed& one = *at->second;
        account::Flags flags = one.row.flags;
        flags.system &= static_cast<std::uint8_t>(~account::flag::kDeleted);
        json::object all{
            {"id", id},
            {"mailboxId", folder->id == account::kRoot ? json::value() : json::value(access.ids().mailbox(folder->id))},
            {"mailboxName", one.path},
            {"removedAt", utc_date(one.removed)},
            {"receivedAt", utc_date(one.row.received)},
            {"size", one.row.octets},
            {"keywords", keywords_of(flags, *names)}};
        if (!wanted.names.empty()) {
          const auto item = access.account->item(one.item);
          if (!item && item.error().code == Errc::not_found) return std::nullopt;
          if (!item) return std::unexpected(refusal_for_call(item.error()));
          reader.open(item->body);
          JMAP_CALL_TRY(const auto structure, reading::structure_of(reader, item->summary));
          if (const auto done = describe_message(reader, structure, "", wanted, budget, all); !done) {
            return std::unexpected(refusal_for_call(done.error()));
          }
        }
        return request->wanted_of(all);
      });
}

// They come back under their own ids, into `mailboxId`, or where they were; out of the trash, into the inbox.
Answer removed_restore(Call& call) {
  Arguments arguments(call.given);
  auto access = access_of(call, arguments);
  const auto ids = read_ids(call, access, arguments);
  const auto mailbox = arguments.text("mailboxId");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (!access) return std::unexpected(access.error());
  if (!ids) return std::unexpected(ids.error());
  account::Account& account = *(*access)->account;
  std::optional<account::Folder> wanted;
  if (mailbox) {
    const auto id = (*access)->ids().find_mailbox(call.context.id_of(*mailbox).value_or(*mailbox));
    auto folder = id ? (*access)->folder(*id) : Result<account::Folder>(fail(Errc::not_found));
    if (!folder || !folder->selectable) return bad_argument("mailboxId");
    if (!(*access)->rights(*folder).has(sharing::Right::insert)) return refuse("forbidden", "mailboxId");
    wanted = *std::move(folder);
  }
  std::vector<account::ItemId> asked;
  for (const auto& [id, item] : *ids) asked.push_back(item);
  JMAP_CALL_TRY(const auto found, account.removed_among(asked));
  JMAP_CALL_TRY(const account::Folder inbox, account.find_folder("INBOX"));
  Sight sight(**access);
  json::object refused;
  std::map<std::string, std::vector<account::ItemId>> by_folder;  // "": where each was
  std::set<account::ItemId> known;
  for (const Removed& one : found) {
    const account::Folder* from = sight.folder_of(one);
    if (from == nullptr) continue;
    known.insert(one.item);
    const account::Folder* to = wanted ? &*wanted : from->role == account::Role::trash ? &inbox : from;
    if (to->id != account::kRoot && !(*access)->rights(*to).has(sharing::Right::insert)) {
      refused[(*access)->ids().email(one.item)] = to_json(Refusal{"forbidden", {}, {}, {}});
      continue;
    }
    by_folder[to->id == account::kRoot ? std::string() : to->path].push_back(one.item);
  }
  std::optional<Refusal> why;
  std::vector<std::string> restored;
  std::set<std::string> mailboxes;
  for (const auto& [path, items] : by_folder) {
    const auto back = account.bring_back(items, path);
    for (const std::string& name : back ? back->folders : std::vector<std::string>()) {
      if (const auto folder = account.find_folder(name)) mailboxes.insert((*access)->ids().mailbox(folder->id));
    }
    if (!back) why = refusal_for_object(back.error());
    // What came before a failure is back.
    JMAP_CALL_TRY(const auto left, account.removed_among(items));
    std::set<account::ItemId> still;
    for (const Removed& one : left) still.insert(one.item);
    for (const account::ItemId item : items) {
      if (!still.contains(item)) {
        restored.push_back((*access)->ids().email(item));
      } else {
        refused[(*access)->ids().email(item)] = to_json(why.value_or(Refusal{"serverFail", {}, {}, {}}));
      }
    }
  }
  for (const auto& [id, item] : *ids) {
    if (!known.contains(item)) refused[id] = to_json(Refusal{"notFound", {}, {}, {}});
  }
  return json::object{{"accountId", account_name((*access)->id())},
                      {"restored", strings(restored)},
                      {"notRestored", refused.empty() ? json::value() : json::value(std::move(refused))},
                      {"mailboxIds", strings({mailboxes.begin(), mailboxes.end()})}};
}

// Nothing can be done with them but deleting them for good, where the server lets people do that.
Answer removed_set(Call& call) {
  Arguments arguments(call.given);
  auto access = access_of(call, arguments);
  if (!access) return std::unexpected(access.error());
  if (!(*access)->own) return refuse("accountNotSupportedByMethod");
  account::Account& account = *(*access)->account;
  SetRun run(call, **access);
  run.create = [](const json::object&) -> Outcome<json::object> { return refuse("forbidden"); };
  run.update = [](const std::string&, const json::object&) -> Outcome<json::value> { return refuse("forbidden"); };
  run.destroy_all = [&](const std::vector<std::string>& ids, std::map<std::string, Outcome<>>& done) {
    std::vector<account::ItemId> items;
    for (const std::string& id : ids) items.push_back((*access)->ids().find_email(id).value_or(account::ItemId{}));
    const auto found = account.removed_among(items);
    std::set<std::string> known;
    items.clear();
    for (const Removed& one : found ? *found : std::vector<Removed>()) {
      known.insert((*access)->ids().email(one.item));
      items.push_back(one.item);
    }
    Outcome<> outcome;
    if (!call.context.removed.may_destroy) {
      outcome = refuse("forbidden", "the administrator does not allow it");
    } else if (!found) {
      outcome = std::unexpected(refusal_for_object(found.error()));
    } else if (const auto gone = account.forget_removed(items); !gone) {
      outcome = std::unexpected(refusal_for_object(gone.error()));
    }
    for (const std::string& id : ids) {
      done[id] = !found || known.contains(id) || !outcome ? outcome : Outcome<>(refuse("notFound"));
    }
  };
  return run.run(arguments);
}

}  // namespace gatepost::jmap
