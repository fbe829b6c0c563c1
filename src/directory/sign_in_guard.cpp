#include "directory/sign_in_guard.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gatepost::directory {

void SignInGuard::set_limits(SignInLimits limits) {
  const Lock lock(mutex_);
  limits_ = std::move(limits);
}

std::optional<Ban> SignInGuard::banned(const IpAddress& remote, std::string_view name) {
  const Lock lock(mutex_);
  if (bans_.empty() || contains(limits_.never_banned, remote)) return std::nullopt;
  const SteadyPoint now = clock_.steady();
  for (const std::string_view whom : {std::string_view{}, name}) {
    const auto held = bans_.find(Key(remote.limit_key(), whom));
    if (held != bans_.end() && held->second.end > now) {
      return Ban{held->first.first, held->first.second, held->second.until, held->second.reason};
    }
  }
  return std::nullopt;
}

SignInGuard::Counted SignInGuard::failed(const IpAddress& remote, std::string_view name, std::uint64_t mark) {
  const Lock lock(mutex_);
  if (contains(limits_.never_banned, remote)) return {};
  end_bans();
  const Key pair(remote.limit_key(), name), all(remote.limit_key(), "");
  Counted counted;
  counted.distinct = count(pair, mark, &counted.fresh);
  if (limits_.distinct_failures != 0 && counted.distinct >= limits_.distinct_failures) {
    counted.bans.push_back(ban(pair, fmt::format("{} distinct wrong passwords", counted.distinct)));
  }
  const std::size_t failures = count(all, mark, nullptr);
  if (limits_.address_failures != 0 && failures >= limits_.address_failures) {
    counted.bans.push_back(ban(all, fmt::format("{} failures over all accounts", failures)));
  }
  forget_old();
  return counted;
}

std::size_t SignInGuard::succeeded(const IpAddress& remote, std::string_view name) {
  const Lock lock(mutex_);
  const auto row = rows_.find(Key(remote.limit_key(), name));
  if (row == rows_.end()) return 0;
  const std::size_t slips = row->second.marks.size();
  forget(row);
  return slips;
}

std::size_t SignInGuard::count(const Key& key, std::uint64_t mark, bool* new_mark) {
  const SteadyPoint now = clock_.steady();
  const auto [at, fresh] = rows_.try_emplace(key);
  Row& row = at->second;
  if (fresh) {
    row.age = ages_.insert(ages_.end(), &at->first);
  } else {
    ages_.splice(ages_.end(), ages_, row.age);
  }
  const auto old =
      std::ranges::find_if(row.marks, [now, window = limits_.window](const Mark& m) { return now - m.at < window; });
  marks_ -= static_cast<std::size_t>(old - row.marks.begin());
  row.marks.erase(row.marks.begin(), old);
  if (std::ranges::find(row.marks, mark, &Mark::what) == row.marks.end()) {
    if (row.marks.size() >= kMaxMarksOfOne) {
      row.marks.erase(row.marks.begin());
      --marks_;
    }
    row.marks.push_back({now, mark});
    ++marks_;
    if (new_mark != nullptr) *new_mark = true;
  }
  return row.marks.size();
}

// Whoever comes back after the ban starts from nothing.
Ban SignInGuard::ban(const Key& key, std::string reason) {
  if (const auto row = rows_.find(key); row != rows_.end()) forget(row);
  if (const auto before = bans_.find(key); before != bans_.end()) unban(before);
  while (bans_.size() >= kMaxBans) unban(bans_.find(*ends_.begin()->second));
  const auto held =
      bans_.emplace(key, Held{clock_.steady() + limits_.ban, clock_.now() + limits_.ban, std::move(reason)});
  ends_.emplace(held.first->second.end, &held.first->first);
  return {key.first, key.second, held.first->second.until, held.first->second.reason};
}

void SignInGuard::forget(Rows::iterator row) {
  marks_ -= row->second.marks.size();
  ages_.erase(row->second.age);
  rows_.erase(row);
}

void SignInGuard::forget_old() {
  const SteadyPoint now = clock_.steady();
  while (!ages_.empty()) {
    const auto oldest = rows_.find(*ages_.front());
    const bool over = now - oldest->second.marks.back().at >= limits_.window;
    if (!over && rows_.size() <= kMaxCounted && marks_ <= kMaxMarks) return;
    forget(oldest);
  }
}

void SignInGuard::unban(Bans::iterator held) {
  ends_.erase({held->second.end, &held->first});
  bans_.erase(held);
}

void SignInGuard::end_bans() {
  const SteadyPoint now = clock_.steady();
  while (!ends_.empty() && ends_.begin()->first <= now) unban(bans_.find(*ends_.begin()->second));
}

std::vector<Ban> SignInGuard::bans() {
  const Lock lock(mutex_);
  end_bans();
  std::vector<Ban> list;
  for (const auto& [key, held] : bans_) {
    if (contains(limits_.never_banned, key.first)) continue;
    list.push_back({key.first, key.second, held.until, held.reason});
  }
  return list;
}

std::size_t SignInGuard::ban_count() {
  const Lock lock(mutex_);
  end_bans();
  return bans_.size();
}

std::size_t SignInGuard::counted() {
  const Lock lock(mutex_);
  return rows_.size();
}

std::size_t SignInGuard::lift(const IpAddress& remote) {
  const Lock lock(mutex_);
  end_bans();
  const IpAddress key = remote.limit_key();
  std::size_t lifted = 0;
  for (auto held = bans_.lower_bound(Key(key, "")); held != bans_.end() && held->first.first == key; ++lifted) {
    unban(held++);
  }
  for (auto row = rows_.lower_bound(Key(key, "")); row != rows_.end() && row->first.first == key;) forget(row++);
  return lifted;
}

}  // namespace gatepost::directory
