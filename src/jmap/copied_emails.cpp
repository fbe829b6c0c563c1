#include "jmap/copied_emails.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gatepost::jmap {
namespace {

constexpr std::size_t kEmailOctets = 128;  // about, with its lists

template <class T>
void add_once(std::vector<T>& sorted, const T& one) {
  const auto at = std::ranges::lower_bound(sorted, one);
  if (at == sorted.end() || *at != one) sorted.insert(at, one);
}

}  // namespace

CopiedEmails::CopiedEmails(std::span<const std::shared_ptr<const FolderView>> views) {
  for (const auto& view : views) {
    if (view->copies == 0) continue;
    for (const Line& line : view->lines) {
      if (!line.is_copy()) continue;
      emails_.try_emplace(line.email);
      lowest_ = std::min(lowest_, line.email);
      highest_ = std::max(highest_, line.email);
    }
  }
  if (emails_.empty()) return;
  boost::unordered_flat_map<account::ItemId, std::uint32_t> messages;
  std::map<std::pair<account::ItemId, account::FolderId>, std::uint32_t> unread;
  for (const auto& view : views) {
    for (const Line& line : view->lines) {
      if (line.email < lowest_ || line.email > highest_) continue;
      const auto found = emails_.find(line.email);
      if (found == emails_.end()) continue;
      Together& email = found->second;
      if (messages[line.email]++ == 0 || line.item < email.first) email.first = line.item;
      email.flags |= line.flags;
      for (const account::KeywordId keyword : view->keywords[line.keywords]) add_once(email.keywords, keyword);
      add_once(email.folders, view->folder);
      if (is_unread(line.flags)) ++unread[{line.email, view->folder}];
    }
  }
  boost::unordered::erase_if(emails_, [&](const auto& email) { return messages[email.first] == 1; });
  for (const auto& [where, count] : unread) {
    const Together* const email = find(where.first);
    if (email == nullptr) continue;
    const std::uint32_t less = is_unread(email->flags) ? count - 1 : count;
    if (less > 0) unread_less_[where.second] += less;
  }
  octets_ = emails_.bucket_count() * sizeof(Together) + emails_.size() * kEmailOctets;
}

}  // namespace gatepost::jmap
