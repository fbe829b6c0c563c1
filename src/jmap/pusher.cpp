#include "jmap/pusher.hpp"

#include <algorithm>

#include "jmap/events.hpp"
#include "jmap/ids.hpp"
#include "jmap/server.hpp"

namespace gatepost::jmap {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPushGather{2};  // changes that come together are told together
constexpr std::chrono::seconds kPushRetry{30};  // doubles with each try in vain
constexpr std::chrono::seconds kMostRetry{3'600};
constexpr std::chrono::seconds kFirst{0};

}  // namespace

// What was told to one subscription.
struct Pusher::Told {
  std::string states;
  bool verification_sent = false;
  std::uint32_t failures = 0;
};

struct Pusher::User {
  std::optional<SteadyClock::time_point> due;
  bool busy = false, again = false;
  // Of whoever made it busy.
  bool known = false;
  std::map<std::string, Told> told;
  std::vector<std::unique_ptr<account::Watch>> watches;
};

Pusher::Pusher(Server& server, const Services& services, PushGateway& gateway) noexcept
    : server_(server), services_(services), gateway_(gateway) {}

Pusher::~Pusher() {
  for (auto& thread : threads_) thread.request_stop();
  wake_.notify_all();
  threads_.clear();
  // Watches end before what they call.
  std::map<directory::PrincipalId, std::shared_ptr<User>> users;
  {
    const std::scoped_lock lock(mutex_);
    users.swap(users_);
  }
  users.clear();
}

Result<> Pusher::start(std::size_t threads) {
  GP_TRY(const auto subscribers, gateway_.subscribers());
  for (const directory::PrincipalId id : subscribers) look_at(id);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
  return {};
}

void Pusher::look_at(directory::PrincipalId user) {
  {
    const std::scoped_lock lock(mutex_);
    auto& entry = users_[user];
    if (!entry) entry = std::make_shared<User>();
    const auto due = SteadyClock::now() + (entry->known ? kPushGather : kFirst);
    if (entry->busy)
      entry->again = true;
    else if (!entry->due || *entry->due > due)
      entry->due = due;
  }
  wake_.notify_all();
}

bool Pusher::may_subscribe(directory::PrincipalId user) {
  const auto hour = std::chrono::floor<std::chrono::hours>(services_.clock.now()).time_since_epoch().count();
  const std::scoped_lock lock(mutex_);
  std::erase_if(made_, [&](const auto& one) { return one.second.hour != hour; });
  Hour& made = made_[user];
  made.hour = hour;
  return ++made.made <= kMostAnHour;
}

Result<bool> Pusher::note(directory::PrincipalId user, bool has_some) {
  GP_CHECK(gateway_.note_subscriber(user, has_some));
  return true;
}

// With mutex_: who is next, when his time has come or not.
std::map<directory::PrincipalId, std::shared_ptr<Pusher::User>>::iterator Pusher::next() {
  auto out = users_.end();
  for (auto it = users_.begin(); it != users_.end(); ++it) {
    const User& user = *it->second;
    if (!user.busy && user.due && (out == users_.end() || *user.due < *out->second->due)) out = it;
  }
  return out;
}

void Pusher::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto next = this->next();
    if (next == users_.end()) {
      wake_.wait(lock, stop, [this] { return this->next() != users_.end(); });
      continue;
    }
    if (const auto due = *next->second->due; due > SteadyClock::now()) {
      wake_.wait_until(lock, stop, due, [this, due] {
        const auto other = this->next();
        return other == users_.end() || *other->second->due < due;
      });
      continue;
    }
    const directory::PrincipalId id = next->first;
    const std::shared_ptr<User> user = next->second;
    user->busy = true;
    user->due.reset();
    lock.unlock();
    std::optional<std::chrono::seconds> again;
    try {
      again = serve(id, *user, stop);
    } catch (const std::exception& e) {
      services_.log.write(event::kPushProblem, {{"account", static_cast<std::uint64_t>(id)}, {"detail", e.what()}});
      again = kMostRetry;
    }
    lock.lock();
    user->busy = false;
    user->known = true;
    if (std::exchange(user->again, false)) again = std::min(again.value_or(kPushGather), kPushGather);
    if (again) {
      user->due = SteadyClock::now() + *again;
      wake_.notify_all();
    } else if (user->told.empty()) {
      users_.erase(id);
    }
  }
}

std::optional<std::chrono::seconds> Pusher::serve(directory::PrincipalId id, User& user, const std::stop_token& stop) {
  const auto problem = [&](const Error& error) {
    services_.log.write(event::kPushProblem, {{"account", static_cast<std::uint64_t>(id)}, {"detail", error.detail}});
    return kMostRetry;
  };
  const auto nothing = [&]() -> std::optional<std::chrono::seconds> {
    user.told.clear();
    user.watches.clear();
    if (const auto noted = gateway_.note_subscriber(id, false); !noted) return problem(noted.error());
    return std::nullopt;
  };
  const auto principal = services_.directory.principal(id);
  if (!principal && principal.error().code == Errc::not_found) return nothing();
  if (!principal) return problem(principal.error());
  const auto account = services_.accounts.open(account::AccountId{static_cast<std::uint64_t>(id)});
  if (!account) return problem(account.error());
  const auto subscriptions = push_subscriptions_of(**account, services_.clock.now());
  if (!subscriptions) return problem(subscriptions.error());
  if (subscriptions->empty()) return nothing();
  if (user.watches.empty()) {
    user.watches = server_.watch(*principal, [this, id] { look_at(id); });
  }
  std::erase_if(user.told, [&](const auto& one) {
    return std::ranges::find(*subscriptions, one.first, &PushSubscription::id) == subscriptions->end();
  });
  std::optional<std::chrono::seconds> again;
  for (const PushSubscription& s : *subscriptions) {
    if (stop.stop_requested()) return std::nullopt;
    const auto [told, fresh] = user.told.try_emplace(s.id);
    const std::string states = server_.states(*principal, s.types.value_or(std::vector<std::string>()));
    PushMessage message{.url = s.url, .p256dh = s.p256dh, .auth = s.auth, .content = {}, .verifies = !s.verified};
    if (!s.verified) {
      if (told->second.verification_sent) continue;
      message.content = json::serialize(
          json::object{{"@type", "PushVerification"}, {"pushSubscriptionId", s.id}, {"verificationCode", s.code}});
    } else if (told->second.states.empty() || told->second.states == states) {
      // What is known when it begins is what the client has read, or reads when it begins.
      told->second.states = states;
      continue;
    } else {
      message.content = states;
    }
    switch (gateway_.send(message, stop)) {
      case Pushed::taken:
        told->second.failures = 0;
        told->second.states = states;
        told->second.verification_sent = true;
        break;
      case Pushed::gone:
        if (const auto gone = forget_push(**account, s.id); !gone) return problem(gone.error());
        user.told.erase(told);
        again = kPushGather;
        break;
      case Pushed::later: {
        const std::uint32_t doubled = std::min<std::uint32_t>(told->second.failures++, 7);
        const auto wait = std::min(kMostRetry, kPushRetry * (1 << doubled));
        again = std::min(again.value_or(wait), wait);
        break;
      }
    }
  }
  return again;
}

}  // namespace gatepost::jmap
