#include "jmap/context.hpp"

#include <algorithm>

#include "jmap/ids.hpp"
#include "jmap/views.hpp"

namespace gatepost::jmap {

sharing::Rights Access::rights(const account::Folder& folder) const {
  return own ? sharing::Rights::all() : sharing->rights(reader, id(), folder.grants.get());
}

Result<std::vector<account::Folder>> Access::folders() const {
  GP_TRY(const auto all, account->folders());
  std::vector<account::Folder> out;
  for (const account::Folder& folder : *all) {
    if (rights(folder).has(sharing::Right::lookup | sharing::Right::read)) out.push_back(folder);
  }
  return out;
}

Result<account::Folder> Access::folder(account::FolderId folder_id) const {
  GP_TRY(account::Folder folder, account->folder(folder_id));
  if (!rights(folder).has(sharing::Right::lookup | sharing::Right::read)) {
    return fail(Errc::not_found, "no such folder");
  }
  return folder;
}

Context::Context(const Services& given, const Limits& limits_in, Views& views_in, Submissions& submissions_in,
                 const directory::Principal& user_in, Request& request)
    : services(given),
      limits(limits_in),
      views(views_in),
      submissions(submissions_in),
      user(user_in),
      uses(request.uses),
      created(request.created),
      sharing_(given.directory, given.accounts, sharing::Author{user_in.id, given.clock}) {}

Outcome<Access*> Context::access(std::string_view account_id) {
  const auto id = read_account(account_id);
  if (!id) return refuse("accountNotFound");
  if (const auto known = accesses_.find(*id); known != accesses_.end()) return &known->second;
  const directory::PrincipalId owner{static_cast<std::uint64_t>(*id)};
  Access access{.reader = user.id, .sharing = &sharing_};
  if (owner == user.id) {
    access.own = true;
    access.owner = user;
    JMAP_CALL_TRY(access.account, services.accounts.open(*id));
  } else {
    const auto sharers = sharing_.sharers(user.id);
    const auto sharer = std::ranges::find(sharers, owner, &directory::Principal::id);
    if (sharer == sharers.end()) return refuse("accountNotFound");
    auto shared = sharing_.open(user.id, sharer->address);
    if (!shared) return refuse("accountNotFound");
    access.account = std::move(shared->account);
    access.owner = std::move(shared->principal);
    const auto visible = access.folders();
    if (!visible || visible->empty()) return refuse("accountNotFound");
    access.read_only = std::ranges::all_of(*visible, [&](const account::Folder& folder) {
      return access.rights(folder).without(sharing::Right::lookup | sharing::Right::read).empty();
    });
  }
  return &accesses_.emplace(*id, std::move(access)).first->second;
}

const directory::Sight& Context::sight() const {
  if (!sight_) sight_ = services.directory.sight(user, own_domain_only);
  return *sight_;
}

Result<std::shared_ptr<const CopiedEmails>> copied_emails(Context& context, const Access& access) {
  if (access.account->copies() == 0) return nullptr;
  GP_TRY(const auto folders, access.folders());
  const std::string who = access.own ? "" : std::to_string(static_cast<std::uint64_t>(access.reader));
  return context.views.copied(*access.account, who, folders);
}

std::optional<std::string> Context::id_of(std::string_view text) const {
  if (!text.starts_with('#')) return std::string(text);
  const auto found = created.find(std::string(text.substr(1)));
  return found == created.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace gatepost::jmap
