#include "imap/server/metadata.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::string_view kSharedScope = "/shared", kPrivateScope = "/private";

using Values = std::map<std::string, std::string>;  // by entry

Result<> read(account::Account& account, account::FolderId folder, account::Reader reader, std::string_view scope,
              Values& out) {
  GP_TRY(auto all, account.annotations(folder, reader));
  for (account::Annotation& one : all) out.emplace(std::string(scope) + one.name, std::move(one.value));
  return {};
}

bool is_within(std::string_view entry, std::string_view top, GetMetadata::Depth depth) {
  if (entry == top) return true;
  if (entry.size() <= top.size() + 1 || !entry.starts_with(top) || entry[top.size()] != '/') return false;
  if (depth == GetMetadata::Depth::infinity) return true;
  return depth == GetMetadata::Depth::one && entry.find('/', top.size() + 1) == std::string_view::npos;
}

}  // namespace

bool may_annotate(sharing::Rights rights, bool shared) {
  using sharing::Right;
  const sharing::Rights any = Right::read | Right::seen | Right::write | Right::insert | Right::post;
  return rights.has(Right::lookup) && rights.has_any(any) && (!shared || rights.has(Right::write));
}

ScopedEntry scope_of(std::string_view entry) {
  const bool shared = entry.starts_with(kSharedScope);
  return {shared, entry.substr(shared ? kSharedScope.size() : kPrivateScope.size())};
}

bool add_changed_entries(const Session& session, const Location& place,
                         const std::function<bool(const account::Folder*)>& meant, account::Modseq& since,
                         ChangedEntries& out) {
  account::Account& account = *place.account;
  const account::Modseq now = account.modseq();  // before the look, so that nothing falls between
  const auto [all, complete] = account.annotation_news(since);
  since = std::max({since, now, all.empty() ? since : all.back().modseq});
  for (const account::AnnotationNews& news : all) {
    const bool everybodys = news.reader == account::kEverybody;
    if (news.by == session.token()) continue;
    if (!everybodys && news.reader != static_cast<account::Reader>(session.principal().id)) continue;
    std::string name;
    if (news.folder == account::kRoot) {
      if (!place.own() || !meant(nullptr)) continue;
    } else {
      const auto folder = account.folder(news.folder);
      if (!folder || !may_annotate(session.rights_in(account, folder->grants.get()), false) || !meant(&*folder)) {
        continue;
      }
      name = place.prefix + folder->path;
    }
    auto& names = out[name];
    std::string entry = (everybodys ? "/shared" : "/private") + news.name;
    if (std::ranges::find(names, entry) == names.end()) names.push_back(std::move(entry));
  }
  return complete;
}

Result<FoundMetadata> find_metadata(const Session& session, account::Account& account, account::FolderId folder,
                                    const GetMetadata& request) {
  const auto wants = [&](std::string_view scope) {
    return std::ranges::any_of(request.entries, [&](const std::string& entry) { return entry.starts_with(scope); });
  };
  Values all;
  if (wants(kPrivateScope)) {
    const auto reader = static_cast<account::Reader>(session.principal().id);
    GP_CHECK(read(account, folder, reader, kPrivateScope, all));
  }
  if (wants(kSharedScope) && folder != account::kRoot) {
    GP_CHECK(read(account, folder, account::kEverybody, kSharedScope, all));
  }
  // RFC 5464 3.2.1.1
  if (folder == account::kRoot && !session.settings().admin.empty()) {
    all.emplace("/shared/admin", session.settings().admin);
  }
  FoundMetadata found;
  std::set<std::string_view> told;
  const auto tell = [&](const std::string& entry, std::optional<std::string> value) {
    if (!told.insert(entry).second) return;
    if (value && request.max_size && value->size() > *request.max_size) {
      found.longest = std::max<std::uint64_t>(found.longest, value->size());
    } else {
      found.values.push_back({entry, std::move(value)});
    }
  };
  for (const std::string& top : request.entries) {
    if (request.depth == GetMetadata::Depth::none) {
      const auto at = all.find(top);
      tell(top, at == all.end() ? std::nullopt : std::optional(at->second));
      continue;
    }
    for (auto at = all.lower_bound(top); at != all.end() && at->first.starts_with(top); ++at) {
      if (is_within(at->first, top, request.depth)) tell(at->first, at->second);
    }
  }
  return found;
}

}  // namespace gatepost::imap::server
