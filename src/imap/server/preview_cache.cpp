#include "imap/server/preview_cache.hpp"

#include <cstring>
#include <utility>

namespace gatepost::imap::server {

std::size_t PreviewCache::Hash::operator()(const Key& key) const {
  std::size_t digest;
  std::memcpy(&digest, key.body.sha256.data(), sizeof digest);
  return digest ^ static_cast<std::size_t>(key.account);
}

void PreviewCache::put(Key key, std::string text) {
  if (young_.size() >= kKept / 2) old_ = std::exchange(young_, {});
  young_.insert_or_assign(key, std::move(text));
}

std::optional<std::string> PreviewCache::find(account::AccountId account, const account::Body& body) {
  const Key key{account, body};
  const std::scoped_lock lock(mutex_);
  if (const auto found = young_.find(key); found != young_.end()) return found->second;
  const auto found = old_.find(key);
  if (found == old_.end()) return std::nullopt;
  std::string text = std::move(found->second);
  old_.erase(found);
  put(key, text);
  return text;
}

void PreviewCache::keep(account::AccountId account, const account::Body& body, std::string_view text) {
  const std::scoped_lock lock(mutex_);
  put({account, body}, std::string(text));
}

}  // namespace gatepost::imap::server
