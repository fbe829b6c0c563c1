#include "jmap/mailbox.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/ascii.hpp"
#include "jmap/ids.hpp"
#include "jmap/principal.hpp"
#include "jmap/views.hpp"

namespace gatepost::jmap {
namespace {

using account::Folder;
using account::Role;

constexpr std::array<std::string_view, 12> kMailboxProperties = {
    "id",           "name",         "parentId",      "role",     "sortOrder",    "totalEmails",
    "unreadEmails", "totalThreads", "unreadThreads", "myRights", "isSubscribed", "shareWith"};

constexpr std::array<std::pair<Role, std::string_view>, 9> kRoles = {{{Role::inbox, "inbox"},
                                                                      {Role::drafts, "drafts"},
                                                                      {Role::sent, "sent"},
                                                                      {Role::trash, "trash"},
                                                                      {Role::junk, "junk"},
                                                                      {Role::archive, "archive"},
                                                                      {Role::all, "all"},
                                                                      {Role::flagged, "flagged"},
                                                                      {Role::important, "important"}}};

// `shares`: as who speaks of sharing sees them (RFC 9670).
json::object rights_of(const Access& access, const Folder& folder, bool shares) {
  json::object out = rights_object(access.rights(folder), folder.selectable);
  if (folder.role == Role::inbox) out["mayRename"] = out["mayDelete"] = false;
  if (!shares) out.erase("mayShare");
  return out;
}

// A folder whose parent the user may not see is at the top for him.
account::FolderId visible_parent(const Access& access, const Folder& folder) {
  if (folder.parent == account::kRoot || access.own) return folder.parent;
  return access.folder(folder.parent) ? folder.parent : account::kRoot;
}

std::string_view shown_folder_name(const Folder& folder) {
  return folder.role == Role::inbox ? std::string_view("Inbox") : std::string_view(folder.name);
}

// Where clients that do not sort by themselves show it (RFC 8621 2: the lower the earlier): as the user said, or as
// its role has it.
std::uint32_t sort_order(const Folder& folder, const SortOrders::Orders& orders) {
  if (const auto said = orders.find(folder.id); said != orders.end()) return said->second;
  const auto at = std::ranges::find(kRoles, folder.role, &std::pair<Role, std::string_view>::first);
  return static_cast<std::uint32_t>(at - kRoles.begin()) + 1;
}

// Where emails that changed have copies: what is read in one mailbox is so in all.
Result<std::set<account::FolderId>> folders_of_copies(const Access& access, const account::AccountChanges& all) {
  std::vector<account::ItemId> emails;
  for (const auto& change : all.emails) {
    if (change.copied) emails.push_back(change.email);
  }
  std::set<account::FolderId> out;
  GP_TRY(const auto found, access.account->messages_of(emails));
  for (const auto& messages : found) {
    for (const account::Placed& one : messages) out.insert(one.folder);
  }
  return out;
}

}  // namespace

Outcome<json::object> mailbox_object(Context& context, const Access& access, const Folder& folder,
                                     const CopiedEmails* copied, const SortOrders::Orders& orders,
                                     const std::function<bool(std::string_view)>& wants) {
  json::object out{{"id", access.ids().mailbox(folder.id)}};
  if (wants("name")) out["name"] = shown_folder_name(folder);
  if (wants("parentId")) {
    const auto parent = visible_parent(access, folder);
    out["parentId"] = parent == account::kRoot ? json::value() : json::value(access.ids().mailbox(parent));
  }
  if (wants("role")) {
    const std::string_view role = role_name(folder.role);
    out["role"] = role.empty() ? json::value() : json::value(role);
  }
  if (wants("sortOrder")) out["sortOrder"] = sort_order(folder, orders);
  const bool shares = context.uses.contains(std::string(kPrincipals));
  if (wants("myRights")) out["myRights"] = rights_of(access, folder, shares);
  // Subscriptions are the owner's; what is shared with somebody is there for him (RFC 9670 1.4).
  if (wants("isSubscribed")) out["isSubscribed"] = !access.own || folder.subscribed;
  if (shares && wants("shareWith")) {
    JMAP_CALL_TRY(out["shareWith"], share_with(access, folder));
  }
  const bool has_drafts_or_deleted = folder.deleted > 0 || folder.unseen > 0;
  if (wants("totalThreads") || wants("unreadThreads") ||
      ((has_drafts_or_deleted || copied != nullptr) && (wants("totalEmails") || wants("unreadEmails")))) {
    JMAP_CALL_TRY(const auto view, context.views.folder(*access.account, folder.id));
    if (wants("totalEmails")) out["totalEmails"] = view->lines.size() - view->repeats;
    // Of moments that are close to each other, and not one: none is below nothing.
    const auto less = [](std::uint32_t all, std::uint32_t some) { return all - std::min(all, some); };
    const bool is_shown = copied != nullptr;
    if (wants("unreadEmails")) out["unreadEmails"] = less(view->unread, is_shown ? copied->unread_less(folder.id) : 0);
    if (wants("totalThreads")) out["totalThreads"] = view->threads;
    if (wants("unreadThreads"))
      out["unreadThreads"] = less(view->unread_threads, is_shown ? copied->unread_threads_less(folder.id) : 0);
    return out;
  }
  if (wants("totalEmails")) out["totalEmails"] = folder.total;
  if (wants("unreadEmails")) out["unreadEmails"] = folder.unseen;
  return out;
}

std::string_view role_name(Role role) {
  const auto at = std::ranges::find(kRoles, role, &std::pair<Role, std::string_view>::first);
  return at == kRoles.end() ? std::string_view() : at->second;
}

std::optional<Role> role_named(std::string_view name) {
  const auto at = std::ranges::find(kRoles, name, &std::pair<Role, std::string_view>::second);
  return at == kRoles.end() ? std::nullopt : std::optional(at->first);
}

Answer mailbox_get(Call& call) {
  Arguments arguments(call.given);
  const bool shares = call.context.uses.contains(std::string(kPrincipals));
  auto request =
      read_get(call, arguments, std::span(kMailboxProperties).first(kMailboxProperties.size() - (shares ? 0 : 1)));
  if (!request) return std::unexpected(request.error());
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const account::Modseq state = request->access->account->modseq();
  JMAP_CALL_TRY(const auto folders, request->access->folders());
  JMAP_CALL_TRY(const auto orders, call.context.views.sort_orders().of(*request->access->account, folders));
  JMAP_CALL_TRY(const auto copied, copied_emails(call.context, *request->access));
  std::vector<std::string> ids;
  if (request->ids) {
    ids = *request->ids;
  } else {
    for (const Folder& folder : folders) ids.push_back(request->access->ids().mailbox(folder.id));
  }
  return answer_get(*request, state_name(state), ids,
                    [&](const std::string& id) -> Outcome<std::optional<json::object>> {
                      const auto number = request->access->ids().find_mailbox(id);
                      const auto folder = number ? std::ranges::find(folders, *number, &Folder::id) : folders.end();
                      if (folder == folders.end()) return std::nullopt;
                      return mailbox_object(call.context, *request->access, *folder, copied.get(), *orders,
                                            [&](std::string_view property) { return request->wants(property); });
                    });
}

Answer mailbox_changes(Call& call) {
  auto request = read_changes(call);
  if (!request) return std::unexpected(request.error());
  auto all = changes_of(*request);
  if (!all) return std::unexpected(all.error());
  Changes changes{.to = all->to, .more = all->more};
  const auto shared = folders_of_copies(*request->access, *all);
  if (!shared) return std::unexpected(refusal_for_call(shared.error()));
  for (const account::FolderId id : *shared) {
    if (std::ranges::find(all->folders, id, &account::AccountChanges::OfFolder::folder) == all->folders.end())
      all->folders.push_back({id, account::AccountChanges::What::updated});
  }
  for (const auto& change : all->folders) {
    if (change.folder == account::kRoot) continue;  // something of the account itself
    std::string id = request->access->ids().mailbox(change.folder);
    const bool visible = request->access->folder(change.folder).has_value();
    if (change.what == account::AccountChanges::What::destroyed || !visible)
      changes.destroyed.push_back(std::move(id));
    else if (change.what == account::AccountChanges::What::created)
      changes.created.push_back(std::move(id));
    else
      changes.updated.push_back(std::move(id));
  }
  json::object out = answer_changes(*request, changes);
  // RFC 8621 2.2: null says that any property may have changed.
  out["updatedProperties"] = nullptr;
  return out;
}

namespace {

using PropertyType = FilterProperty::Type;
// RFC 8621 2.3.
constexpr std::array<FilterProperty, 5> kMailboxFilter = {{{"parentId", PropertyType::text_or_null},
                                                           {"name", PropertyType::text},
                                                           {"role", PropertyType::text_or_null},
                                                           {"hasAnyRole", PropertyType::boolean},
                                                           {"isSubscribed", PropertyType::boolean}}};
constexpr std::array<std::string_view, 2> kMailboxSort = {"sortOrder", "name"};

bool mailbox_matches(const Access& access, const Folder& folder, std::string_view name, const json::value& value) {
  if (name == "parentId") {
    const auto parent = visible_parent(access, folder);
    return value.is_null() ? parent == account::kRoot
                           : parent != account::kRoot && access.ids().mailbox(parent) == value.get_string();
  }
  if (name == "name") return ascii::ifind(shown_folder_name(folder), value.get_string()) != std::string_view::npos;
  if (name == "role") {
    return value.is_null() ? folder.role == Role::none : role_name(folder.role) == value.get_string();
  }
  if (name == "hasAnyRole") return (folder.role != Role::none) == value.get_bool();
  return (!access.own || folder.subscribed) == value.get_bool();
}

// `as_tree`: a folder comes behind its parent, with what is below it (RFC 8621 2.3 sortAsTree). By path already.
void put_in_order(std::vector<Folder>& folders, const SortOrders::Orders& orders, const std::vector<SortBy>& sort,
                  bool as_tree) {
  const auto before = [&](const Folder& a, const Folder& b) {
    for (const SortBy& s : sort) {
      // Below 2^31: their difference is one of int.
      const int order = s.property == "sortOrder"
                            ? static_cast<int>(sort_order(a, orders)) - static_cast<int>(sort_order(b, orders))
                            : ascii::to_lower(shown_folder_name(a)).compare(ascii::to_lower(shown_folder_name(b)));
      if (order != 0) return s.ascending ? order < 0 : order > 0;
    }
    return a.path < b.path;
  };
  std::ranges::sort(folders, before);
  if (!as_tree) return;
  std::vector<Folder> tree;
  std::vector<bool> placed(folders.size());
  const std::function<void(account::FolderId)> place_below = [&](account::FolderId parent) {
    for (std::size_t i = 0; i < folders.size(); ++i) {
      if (placed[i] || folders[i].parent != parent) continue;
      placed[i] = true;
      tree.push_back(folders[i]);
      place_below(folders[i].id);
    }
  };
  place_below(account::kRoot);
  for (std::size_t i = 0; i < folders.size(); ++i) {
    if (placed[i]) continue;  // its parent is not visible, or does not match
    placed[i] = true;
    tree.push_back(folders[i]);
    place_below(folders[i].id);
  }
  folders = std::move(tree);
}

}  // namespace

Answer mailbox_query(Call& call) {
  Arguments arguments(call.given);
  const std::string account = arguments.id("accountId");
  const json::value* filter = arguments.any("filter");
  const json::array* sort_given = arguments.array("sort");
  const Window window = read_window(arguments);
  const bool as_tree = arguments.boolean("sortAsTree");
  const bool filter_as_tree = arguments.boolean("filterAsTree");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  const auto sort = read_sort(sort_given, kMailboxSort);
  if (!sort) return std::unexpected(sort.error());
  if (auto good = check_filter(filter, kMailboxFilter); !good) return std::unexpected(good.error());
  const account::Modseq state = (*access)->account->modseq();
  JMAP_CALL_TRY(auto folders, (*access)->folders());
  JMAP_CALL_TRY(const auto orders, call.context.views.sort_orders().of(*(*access)->account, folders));
  if (filter != nullptr) {
    std::set<account::FolderId> in;
    for (const Folder& folder : folders) {
      const bool is = meets(filter, [&](std::string_view name, const json::value& value) {
        return mailbox_matches(**access, folder, name, value);
      });
      // By path: a parent is looked at before what is below it.
      if (is && (!filter_as_tree || folder.parent == account::kRoot || in.contains(folder.parent))) {
        in.insert(folder.id);
      }
    }
    std::erase_if(folders, [&](const Folder& folder) { return !in.contains(folder.id); });
  }
  put_in_order(folders, *orders, *sort, as_tree);
  const auto range = place(window, folders.size(), [&](std::string_view id) -> std::optional<std::size_t> {
    const auto number = (*access)->ids().find_mailbox(id);
    const auto at = number ? std::ranges::find(folders, *number, &Folder::id) : folders.end();
    if (at == folders.end()) return std::nullopt;
    return static_cast<std::size_t>(at - folders.begin());
  });
  if (!range) return std::unexpected(range.error());
  json::array ids;
  for (std::size_t i = range->first; i < range->second; ++i) ids.emplace_back((*access)->ids().mailbox(folders[i].id));
  json::object out{{"accountId", account},
                   {"queryState", state_name(state)},
                   {"canCalculateChanges", false},
                   {"position", range->first},
                   {"ids", std::move(ids)}};
  if (window.calculate_total) out["total"] = folders.size();
  return out;
}

Answer mailbox_query_changes(Call& call) {
  static constexpr std::array<std::string_view, 2> kMore = {"sortAsTree", "filterAsTree"};
  return refuse_query_changes(call, false, kMore);
}

}  // namespace gatepost::jmap
