#include <algorithm>

#include "jmap/ids.hpp"
#include "jmap/mailbox.hpp"
#include "jmap/principal.hpp"
#include "jmap/standard.hpp"
#include "jmap/views.hpp"

// Mailbox/set (RFC 8621 2.5).
namespace gatepost::jmap {
namespace {

using account::Folder;
using account::Role;
using sharing::Right;

struct Wish {
  std::optional<std::string> name;
  std::optional<std::string> parent;  // an id; "" = the top
  std::optional<Role> role;
  std::optional<bool> subscribed;
  json::object shares;  // patches of "shareWith", by path
};

Outcome<Wish> read_wish(Context& context, const json::object& given) {
  Wish wish;
  for (const auto& [key, value] : given) {
    if (key == "name") {
      // RFC 8621 2: Net-Unicode, at least a character; a slash parts the names of IMAP.
      if (!value.is_string() || value.get_string().empty() || value.get_string().size() > 255 ||
          value.get_string().find('/') != json::string::npos) {
        return bad_property("name");
      }
      wish.name = std::string(value.get_string());
    } else if (key == "parentId") {
      if (value.is_null()) {
        wish.parent = "";
      } else {
        const auto id = value.is_string() ? context.id_of(value.get_string()) : std::nullopt;
        if (!id) return bad_property("parentId");
        wish.parent = *id;
      }
    } else if (key == "role") {
      const auto role = value.is_null()     ? std::optional(Role::none)
                        : value.is_string() ? role_named(value.get_string())
                                            : std::nullopt;
      if (!role || *role == Role::inbox) return bad_property("role");
      wish.role = *role;
    } else if (key == "isSubscribed") {
      if (!value.is_bool()) return bad_property("isSubscribed");
      wish.subscribed = value.get_bool();
    } else if ((key == "shareWith" || key.starts_with("shareWith/")) &&
               context.uses.contains(std::string(kPrincipals))) {
      wish.shares[key] = value;
    } else {
      return bad_property(key);
    }
  }
  return wish;
}

// The path that a name has below a parent; "" = the top. Errors: the parent, or no right there.
Outcome<std::string> path_below(const Access& access, std::string_view parent, const std::string& name) {
  if (parent.empty()) {
    if (!access.own) return refuse("forbidden");
    return name;
  }
  const auto id = read_mailbox(parent);
  const auto folder = id ? access.folder(*id) : Result<Folder>(fail(Errc::not_found));
  if (!folder) return bad_property("parentId");
  if (!access.rights(*folder).has(Right::create)) return refuse("forbidden");
  return folder->path + "/" + name;
}

// A name that is taken is a fault of the name (RFC 8621 2.5).
Refusal refusal_of_name(const Error& error) {
  if (error.code == Errc::already_exists || error.code == Errc::invalid) return {"invalidProperties", {}, "name", {}};
  return refusal_for_object(error);
}

// RFC 9670 4. The folder as it is now is asked for: what was done to it before has changed it.
Outcome<> share(SetRun& run, account::FolderId id, const json::object& patch) {
  if (patch.empty()) return {};
  Access& access = run.access();
  JMAP_OBJECT_TRY(const auto folder, access.folder(id));
  JMAP_OBJECT_TRY(json::value before, share_with(access, folder));
  if (before.is_null()) before = json::object();
  const auto after = patched(json::object{{"shareWith", std::move(before)}}, patch);
  if (!after) return std::unexpected(after.error());
  return set_share_with(run.context(), access, folder, after->at("shareWith"));
}

Outcome<json::object> create(SetRun& run, const json::object& given) {
  auto wish = read_wish(run.context(), given);
  if (!wish) return std::unexpected(wish.error());
  if (!wish->name) return bad_property("name");
  Access& access = run.access();
  const auto path = path_below(access, wish->parent.value_or(""), *wish->name);
  if (!path) return std::unexpected(path.error());
  const auto made = access.account->create_folder(*path, wish->role.value_or(Role::none));
  if (!made) return std::unexpected(refusal_of_name(made.error()));
  if (access.own && wish->subscribed.value_or(false)) {
    if (const auto done = access.account->set_subscribed(made->path, true); !done) {
      return std::unexpected(refusal_for_object(done.error()));
    }
  }
  if (auto done = share(run, made->id, wish->shares); !done) {
    // All of it or nothing.
    if (const auto undone = access.account->delete_folder(made->id); !undone) {
      return std::unexpected(refusal_for_object(undone.error()));
    }
    return std::unexpected(done.error());
  }
  const bool all = access.own;
  return json::object{{"id", mailbox_name(made->id)},
                      {"sortOrder", 10},
                      {"role", role_name(made->role).empty() ? json::value() : json::value(role_name(made->role))},
                      {"totalEmails", 0},
                      {"unreadEmails", 0},
                      {"totalThreads", 0},
                      {"unreadThreads", 0},
                      {"isSubscribed", !access.own || wish->subscribed.value_or(false)},
                      {"myRights",
                       {{"mayReadItems", true},
                        {"mayAddItems", all || access.rights(*made).has(Right::insert)},
                        {"mayRemoveItems", all || access.rights(*made).has(Right::mark | Right::expunge)},
                        {"maySetSeen", all || access.rights(*made).has(Right::seen)},
                        {"maySetKeywords", all || access.rights(*made).has(Right::write)},
                        {"mayCreateChild", all || access.rights(*made).has(Right::create)},
                        {"mayRename", all || access.rights(*made).has(Right::remove)},
                        {"mayDelete", all || access.rights(*made).has(Right::remove)},
                        {"maySubmit", all || access.rights(*made).has(Right::post)}}}};
}

Outcome<json::value> update(SetRun& run, const std::string& id, const json::object& patch) {
  Access& access = run.access();
  const auto number = read_mailbox(id);
  const auto folder = number ? access.folder(*number) : Result<Folder>(fail(Errc::not_found));
  if (!folder) return refuse("notFound");
  auto wish = read_wish(run.context(), patch);
  if (!wish) return std::unexpected(wish.error());
  const sharing::Rights rights = access.rights(*folder);
  std::string path = folder->path;
  if (wish->name || wish->parent) {
    if (folder->role == Role::inbox) {
      // Its name is fixed; that it stays where it is may be said.
      const bool same = wish->name.value_or("Inbox") == "Inbox" && wish->parent.value_or("").empty();
      if (!same) return bad_property(wish->name ? "name" : "parentId");
    } else {
      const std::string name = wish->name.value_or(folder->name);
      const std::string parent = wish->parent                       ? *wish->parent
                                 : folder->parent == account::kRoot ? ""
                                                                    : mailbox_name(folder->parent);
      const bool stays =
          !wish->parent || parent == (folder->parent == account::kRoot ? "" : mailbox_name(folder->parent));
      if (!rights.has(Right::remove)) return refuse("forbidden");
      std::string to = folder->path.substr(0, folder->path.size() - folder->name.size()) + name;
      if (!stays) {
        const auto below = path_below(access, parent, name);
        if (!below) return std::unexpected(below.error());
        to = *below;
      }
      if (to != folder->path) {
        if (const auto done = access.account->rename_folder(folder->id, to); !done) {
          if (done.error().code == Errc::denied) return bad_property("parentId");  // into what is below it
          return std::unexpected(refusal_of_name(done.error()));
        }
        path = to;
      }
    }
  }
  if (wish->role && *wish->role != folder->role) {
    if (!access.own || folder->role == Role::inbox) return bad_property("role");
    if (const auto done = access.account->set_role(folder->id, *wish->role); !done) {
      return std::unexpected(done.error().code == Errc::already_exists ? Refusal{"invalidProperties", {}, "role", {}}
                                                                       : refusal_for_object(done.error()));
    }
  }
  if (wish->subscribed && *wish->subscribed != (!access.own || folder->subscribed)) {
    // Subscriptions are kept with the account, and are its owner's.
    if (!access.own) return refuse("forbidden");
    if (const auto done = access.account->set_subscribed(path, *wish->subscribed); !done) {
      return std::unexpected(refusal_for_object(done.error()));
    }
  }
  if (auto done = share(run, folder->id, wish->shares); !done) return std::unexpected(done.error());
  return json::value();
}

Outcome<> destroy(SetRun& run, const std::string& id, bool with_emails) {
  Access& access = run.access();
  const auto number = read_mailbox(id);
  const auto folder = number ? access.folder(*number) : Result<Folder>(fail(Errc::not_found));
  if (!folder) return refuse("notFound");
  if (folder->role == Role::inbox || !access.rights(*folder).has(Right::remove)) return refuse("forbidden");
  JMAP_OBJECT_TRY(const auto all, access.account->folders());
  if (std::ranges::find(*all, folder->id, &Folder::parent) != all->end()) return refuse("mailboxHasChild");
  if (!with_emails) {
    JMAP_OBJECT_TRY(const auto view, run.context().views.folder(*access.account, folder->id));
    if (!view->lines.empty()) return refuse("mailboxHasEmail");
  } else if (!access.rights(*folder).has(Right::mark | Right::expunge)) {
    return refuse("forbidden");
  }
  if (const auto done = access.account->delete_folder(folder->id); !done) {
    return std::unexpected(refusal_for_object(done.error()));
  }
  return {};
}

}  // namespace

Answer mailbox_set(Call& call) {
  Arguments arguments(call.given);
  auto access = call.context.access(arguments.id("accountId"));
  if (!access) return std::unexpected(access.error());
  bool with_emails = false;
  SetRun run(call, **access);
  run.parent_property = "parentId";
  run.create = [&](const json::object& given) { return create(run, given); };
  run.update = [&](const std::string& id, const json::object& patch) { return update(run, id, patch); };
  run.destroy = [&](const std::string& id) { return destroy(run, id, with_emails); };
  return run.run(arguments, [&] { with_emails = arguments.boolean("onDestroyRemoveEmails"); });
}

}  // namespace gatepost::jmap
