#include "daemon/hook_queue.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace gatepost::daemon {

std::list<HookQueue::Entry>::iterator HookQueue::add(Job job, bool awaited) {
  job.id = ++last_id_;
  Entry entry;
  entry.job = std::move(job);
  entry.awaited = awaited;
  // What nobody waits for must not pile up when no program ever comes.
  if (entries_.size() >= kMost) {
    const auto old = std::ranges::find(entries_, false, &Entry::awaited);
    if (old != entries_.end()) entries_.erase(old);
  }
  const auto at = entries_.insert(entries_.end(), std::move(entry));
  changed_.notify_all();
  return at;
}

acme::Outcome<> HookQueue::run(Job job, std::chrono::seconds timeout, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const auto entry = add(std::move(job), true);
  const bool finished = changed_.wait_for(lock, stop, timeout, [&] { return entry->finished; });
  const Entry result = *entry;
  entries_.erase(entry);
  if (!finished && stop.stop_requested()) return acme::told_to_stop();
  if (!finished && !result.given) {
    return acme::failed(
        fmt::format("no hook program asked for the DNS record {} within {} s", result.job.record, timeout.count()),
        "run gatepost certificate hook PROGRAM (gatepost-dns-hook.service), or name a [acme] dns_server");
  }
  if (!finished) {
    return acme::failed(
        fmt::format("the hook program has not made the DNS record {} within {} s", result.job.record, timeout.count()),
        "look at the program; [acme] hook_timeout gives it more time");
  }
  if (result.ok) return {};
  return acme::failed(
      fmt::format("the hook program could not make the DNS record {}: {}", result.job.record, result.detail),
      "look at the program and what it says");
}

void HookQueue::leave(Job job) {
  const std::lock_guard lock(mutex_);
  add(std::move(job), false);
}

std::optional<HookQueue::Job> HookQueue::next(std::chrono::milliseconds wait, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  auto found = entries_.end();
  const auto ready = [&] {
    const SteadyPoint now = clock_.steady();
    found = std::ranges::find_if(entries_,
                                 [&](const Entry& e) { return !e.finished && (!e.given || now - *e.given > kAgain); });
    return found != entries_.end();
  };
  if (!changed_.wait_for(lock, stop, wait, ready)) return std::nullopt;
  found->given = clock_.steady();
  return found->job;
}

bool HookQueue::done(std::uint64_t id, bool ok, std::string detail) {
  const std::lock_guard lock(mutex_);
  const auto entry = std::ranges::find_if(entries_, [&](const Entry& e) { return e.job.id == id; });
  if (entry == entries_.end()) return false;
  if (!entry->awaited) {
    entries_.erase(entry);
    return true;
  }
  entry->finished = true;
  entry->ok = ok;
  entry->detail = std::move(detail);
  changed_.notify_all();
  return true;
}

}  // namespace gatepost::daemon
