#include "http/server/misses.hpp"

#include <algorithm>
#include <functional>

namespace gatepost::http::server {

bool Misses::missed(const IpAddress& client, std::string_view path, std::uint32_t limit, SteadyPoint now) {
  const std::lock_guard lock(mutex_);
  const IpAddress key = client.limit_key();
  if (!clients_.contains(key)) make_room(now);
  any_.store(true, std::memory_order_relaxed);
  Client& one = clients_.try_emplace(key, Client{now, {}}).first->second;
  if (now - one.since > kWindow) one = {now, {}};
  const std::size_t hash = std::hash<std::string_view>()(path);
  if (std::ranges::find(one.paths, hash) == one.paths.end()) one.paths.push_back(hash);
  if (one.paths.size() < limit) return false;
  clients_.erase(key);
  return true;
}

void Misses::found(const IpAddress& client) {
  if (!any_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  clients_.erase(client.limit_key());
  any_.store(!clients_.empty(), std::memory_order_relaxed);
}

void Misses::make_room(SteadyPoint now) {
  if (clients_.size() < kMostClients) return;
  std::erase_if(clients_, [&](const auto& one) { return now - one.second.since > kWindow; });
  if (clients_.size() < kMostClients) return;
  clients_.erase(std::ranges::min_element(clients_, {}, [](const auto& one) { return one.second.since; }));
}

}  // namespace gatepost::http::server
