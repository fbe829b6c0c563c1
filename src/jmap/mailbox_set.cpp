#include <algorithm>
#include <array>

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

struct MailboxWish {
  std::optional<std::string> name;
  std::optional<std::string> parent;  // an id; "" = the top
  std::optional<Role> role;
  std::optional<bool> subscribed;
  bool orders = false;                 // `order` is said
  std::optional<std::uint32_t> order;  // none: as the role has it
  json::object shares;                 // patches of "shareWith", by path
};

// `now`: the role that it has.
Outcome<MailboxWish> read_mailbox_wish(Context& context, const json::object& given, Role now) {
  MailboxWish wish;
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
      if (!role || (*role == Role::inbox && now != Role::inbox)) return bad_property("role");
      wish.role = *role;
    } else if (key == "isSubscribed") {
      // RFC 8620 5.3: null is the default.
      if (!value.is_bool() && !value.is_null()) return bad_property("isSubscribed");
      wish.subscribed = value.is_bool() && value.get_bool();
    } else if (key == "sortOrder") {
      const auto order = read_unsigned(value);
      if (!value.is_null() && (!order || *order > kMaxSortOrder)) return bad_property("sortOrder");
      wish.orders = true;
      if (order) wish.order = static_cast<std::uint32_t>(*order);
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
  const auto id = access.ids().find_mailbox(parent);
  const auto folder = id ? access.folder(*id) : Result<Folder>(fail(Errc::not_found));
  if (!folder) return bad_property("parentId");
  if (!access.rights(*folder).has(Right::create)) return refuse("forbidden");
  return folder->path + "/" + name;
}

// RFC 8621 2: two mailboxes of an account have not the same role.
Outcome<> check_role(const Access& access, Role role, account::FolderId but) {
  if (role == Role::none) return {};
  JMAP_OBJECT_TRY(const auto all, access.account->folders());
  const bool taken = std::ranges::any_of(*all, [&](const Folder& f) { return f.role == role && f.id != but; });
  return taken ? Outcome<>(bad_property("role")) : Outcome<>();
}

// All that a client is told of a mailbox.
Outcome<json::object> whole(SetRun& run, const Folder& folder) {
  const Access& access = run.access();
  JMAP_OBJECT_TRY(const auto folders, access.folders());
  JMAP_OBJECT_TRY(const auto orders, run.context().views.sort_orders().of(*access.account, folders));
  JMAP_OBJECT_TRY(const auto copied, copied_emails(run.context(), access));
  return mailbox_object(run.context(), access, folder, copied.get(), *orders, [](std::string_view) { return true; });
}

// A name that is taken is a fault of the name (RFC 8621 2.5).
Refusal refusal_of_name(const Error& error) {
  if (error.code == Errc::already_exists || error.code == Errc::invalid) return {"invalidProperties", {}, "name", {}};
  return refusal_for_object(error);
}

// Subscriptions are to names; here they are of mailboxes, and go along with them and what is below.
Result<> rename(const Access& access, const Folder& folder, const std::string& to) {
  GP_TRY(const Folder before, access.account->folder(folder.id));
  GP_TRY(const auto all, access.account->folders());
  GP_CHECK(access.account->rename_folder(folder.id, to));
  for (const Folder& one : *all) {
    if (one.id != folder.id && !one.path.starts_with(before.path + "/")) continue;
    GP_TRY(const Folder now, access.account->folder(one.id));
    if (now.subscribed != one.subscribed) GP_CHECK(access.account->set_subscribed(now.path, one.subscribed));
    if (one.subscribed) GP_CHECK(access.account->set_subscribed(one.path, false));
  }
  return {};
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

Outcome<json::object> create_mailbox(SetRun& run, const json::object& given) {
  auto wish = read_mailbox_wish(run.context(), given, Role::none);
  if (!wish) return std::unexpected(wish.error());
  if (!wish->name) return bad_property("name");
  Access& access = run.access();
  const auto path = path_below(access, wish->parent.value_or(""), *wish->name);
  if (!path) return std::unexpected(path.error());
  if (wish->orders && !access.own) return refuse("forbidden");
  if (auto good = check_role(access, wish->role.value_or(Role::none), account::kRoot); !good) {
    return std::unexpected(good.error());
  }
  const auto made = access.account->create_folder(*path, wish->role.value_or(Role::none));
  if (!made) return std::unexpected(refusal_of_name(made.error()));
  if (access.own && wish->subscribed.value_or(false)) {
    if (const auto done = access.account->set_subscribed(made->path, true); !done) {
      return std::unexpected(refusal_for_object(done.error()));
    }
  }
  auto done = share(run, made->id, wish->shares);
  if (done && wish->order) {
    if (const auto set = set_sort_order(*access.account, made->id, wish->order); !set) {
      done = std::unexpected(refusal_for_object(set.error()));
    }
  }
  if (!done) {
    // All of it or nothing.
    if (const auto undone = access.account->delete_folder(made->id); !undone) {
      return std::unexpected(refusal_for_object(undone.error()));
    }
    return std::unexpected(done.error());
  }
  JMAP_OBJECT_TRY(const Folder now, access.folder(made->id));
  auto told = whole(run, now);
  if (!told) return told;
  // RFC 8620 5.3: what the client did not say.
  json::object out;
  for (const auto& [key, value] : *told) {
    const auto* said = given.if_contains(key);
    if (said == nullptr || *said != value) out[key] = value;
  }
  return out;
}

Outcome<json::value> update(SetRun& run, const std::string& id, const json::object& patch) {
  Access& access = run.access();
  const auto number = access.ids().find_mailbox(id);
  const auto folder = number ? access.folder(*number) : Result<Folder>(fail(Errc::not_found));
  if (!folder) return refuse("notFound");
  static constexpr std::array<std::string_view, 6> kFixed = {"id",           "totalEmails",   "unreadEmails",
                                                             "totalThreads", "unreadThreads", "myRights"};
  json::object now;
  if (std::ranges::any_of(patch, [](const auto& member) {
        const std::string_view key = member.key();
        return std::ranges::find(kFixed, key.substr(0, key.find('/'))) != kFixed.end();
      })) {
    auto told = whole(run, *folder);
    if (!told) return std::unexpected(told.error());
    now = std::move(*told);
  }
  const auto said = settable(patch, now, kFixed);
  if (!said) return std::unexpected(said.error());
  auto wish = read_mailbox_wish(run.context(), *said, folder->role);
  if (!wish) return std::unexpected(wish.error());
  if (wish->orders && !access.own) return refuse("forbidden");
  const sharing::Rights rights = access.rights(*folder);
  // RFC 8620 5.3: all of an update or nothing. So what can be known before is looked at before.
  if (wish->role && *wish->role != folder->role) {
    if (!access.own || folder->role == Role::inbox) return bad_property("role");
    if (auto good = check_role(access, *wish->role, folder->id); !good) return std::unexpected(good.error());
  }
  // Subscriptions are kept with the account, and are its owner's.
  const bool subscribes = wish->subscribed && *wish->subscribed != (!access.own || folder->subscribed);
  if (subscribes && !access.own) return refuse("forbidden");
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
                                                                    : access.ids().mailbox(folder->parent);
      const bool stays =
          !wish->parent || parent == (folder->parent == account::kRoot ? "" : access.ids().mailbox(folder->parent));
      if (!rights.has(Right::remove)) return refuse("forbidden");
      std::string to = folder->path.substr(0, folder->path.size() - folder->name.size()) + name;
      if (!stays) {
        const auto below = path_below(access, parent, name);
        if (!below) return std::unexpected(below.error());
        to = *below;
      }
      if (to != folder->path) {
        if (const auto done = rename(access, *folder, to); !done) {
          if (done.error().code == Errc::denied) return bad_property("parentId");  // into what is below it
          return std::unexpected(refusal_of_name(done.error()));
        }
        path = to;
      }
    }
  }
  if (auto done = share(run, folder->id, wish->shares); !done) {
    if (path != folder->path) {
      if (const auto back = rename(access, *folder, folder->path); !back) {
        return std::unexpected(refusal_for_object(back.error()));
      }
    }
    return std::unexpected(done.error());
  }
  if (wish->role && *wish->role != folder->role) {
    if (const auto done = access.account->set_role(folder->id, *wish->role); !done) {
      return std::unexpected(done.error().code == Errc::already_exists ? Refusal{"invalidProperties", {}, "role", {}}
                                                                       : refusal_for_object(done.error()));
    }
  }
  if (subscribes) {
    if (const auto done = access.account->set_subscribed(path, *wish->subscribed); !done) {
      return std::unexpected(refusal_for_object(done.error()));
    }
  }
  if (wish->orders) {
    if (const auto done = set_sort_order(*access.account, folder->id, wish->order); !done) {
      return std::unexpected(refusal_for_object(done.error()));
    }
  }
  return json::value();
}

Outcome<> destroy(SetRun& run, const std::string& id, bool with_emails) {
  Access& access = run.access();
  const auto number = access.ids().find_mailbox(id);
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
  run.create = [&](const json::object& given) { return create_mailbox(run, given); };
  run.update = [&](const std::string& id, const json::object& patch) { return update(run, id, patch); };
  run.destroy_all = [&](const std::vector<std::string>& ids, std::map<std::string, Outcome<>>& done) {
    // What is below goes first, so that it and what it is in may go together.
    std::vector<std::pair<std::size_t, std::string>> by_depth;
    for (const std::string& id : ids) {
      const auto number = (*access)->ids().find_mailbox(id);
      const auto folder = number ? (*access)->folder(*number) : Result<Folder>(fail(Errc::not_found));
      by_depth.emplace_back(folder ? std::ranges::count(folder->path, '/') + 1 : 0, id);
    }
    std::ranges::sort(by_depth, std::greater<>());
    for (const auto& [depth, id] : by_depth) done.insert_or_assign(id, destroy(run, id, with_emails));
  };
  return run.run(arguments, [&] { with_emails = arguments.boolean("onDestroyRemoveEmails"); });
}

}  // namespace gatepost::jmap
