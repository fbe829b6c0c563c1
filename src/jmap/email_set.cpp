#include <algorithm>
#include <map>
#include <set>

#include "jmap/email.hpp"
#include "jmap/email_store.hpp"
#include "jmap/ids.hpp"
#include "jmap/snooze.hpp"

// Email/set (RFC 8621 4.6).
namespace gatepost::jmap {
namespace {

namespace flag = account::flag;
using account::FolderId;
using sharing::Right;

// What an update comes to.
struct Change {
  Found email;
  struct OfMessage {
    account::Flags add, remove;  // flags
    std::optional<FolderId> to;  // it is moved
    bool goes = false;           // it is removed
  };
  std::vector<OfMessage> messages;       // as in email
  std::vector<account::Folder> also_in;  // copies of the first message go there before anything is moved
  std::optional<Snooze> snooze;          // to be noted before it is moved
  bool wakes = false;                    // what is noted of it goes afterwards
};

bool may_snooze(const Context& context) {
  return context.snoozer != nullptr && context.uses.contains(std::string(kSnooze));
}

account::Flags only_in(const account::Flags& a, const account::Flags& b) {
  account::Flags out;
  out.system = static_cast<std::uint8_t>(a.system & ~b.system);
  std::ranges::set_difference(a.keywords, b.keywords, std::back_inserter(out.keywords));
  return out;
}
bool is_empty(const account::Flags& flags) { return flags.system == 0 && flags.keywords.empty(); }
account::Flags narrowed(account::Flags flags, const account::FlagScope& scope) {
  narrow(flags, scope);
  return flags;
}
bool within(const account::Flags& flags, const account::FlagScope& scope) {
  return (flags.system & ~scope.system) == 0 && (flags.keywords.empty() || scope.keywords);
}

// Which message of an email is put off: that in the inbox, or the first. The others stay where they are.
const Found::Message& to_put_off(const Found& email) {
  const auto in_inbox = std::ranges::find(email.messages, account::Role::inbox,
                                          [](const Found::Message& one) { return one.folder.role; });
  return in_inbox != email.messages.end() ? *in_inbox : email.messages.front();
}

// What `snoozed` comes to: another mailbox, a keyword, a note. Errors: invalidProperties, forbidden.
Outcome<> put_off(SetRun& run, const Found& email, const json::value& wish, json::object& after, Change& change) {
  Access& access = run.access();
  Snoozer& snoozer = *run.context().snoozer;
  if (!access.own) return refuse("forbidden");
  const auto known = email.in(kSnoozedFolder) != nullptr ? snoozer.find(access.id(), email.id()) : std::nullopt;
  if (wish.is_null()) {
    if (!known) return {};
    JMAP_OBJECT_TRY(const auto inbox, access.account->find_folder("INBOX"));
    const auto back = access.account->folder(known->to);
    const bool there = back && back->selectable && back->path != kSnoozedFolder;
    auto& mailboxes = after["mailboxIds"].as_object();
    mailboxes.erase(access.ids().mailbox(email.in(kSnoozedFolder)->folder.id));
    mailboxes[access.ids().mailbox(there ? back->id : inbox.id)] = true;
    if (auto* keywords = after["keywords"].if_object()) keywords->erase(kSnoozedKeyword);
    change.wakes = true;
    return {};
  }
  const auto* object = wish.if_object();
  const auto* until = object != nullptr ? object->if_contains("until") : nullptr;
  const auto at = until != nullptr ? read_date(*until) : std::nullopt;
  const TimePoint now = run.context().services.clock.now();
  if (!at || *at <= now || *at > now + kLongestSnooze) return bad_property("snoozed", "until");
  const Found::Message& message = to_put_off(email);
  FolderId to = known ? known->to : message.folder.id;
  for (const auto& [key, value] : *object) {
    if (key == "until" || (key == "moveToMailboxId" && value.is_null())) continue;
    const auto id =
        key == "moveToMailboxId" && value.is_string() ? run.context().id_of(value.get_string()) : std::nullopt;
    const auto number = id ? access.ids().find_mailbox(*id) : std::nullopt;
    const auto folder = number ? access.folder(*number) : Result<account::Folder>(fail(Errc::not_found));
    if (!folder || !folder->selectable) return bad_property("snoozed", std::string(key));
    to = folder->id;
  }
  JMAP_OBJECT_TRY(const account::Folder snoozed, Snoozer::folder_of(*access.account));
  if (to == snoozed.id) {
    // It lies there without a note.
    JMAP_OBJECT_TRY(const auto inbox, access.account->find_folder("INBOX"));
    to = inbox.id;
  }
  auto& mailboxes = after["mailboxIds"].as_object();
  if (email.in(kSnoozedFolder) == nullptr) mailboxes.erase(access.ids().mailbox(message.folder.id));
  mailboxes[access.ids().mailbox(snoozed.id)] = true;
  if (auto* keywords = after["keywords"].if_object()) (*keywords)[kSnoozedKeyword] = true;
  change.snooze = Snooze{.account = access.id(), .item = email.id(), .until = *at, .to = to};
  return {};
}

// RFC 8620 5.3: a client may send a whole object back. Errors: invalidProperties.
Outcome<> check_fixed(SetRun& run, const Found& email, const json::object& patch,
                      const std::vector<std::string>& properties) {
  std::vector<std::string> names;
  for (const std::string& property : properties) names.push_back(property.substr(0, property.find('/')));
  for (const std::string& name : names) {
    if (!is_email_property(name)) return bad_property(name);
  }
  auto now = email_object(run.context(), run.access(), email, names);
  if (!now) return std::unexpected(now.error());
  const std::vector<std::string_view> views(names.begin(), names.end());
  json::object said;
  for (const std::string& property : properties) said[property] = patch.at(property);
  const auto same = settable(said, *now, views);
  return same ? Outcome<>() : Outcome<>(std::unexpected(same.error()));
}

// Each message gets what was asked for, and what another one has of the email's keywords, as far as the user may set
// that there. Errors: forbidden.
Outcome<> plan_flags(const Access& access, const account::Flags& flags, Change& change) {
  const account::Flags adds = only_in(flags, change.email.flags), removes = only_in(change.email.flags, flags);
  for (const Found::Message& one : change.email.messages) {
    const account::FlagScope scope = sharing::flag_scope(access.rights(one.folder));
    if (!within(adds, scope) || !within(removes, scope)) return refuse("forbidden");
    change.messages.push_back({.add = narrowed(only_in(flags, one.row.flags), scope),
                               .remove = narrowed(only_in(one.row.flags, flags), scope)});
  }
  return {};
}

// Messages in mailboxes that it is not to be in any more go to those where it is not yet, or go; the rest are copies.
// Errors: forbidden.
Outcome<> plan_places(const Access& access, std::vector<account::Folder> wanted, Change& change) {
  std::vector<Change::OfMessage*> leaving;
  std::vector<FolderId> staying;
  for (std::size_t i = 0; i < change.messages.size(); ++i) {
    const account::Folder& folder = change.email.messages[i].folder;
    if (std::ranges::find(wanted, folder.id, &account::Folder::id) != wanted.end()) {
      staying.push_back(folder.id);
      continue;
    }
    if (!access.rights(folder).has(Right::mark | Right::expunge)) return refuse("forbidden");
    leaving.push_back(&change.messages[i]);
  }
  std::erase_if(wanted, [&](const account::Folder& to) { return std::ranges::find(staying, to.id) != staying.end(); });
  for (const account::Folder& to : wanted) {
    if (!access.rights(to).has(Right::insert)) return refuse("forbidden");
  }
  for (std::size_t i = 0; i < leaving.size(); ++i) {
    leaving[i]->goes = i >= wanted.size();
    if (!leaving[i]->goes) leaving[i]->to = wanted[i].id;
  }
  wanted.erase(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(std::min(leaving.size(), wanted.size())));
  change.also_in = std::move(wanted);
  return {};
}

Outcome<Change> plan(SetRun& run, const Found& email, const json::object& patch) {
  Access& access = run.access();
  JMAP_OBJECT_TRY(const auto names, access.account->keywords());
  const json::object before{{"keywords", keywords_of(email.flags, *names)},
                            {"mailboxIds", mailboxes_of(access, email)}};
  json::object rest;
  std::vector<std::string> fixed;
  bool places = false;
  for (const auto& [key, value] : patch) {
    const std::string_view top = std::string_view(key).substr(0, key.find('/'));
    places = places || top == "mailboxIds";
    if (top == "keywords" || top == "mailboxIds")
      rest[key] = value;
    else if (key != "snoozed" || !may_snooze(run.context()))
      fixed.emplace_back(key);
  }
  if (!fixed.empty()) {
    if (auto same = check_fixed(run, email, patch, fixed); !same) return std::unexpected(same.error());
  }
  auto after = patched(before, rest);
  if (!after) return std::unexpected(after.error());
  if ((*after)["keywords"].is_null()) (*after)["keywords"] = json::object();  // RFC 8620 5.3: the default
  Change change{.email = email};
  if (const auto* wish = patch.if_contains("snoozed")) {
    // Putting off is a move already.
    if (patch.contains("mailboxIds")) return bad_property("snoozed", "mailboxIds");
    if (auto done = put_off(run, email, *wish, *after, change); !done) return std::unexpected(done.error());
  }
  auto wish = read_keywords((*after)["keywords"]);
  if (!wish) return std::unexpected(wish.error());
  auto ids = access.account->keyword_ids(wish->keywords, true);
  if (!ids) return std::unexpected(refusal_of_keywords(ids.error()));
  if (auto good = plan_flags(access, {wish->system, std::move(*ids)}, change); !good) {
    return std::unexpected(good.error());
  }
  if (!places && !patch.contains("snoozed")) return change;
  auto folders = folders_for(run.context(), access, after->if_contains("mailboxIds"));
  if (!folders) return std::unexpected(folders.error());
  if (auto good = plan_places(access, std::move(*folders), change); !good) return std::unexpected(good.error());
  return change;
}

using Failures = std::map<std::string, Refusal>;

// Changes that are the same for many emails of a folder are one, so that marking a thousand costs one commit.
class Batch {
 public:
  explicit Batch(Access& access) : access_(access) {}

  void add(const std::string& id, Change change) {
    for (std::size_t i = 0; i < change.messages.size(); ++i) {
      const Change::OfMessage& wanted = change.messages[i];
      const account::Uid uid = change.email.messages[i].row.uid;
      const FolderId folder = change.email.messages[i].folder.id;
      if (!is_empty(wanted.add)) note(adds_[key_of(folder, wanted.add)], id, uid);
      if (!is_empty(wanted.remove)) note(removes_[key_of(folder, wanted.remove)], id, uid);
      if (wanted.to) note(moves_[{folder, *wanted.to}], id, uid);
      if (wanted.goes) note(goes_[folder], id, uid);
    }
    for (const account::Folder& to : change.also_in) {
      note(copies_[{change.email.messages.front().folder.id, to.id}], id, change.email.row().uid);
    }
    if (!change.also_in.empty()) copied_.emplace(id, std::move(change));
  }

  // Copies first: what they are of may move, and nothing is removed of an email that did not come to where it is to be.
  Failures run() {
    for (const auto& [key, group] : adds_) store_flags(key, group, account::FlagChange::add);
    for (const auto& [key, group] : removes_) store_flags(key, group, account::FlagChange::remove);
    for (const auto& [key, group] : copies_) copy(key.first, key.second, group);
    undo_failures();
    for (const auto& [key, group] : moves_) {
      const NumberSet uids = without_failures(group);
      if (uids.empty()) continue;
      const auto moved = access_.account->move(key.first, uids, key.second, scope_of(key.second));
      note_failure(group, moved);
      if (moved) note_missing(group, moved->from);
    }
    for (const auto& [folder, group] : goes_) {
      if (const NumberSet uids = without_failures(group); !uids.empty()) {
        note_failure(group, access_.account->remove(folder, uids));
      }
    }
    return std::move(failures_);
  }

 private:
  struct Group {
    NumberSet uids;
    std::vector<std::pair<std::string, account::Uid>> emails;
  };
  using FlagKey = std::tuple<FolderId, std::uint8_t, std::vector<account::KeywordId>>;

  static void note(Group& group, const std::string& id, account::Uid uid) {
    group.uids.add(uid);
    group.emails.emplace_back(id, uid);
  }
  static FlagKey key_of(FolderId folder, const account::Flags& flags) { return {folder, flags.system, flags.keywords}; }
  // RFC 4314 4: flags without their right there are left behind.
  account::FlagScope scope_of(FolderId to) const {
    const auto folder = access_.own ? Result<account::Folder>(fail(Errc::not_found)) : access_.folder(to);
    return folder ? sharing::flag_scope(access_.rights(*folder)) : account::FlagScope();
  }
  void copy(FolderId from, FolderId to, const Group& group) {
    const auto done = access_.account->copy(from, group.uids, to, scope_of(to));
    note_failure(group, done);
    if (!done) return;
    note_missing(group, done->from);
    for (const auto& [id, uid] : group.emails) {
      const auto at = std::ranges::find(done->from, uid);
      if (at != done->from.end())
        made_[id].emplace_back(to, done->to[static_cast<std::size_t>(at - done->from.begin())]);
    }
  }
  // RFC 8620 5.3: of an email that did not get all its copies nothing is changed.
  void undo_failures() {
    for (const auto& [id, change] : copied_) {
      if (!failures_.contains(id)) continue;
      for (const auto& [folder, uid] : made_[id]) (void)access_.account->undo_copy(folder, NumberSet::of(uid, uid));
      for (std::size_t i = 0; i < change.messages.size(); ++i) {
        const Found::Message& message = change.email.messages[i];
        const Change::OfMessage& wanted = change.messages[i];
        const NumberSet uid = NumberSet::of(message.row.uid, message.row.uid);
        const auto set = [&](account::FlagChange how, const account::Flags& flags) {
          if (!is_empty(flags)) (void)access_.account->store_flags(message.folder.id, uid, how, flags, std::nullopt);
        };
        set(account::FlagChange::remove, wanted.add);
        set(account::FlagChange::add, wanted.remove);
      }
    }
  }
  // What went before anything could be done with it.
  void note_missing(const Group& group, const std::vector<account::Uid>& done) {
    const std::set<account::Uid> all(done.begin(), done.end());
    for (const auto& [id, uid] : group.emails) {
      if (!all.contains(uid)) failures_.try_emplace(id, Refusal{"notFound", {}, {}, {}});
    }
  }
  NumberSet without_failures(const Group& group) const {
    NumberSet uids;
    for (const auto& [id, uid] : group.emails) {
      if (!failures_.contains(id)) uids.add(uid);
    }
    return uids;
  }
  void store_flags(const FlagKey& key, const Group& group, account::FlagChange change) {
    const account::Flags flags{std::get<1>(key), std::get<2>(key)};
    note_failure(group, access_.account->store_flags(std::get<0>(key), group.uids, change, flags, std::nullopt));
  }
  void note_failure(const Group& group, const auto& result) {
    if (result) return;
    for (const auto& [id, uid] : group.emails) failures_.try_emplace(id, refusal_for_object(result.error()));
  }

  Access& access_;
  std::map<std::string, Change> copied_;  // emails that are to be copied
  std::map<std::string, std::vector<std::pair<FolderId, account::Uid>>> made_;
  std::map<FlagKey, Group> adds_, removes_;
  std::map<std::pair<FolderId, FolderId>, Group> copies_, moves_;
  std::map<FolderId, Group> goes_;
  Failures failures_;
};

void update_all(SetRun& run, const std::vector<std::pair<std::string, const json::object*>>& wanted,
                std::map<std::string, Outcome<json::value>>& done) {
  std::vector<std::string> ids;
  for (const auto& [id, patch] : wanted) ids.push_back(id);
  const auto found = find_emails(run.access(), ids);
  Batch batch(run.access());
  std::vector<std::pair<std::string, account::ItemId>> woken;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Outcome<json::value> outcome = json::value();
    if (!found) {
      outcome = std::unexpected(refusal_for_object(found.error()));
    } else if (!(*found)[i]) {
      outcome = refuse("notFound");
    } else if (auto change = plan(run, *(*found)[i], *wanted[i].second)) {
      // First the note: one of a message that is not moved after all means nothing.
      const auto noted = change->snooze ? run.context().snoozer->put(*change->snooze) : Result<>();
      if (noted)
        batch.add(ids[i], *change);
      else
        outcome = std::unexpected(refusal_for_object(noted.error()));
      if (change->wakes) woken.push_back({ids[i], change->email.id()});
    } else {
      outcome = std::unexpected(change.error());
    }
    done.insert_or_assign(ids[i], std::move(outcome));
  }
  for (auto& [id, refusal] : batch.run()) done.insert_or_assign(id, std::unexpected(std::move(refusal)));
  for (const auto& [id, item] : woken) {
    if (!done.at(id)) continue;
    const auto dropped = run.context().snoozer->drop(run.access().id(), item);
    if (!dropped) done.insert_or_assign(id, std::unexpected(refusal_for_object(dropped.error())));
  }
}

void destroy_all(SetRun& run, const std::vector<std::string>& ids, std::map<std::string, Outcome<>>& done) {
  const auto found = find_emails(run.access(), ids);
  std::map<FolderId, std::pair<NumberSet, std::vector<std::string>>> groups;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Outcome<> outcome;
    if (!found) {
      outcome = std::unexpected(refusal_for_object(found.error()));
    } else if (const auto& email = (*found)[i]; !email) {
      outcome = refuse("notFound");
    } else if (!std::ranges::all_of(email->messages, [&](const Found::Message& one) {
                 return run.access().rights(one.folder).has(Right::mark | Right::expunge);
               })) {
      outcome = refuse("forbidden");
    } else {
      for (const Found::Message& one : email->messages) {
        auto& group = groups[one.folder.id];
        group.first.add(one.row.uid);
        group.second.push_back(ids[i]);
      }
    }
    done.insert_or_assign(ids[i], std::move(outcome));
  }
  for (const auto& [folder, group] : groups) {
    const auto gone = run.access().account->remove(folder, group.first);
    if (gone) continue;
    for (const std::string& id : group.second)
      done.insert_or_assign(id, std::unexpected(refusal_for_object(gone.error())));
  }
}

}  // namespace

Answer email_set(Call& call) {
  Arguments arguments(call.given);
  auto access = call.context.access(arguments.id("accountId"));
  if (!access) return std::unexpected(access.error());
  SetRun run(call, **access);
  run.create = [&](const json::object& given) { return create_email(run.context(), run.access(), given); };
  run.update_all = [&](const auto& wanted, auto& done) { update_all(run, wanted, done); };
  run.destroy_all = [&](const auto& ids, auto& done) { destroy_all(run, ids, done); };
  return run.run(arguments);
}

}  // namespace gatepost::jmap
