#include "jmap/copied_emails.hpp"

#include <algorithm>
#include <set>

namespace gatepost::jmap {
namespace {

constexpr std::size_t kEmailOctets = 128;  // about, with its lists
constexpr std::size_t kLinesForOne = 500;  // that are gone through in the time in which the store is asked for one

template <class T>
void add_once(std::vector<T>& sorted, const T& one) {
  const auto at = std::ranges::lower_bound(sorted, one);
  if (at == sorted.end() || *at != one) sorted.insert(at, one);
}

}  // namespace

bool CopiedEmails::gather(Views views) {
  for (const auto& view : views) {
    for (const account::ItemId email : view->copied) {
      emails_.try_emplace(email);
      lowest_ = std::min(lowest_, email);
      highest_ = std::max(highest_, email);
    }
  }
  return !emails_.empty();
}

void CopiedEmails::add(account::FolderId folder, account::ItemId item, account::ItemId thread, std::uint8_t flags,
                       const std::vector<account::KeywordId>& keywords, Together& email) {
  email.thread = thread;
  if (email.messages++ == 0 || item < email.first) email.first = item;
  email.flags |= flags;
  for (const account::KeywordId keyword : keywords) add_once(email.keywords, keyword);
  add_once(email.folders, folder);
}

void CopiedEmails::finish(Views views) {
  boost::unordered::erase_if(emails_, [](const auto& email) { return email.second.messages < 2; });
  std::map<account::FolderId, std::set<account::ItemId>> in_doubt;  // conversations of emails that are read elsewhere
  for (const auto& [where, count] : unread_) {
    const Together* const email = find(where.first);
    if (email == nullptr) continue;
    const bool unread = is_unread(email->flags);
    if (!unread) in_doubt[where.second].insert(email->thread);
    const std::uint32_t less = unread ? count - 1 : count;
    if (less > 0) unread_less_[where.second] += less;
  }
  for (const auto& view : views) {
    const auto threads = in_doubt.find(view->folder);
    if (threads == in_doubt.end()) continue;
    for (const Line& line : view->lines) {
      if (!is_unread(line.flags)) continue;
      const Together* const email = find(line.email);
      if (email == nullptr || is_unread(email->flags)) threads->second.erase(line.thread);
    }
    unread_threads_less_[view->folder] = static_cast<std::uint32_t>(threads->second.size());
  }
  unread_.clear();
  octets_ = emails_.bucket_count() * sizeof(Together) + emails_.size() * kEmailOctets;
}

CopiedEmails::CopiedEmails(Views views) {
  if (!gather(views)) return;
  for (const auto& view : views) {
    for (const Line& line : view->lines) {
      if (line.email < lowest_ || line.email > highest_) continue;
      const auto found = emails_.find(line.email);
      if (found == emails_.end()) continue;
      add(view->folder, line.item, line.thread, line.flags, view->keywords[line.keywords], found->second);
      if (is_unread(line.flags)) ++unread_[{line.email, view->folder}];
    }
  }
  finish(views);
}

Result<CopiedEmails> CopiedEmails::of(account::Account& account, Views views) {
  CopiedEmails out;
  if (!out.gather(views)) return out;
  std::size_t lines = 0;
  for (const auto& view : views) lines += view->lines.size();
  if (out.emails_.size() > lines / kLinesForOne) return CopiedEmails(views);
  std::vector<account::ItemId> asked;
  for (const auto& [email, together] : out.emails_) asked.push_back(email);
  GP_TRY(const auto found, account.messages_of(asked));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    for (const account::Placed& one : found[i]) {
      const std::uint8_t flags = one.row.flags.system;
      if ((flags & account::flag::kDeleted) != 0 ||
          std::ranges::none_of(views, [&](const auto& view) { return view->folder == one.folder; })) {
        continue;
      }
      out.add(one.folder, one.row.item, one.row.thread, flags, one.row.flags.keywords, out.emails_[asked[i]]);
      if (is_unread(flags)) ++out.unread_[{asked[i], one.folder}];
    }
  }
  out.finish(views);
  return out;
}

}  // namespace gatepost::jmap
