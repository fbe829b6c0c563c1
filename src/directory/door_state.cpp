#include "directory/door_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/utf8.hpp"

// Who is signed in.
namespace gatepost::directory {
namespace {

constexpr int kSignInAttempts = 3;  // when passwords change during a sign-in
constexpr std::size_t kRememberedRevokes = 1024;

}  // namespace

class Door::State::Session final : public SignedIn {
 public:
  // Shares the registry, which may have to outlive the door for the moment of leaving.
  Session(std::shared_ptr<State> state, std::shared_ptr<Entry> entry)
      : state_(std::move(state)), entry_(std::move(entry)) {}
  ~Session() override { state_->leave(entry_); }
  const Principal& principal() const override { return entry_->principal; }
  bool revoked() const override {
    return entry_->revoked.load(std::memory_order_acquire) ||
           (entry_->ends != TimePoint{} && state_->clock.now() >= entry_->ends);
  }
  bool opens_http() const override { return entry_->opens_http; }
  void set_program(std::string_view program) override {
    const Lock lock(state_->mutex);
    entry_->program = utf8::sanitize(program.substr(0, kMaxProgramOctets));
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Entry> entry_;
};

Result<std::unique_ptr<SignedIn>> Door::State::enter(const std::shared_ptr<State>& self, Principal principal,
                                                     std::uint64_t noted, const DoorContext& context,
                                                     std::function<void()> on_revoked, bool opens_http,
                                                     TimePoint ends) {
  auto entry = std::make_shared<Entry>();
  entry->principal = std::move(principal);
  entry->service = context.service;
  entry->web_session = context.web_session;
  entry->remote = context.remote;
  entry->since = clock.now();
  entry->on_revoked = std::move(on_revoked);
  entry->ends = ends;
  entry->opens_http = opens_http;
  std::size_t open = 0;
  {
    const Lock lock(mutex);
    const PrincipalId id = entry->principal.id;
    if (revoked_since(noted, id)) return fail(Errc::conflict, "the account was changed during the sign-in");
    Entries& entries = sessions[{id, context.service}];
    open = entries.size();
    if (policy->sessions_per_account == 0 || open < policy->sessions_per_account) {
      entry->number = ++last_number;
      entries.insert(entry);
      if (ends != TimePoint{}) ending.emplace(ends, entry);
      ++services[context.service];
      if (seen) seen(context.service, id);
      return std::make_unique<Session>(self, entry);
    }
  }
  refused_sessions.add();
  log.write(event::kTooManySessions, {{"conn", context.connection_id},
                                      {"service", context.service},
                                      {"name", entry->principal.address},
                                      {"sessions", open}});
  return fail(Errc::limit, fmt::format("{} has {} sessions already", entry->principal.address, open));
}

Result<std::unique_ptr<SignedIn>> Door::State::enter_with_password(const std::shared_ptr<State>& self,
                                                                   Authenticator& authenticator, std::string_view name,
                                                                   const Secret& password, const DoorContext& context,
                                                                   const std::function<void()>& on_revoked) {
  const auto prove = [&] { return authenticator.with_password(name, password, sign_in_context(context)); };
  const auto opens_http = [&](const Principal& principal) {
    const SignInPurpose purpose{.service = "http", .remote = context.remote};
    return authenticator.directory().is_for(principal.id, password, purpose);
  };
  return enter_with_proof(self, prove, opens_http, context, on_revoked);
}

Result<std::unique_ptr<SignedIn>> Door::State::enter_with_proof(const std::shared_ptr<State>& self,
                                                                const std::function<Result<Principal>()>& prove,
                                                                const std::function<bool(const Principal&)>& opens_http,
                                                                const DoorContext& context,
                                                                const std::function<void()>& on_revoked) {
  for (int attempt = 0; attempt < kSignInAttempts; ++attempt) {
    const std::uint64_t noted = revokes();
    GP_TRY(Principal principal, prove());
    const bool opens = opens_http && opens_http(principal);
    auto entered = enter(self, std::move(principal), noted, context, on_revoked, opens);
    if (entered || entered.error().code != Errc::conflict) return entered;
  }
  return fail(Errc::unavailable, "the account is being changed all the time");
}

void Door::State::broken(const DoorContext& context, std::string_view mechanism, std::string_view name,
                         const Error& why) const {
  log.write(event::kBroken, {{"conn", context.connection_id},
                             {"service", context.service},
                             {"remote", context.remote.to_string()},
                             {"mechanism", mechanism},
                             {"name", name},
                             {"code", to_string(why.code)},
                             {"detail", why.detail}});
}

void Door::State::leave(const std::shared_ptr<Entry>& entry) {
  const Lock lock(mutex);
  const auto at = sessions.find({entry->principal.id, entry->service});
  at->second.erase(entry);
  if (at->second.empty()) sessions.erase(at);
  --services[entry->service];
  if (entry->ends != TimePoint{}) ending.erase({entry->ends, entry});
}

Result<std::unique_ptr<SignedIn>> Door::State::enter_with_token(const std::shared_ptr<State>& self,
                                                                Authenticator& authenticator, Tokens& tokens,
                                                                std::string_view name, const Secret& token,
                                                                const DoorContext& context,
                                                                const std::function<void()>& on_revoked) {
  for (int attempt = 0; attempt < kSignInAttempts; ++attempt) {
    const std::uint64_t noted = revokes();
    GP_TRY(Authenticator::ByToken found, authenticator.with_token(tokens, name, token, sign_in_context(context)));
    auto entered = enter(self, std::move(found.principal), noted, context, on_revoked, true, found.ends);
    if (entered || entered.error().code != Errc::conflict) return entered;
  }
  return fail(Errc::unavailable, "the account is being changed all the time");
}

std::size_t Door::State::end_expired() {
  const TimePoint now = clock.now();
  std::vector<std::shared_ptr<Entry>> ended;
  {
    const Lock lock(mutex);
    while (!ending.empty() && ending.begin()->first <= now) {
      ended.push_back(ending.begin()->second);
      ending.erase(ending.begin());
    }
  }
  for (const auto& entry : ended) {
    entry->revoked.store(true, std::memory_order_release);
    log.write(event::kTokenEnded, {{"name", entry->principal.address}, {"service", entry->service}});
    if (entry->on_revoked) entry->on_revoked();
  }
  return ended.size();
}

std::size_t Door::State::revoke(PrincipalId id) {
  std::vector<std::shared_ptr<Entry>> ended;
  {
    const Lock lock(mutex);
    ++revoke_count;
    recent.push_back(id);
    if (recent.size() > kRememberedRevokes) recent.pop_front();
    for (auto at = sessions.lower_bound({id, ""}); at != sessions.end() && at->first.first == id; ++at) {
      ended.insert(ended.end(), at->second.begin(), at->second.end());
    }
  }
  end(ended);
  revoked_sessions.add(ended.size());
  if (!ended.empty()) {
    log.write(event::kRevoked, {{"name", ended.front()->principal.address}, {"sessions", ended.size()}});
  }
  return ended.size();
}

std::size_t Door::State::end_web_session(PrincipalId id, std::string_view session) {
  return end_those(id, [&](const Entry& entry) {
    return !entry.web_session.empty() && (session.empty() || entry.web_session == session);
  });
}

std::size_t Door::State::end_those(PrincipalId id, const std::function<bool(const Entry&)>& which) {
  std::vector<std::shared_ptr<Entry>> ended;
  {
    const Lock lock(mutex);
    for (auto at = sessions.lower_bound({id, ""}); at != sessions.end() && at->first.first == id; ++at) {
      std::ranges::copy_if(at->second, std::back_inserter(ended), [&](const auto& entry) { return which(*entry); });
    }
  }
  end(ended);
  return ended.size();
}

void Door::State::end(const std::vector<std::shared_ptr<Entry>>& entries) {
  for (const auto& entry : entries) {
    entry->revoked.store(true, std::memory_order_release);
    if (entry->on_revoked) entry->on_revoked();
  }
}

}  // namespace gatepost::directory
