#include "directory/door.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <iterator>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "base/ascii.hpp"
#include "base/mutex.hpp"
#include "base/utf8.hpp"
#include "directory/events.hpp"
#include "sasl/bearer.hpp"

namespace gatepost::directory {
namespace {

constexpr int kSignInAttempts = 3;  // when passwords change during a sign-in
constexpr std::size_t kRememberedRevokes = 1024;

bool is_allowed(const DoorPolicy& policy, sasl::Mechanism mechanism) {
  return policy.mechanisms.empty() || std::ranges::any_of(policy.mechanisms, [&](const std::string& name) {
           return ascii::iequals(name, sasl::to_string(mechanism));
         });
}

bool takes_tokens(const Tokens* tokens, const DoorPolicy& policy, const DoorContext& context) {
  return tokens != nullptr && context.tls && tokens->any() &&
         (is_allowed(policy, sasl::Mechanism::oauthbearer) || is_allowed(policy, sasl::Mechanism::xoauth2));
}

sasl::Offer offer_of(const DoorPolicy& policy, const Tokens* tokens, Tickets* tickets, const DoorContext& context) {
  // Where -PLUS may not be used it does not exist, and a client that says "you do not have it" is right (RFC 5802 6).
  const bool plus =
      is_allowed(policy, sasl::Mechanism::scram_sha256_plus) || is_allowed(policy, sasl::Mechanism::scram_sha1_plus);
  return {.tls = context.tls,
          .without_tls = policy.without_tls,
          .channel_binding = plus ? context.channel_binding : std::string(),
          .tokens = takes_tokens(tokens, policy, context),
          .certificate = context.tls && !context.certificate_names.empty(),
          .tickets = tickets,
          .ticket_service = std::string(ticket_service(context.service))};
}

bool takes_passwords(const DoorPolicy& policy, const DoorContext& context) {
  return (context.tls || policy.without_tls) &&
         (is_allowed(policy, sasl::Mechanism::plain) || is_allowed(policy, sasl::Mechanism::login));
}

SignInContext sign_in_context(const DoorContext& context) {
  return {context.remote, context.service, context.connection_id, context.proxied, context.renewing};
}

}  // namespace

// Who is signed in, and which principals were revoked lately. Thread-safe.
struct Door::State {
  // One session, known to the registry for as long as it lives.
  struct Entry {
    Principal principal;
    std::string service, web_session;
    IpAddress remote;
    TimePoint since{};
    std::uint64_t number = 0;
    std::string program;  // guarded by the registry's mutex
    std::function<void()> on_revoked;
    TimePoint ends{};  // of the token or certificate; epoch: never
    bool opens_http = false;
    std::atomic<bool> revoked{false};
  };
  using Entries = std::unordered_set<std::shared_ptr<Entry>>;
  State(DoorPolicy p, const Clock& c, Log& l, Metrics& m)
      : clock(c),
        log(l),
        refused_sessions(m.counter("gatepost_sessions_refused_total", "",
                                   "Sign-ins refused because the account has its maximum of sessions.")),
        revoked_sessions(
            m.counter("gatepost_sessions_revoked_total", "",
                      "Sessions ended because the account was disabled, deleted or got another password.")),
        policy(std::make_shared<const DoorPolicy>(std::move(p))) {}

  std::shared_ptr<const DoorPolicy> current() {
    const Lock lock(mutex);
    return policy;
  }
  // What a sign-in notes at its beginning: a revoke after it makes what it found out worthless.
  std::uint64_t revokes() {
    const Lock lock(mutex);
    return revoke_count;
  }
  bool revoked_since(std::uint64_t noted, PrincipalId id) GP_REQUIRES(mutex) {
    if (revoke_count - noted > recent.size()) return true;  // forgotten: assume the worst
    const auto fresh = static_cast<std::ptrdiff_t>(recent.size() - (revoke_count - noted));
    return std::find(recent.begin() + fresh, recent.end(), id) != recent.end();
  }

  // Errc::conflict: credentials of this principal were changed since `noted`.
  Result<std::unique_ptr<SignedIn>> enter(const std::shared_ptr<State>& self, Principal principal, std::uint64_t noted,
                                          const DoorContext& context, std::function<void()> on_revoked, bool opens_http,
                                          TimePoint ends = {});
  // Checks the password and enters; whoever changed it meanwhile makes it look again.
  Result<std::unique_ptr<SignedIn>> enter_with_password(const std::shared_ptr<State>& self,
                                                        Authenticator& authenticator, std::string_view name,
                                                        const Secret& password, const DoorContext& context,
                                                        const std::function<void()>& on_revoked);
  Result<std::unique_ptr<SignedIn>> enter_with_proof(const std::shared_ptr<State>& self,
                                                     const std::function<Result<Principal>()>& prove,
                                                     const std::function<bool(const Principal&)>& opens_http,
                                                     const DoorContext& context,
                                                     const std::function<void()>& on_revoked);
  // Asks whose the token is, and enters. The same Tokens for all of them.
  Result<std::unique_ptr<SignedIn>> enter_with_token(const std::shared_ptr<State>& self, Authenticator& authenticator,
                                                     Tokens& tokens, std::string_view name, const Secret& token,
                                                     const DoorContext& context,
                                                     const std::function<void()>& on_revoked);
  void leave(const std::shared_ptr<Entry>& entry);
  // Says that somebody's sign-in was no proof of anything.
  void broken(const DoorContext& context, std::string_view mechanism, std::string_view name, const Error& why) const;
  std::size_t revoke(PrincipalId id);
  std::size_t end_web_session(PrincipalId id, std::string_view session);
  // Ends those of the principal for which `which` is true.
  std::size_t end_those(PrincipalId id, const std::function<bool(const Entry&)>& which);
  static void end(const std::vector<std::shared_ptr<Entry>>& entries);
  std::size_t end_expired();

  const Clock& clock;
  Log& log;
  Counter& refused_sessions;
  Counter& revoked_sessions;
  std::function<void(std::string_view, PrincipalId)> seen;  // set before there are sessions
  Mutex mutex;
  std::shared_ptr<const DoorPolicy> policy GP_GUARDED_BY(mutex);  // immutable, shared with sign-ins that go on
  std::map<std::pair<PrincipalId, std::string>, Entries> sessions GP_GUARDED_BY(mutex);
  std::map<std::string, std::size_t, std::less<>> services GP_GUARDED_BY(mutex);       // their sessions
  std::set<std::pair<TimePoint, std::shared_ptr<Entry>>> ending GP_GUARDED_BY(mutex);  // those by what ends
  std::uint64_t last_number GP_GUARDED_BY(mutex) = 0;
  std::uint64_t revoke_count GP_GUARDED_BY(mutex) = 0;
  std::deque<PrincipalId> recent GP_GUARDED_BY(mutex);  // the last of the revokes

  class Session;
  class Conversation;
};

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

// Between one SASL exchange and the directory.
class Door::State::Conversation final : public SignIn, private sasl::Credentials {
 public:
  Conversation(std::shared_ptr<State> state, Authenticator& authenticator, Tokens* tokens, Tickets* tickets,
               DoorContext context, std::function<void()> on_revoked)
      : state_(std::move(state)),
        authenticator_(authenticator),
        tokens_(tokens),
        tickets_(tickets),
        context_(std::move(context)),
        on_revoked_(std::move(on_revoked)),
        noted_(state_->revokes()) {}

  Result<> open(sasl::Library& library, std::string_view mechanism, const sasl::Offer& offer) {
    mechanism_ = mechanism;
    GP_TRY(exchange_, library.server(mechanism, offer, *this));
    return {};
  }

  SignInStep begin(std::optional<std::string_view> initial) override {
    if (exchange_ == nullptr) return over();
    return take(exchange_->begin(initial));
  }
  SignInStep answer(std::string_view response) override {
    // RFC 7628 3.2.3: whatever the client says to the refusal, now it has failed.
    if (token_error_) return *std::exchange(token_error_, std::nullopt);
    if (exchange_ == nullptr) return over();
    return take(exchange_->step(response));
  }

 private:
  static SignInStep over() { return Error{Errc::invalid, "the sign-in is over"}; }

  Result<std::optional<sasl::ScramVerifier>> scram_verifier(std::string_view name, std::string_view hash) override {
    refused_ = true;
    GP_CHECK(authenticator_.may_try(name, sign_in_context(context_)));
    refused_ = false;
    return authenticator_.directory().scram_verifier(name, hash);
  }

  SignInStep take(sasl::Step step) {
    if (auto* challenge = std::get_if<sasl::Challenge>(&step)) return std::move(*challenge);
    exchange_.reset();
    if (auto* check = std::get_if<sasl::CheckPassword>(&step)) {
      return step_of(
          state_->enter_with_password(state_, authenticator_, check->name, check->password, context_, on_revoked_));
    }
    if (auto* check = std::get_if<sasl::CheckToken>(&step)) return take_token(check->name, check->token);
    if (auto* check = std::get_if<sasl::CheckCertificate>(&step)) return take_certificate(check->name);
    if (auto* check = std::get_if<sasl::CheckTicket>(&step)) return take_ticket(check->client, check->name);
    if (auto* proven = std::get_if<sasl::Proven>(&step)) {
      auto principal = authenticator_.password_proven(proven->name, sign_in_context(context_));
      if (!principal) return std::move(principal).error();
      auto entered = state_->enter(state_, *std::move(principal), noted_, context_, on_revoked_, true);
      // The password that was proven may be the old one.
      if (!entered && entered.error().code == Errc::conflict) return Error{Errc::unavailable, entered.error().detail};
      return step_of(std::move(entered));
    }
    return failed(std::get<sasl::Failed>(std::move(step)));
  }

  // A client whose token is refused is told so by a challenge, and where to get another one (RFC 7628 3.2.2).
  SignInStep take_token(std::string_view name, const Secret& token) {
    Error error{Errc::unauthenticated, "the client has no token"};
    if (!token.empty()) {
      auto entered = state_->enter_with_token(state_, authenticator_, *tokens_, name, token, context_, on_revoked_);
      if (entered) return *std::move(entered);
      error = std::move(entered).error();
    }
    if (error.code != Errc::unauthenticated && error.code != Errc::forbidden) return error;
    const Tokens::Advice advice = tokens_->advice();
    const char* const status = error.code == Errc::forbidden ? "insufficient_scope" : "invalid_token";
    if (error.code == Errc::forbidden) error.code = Errc::denied;
    token_error_ = std::move(error);
    return sasl::Challenge{sasl::write_token_refusal({status, advice.scope, advice.openid_configuration})};
  }

  SignInStep take_certificate(const std::string& name) {
    GP_ASSERT(!context_.certificate_names.empty());
    auto principal = authenticator_.with_certificate(context_.certificate_names, name, sign_in_context(context_));
    if (!principal) return std::move(principal).error();
    auto entered =
        state_->enter(state_, *std::move(principal), noted_, context_, on_revoked_, false, context_.certificate_until);
    if (!entered && entered.error().code == Errc::conflict) return Error{Errc::unavailable, entered.error().detail};
    return step_of(std::move(entered));
  }

  SignInStep take_ticket(const std::string& client, const std::string& name) {
    GP_ASSERT(tickets_ != nullptr);
    const auto prove = [&] { return authenticator_.with_ticket(*tickets_, client, name, sign_in_context(context_)); };
    return step_of(state_->enter_with_proof(state_, prove, {}, context_, on_revoked_));
  }

  SignInStep failed(sasl::Failed failure) {
    if (failure.former) {
      authenticator_.outdated(failure.name, sign_in_context(context_));
    } else if (!failure.fingerprint.empty() && failure.error.code == Errc::unauthenticated) {
      authenticator_.failed(failure.name, sign_in_context(context_), failure.fingerprint.reveal());
    } else if (!refused_) {
      state_->broken(context_, mechanism_, failure.name, failure.error);
    }
    return std::move(failure.error);
  }

  static SignInStep step_of(Result<std::unique_ptr<SignedIn>> entered) {
    if (!entered) return std::move(entered).error();
    return *std::move(entered);
  }

  const std::shared_ptr<State> state_;  // shared as Session's
  Authenticator& authenticator_;
  Tokens* const tokens_;
  Tickets* const tickets_;
  const DoorContext context_;
  const std::function<void()> on_revoked_;
  const std::uint64_t noted_;
  std::optional<Error> token_error_;  // after the challenge that says it
  std::string mechanism_;
  bool refused_ = false;  // by the limits, which have logged it
  std::unique_ptr<sasl::Exchange> exchange_;
};

Door::Door(sasl::Library& library, Authenticator& authenticator, DoorPolicy policy, Log& log, Metrics& metrics)
    : library_(library),
      authenticator_(authenticator),
      state_(std::make_shared<State>(std::move(policy), authenticator.clock(), log, metrics)) {}

Door::~Door() = default;

void Door::set_policy(DoorPolicy policy) {
  auto fresh = std::make_shared<const DoorPolicy>(std::move(policy));
  const Lock lock(state_->mutex);
  state_->policy = std::move(fresh);
}

std::vector<sasl::Mechanism> Door::mechanisms(const DoorContext& context) const {
  const auto policy = state_->current();
  auto offered = sasl::mechanisms(offer_of(*policy, tokens_, tickets_, context));
  std::erase_if(offered, [&](sasl::Mechanism m) { return !is_allowed(*policy, m); });
  return offered;
}

bool Door::takes_passwords(const DoorContext& context) const {
  return directory::takes_passwords(*state_->current(), context);
}

Result<std::unique_ptr<SignIn>> Door::start(std::string_view mechanism, DoorContext context,
                                            std::function<void()> revoked) {
  const auto named = sasl::mechanism_named(mechanism);
  const auto policy = state_->current();
  if (!named || !is_allowed(*policy, *named)) return fail(Errc::unsupported, "a mechanism that is not offered");
  const sasl::Offer offer = offer_of(*policy, tokens_, tickets_, context);
  auto conversation = std::make_unique<State::Conversation>(state_, authenticator_, tokens_, tickets_,
                                                            std::move(context), std::move(revoked));
  GP_CHECK(conversation->open(library_, sasl::to_string(*named), offer));
  return conversation;
}

Result<std::unique_ptr<SignedIn>> Door::with_password(std::string_view name, const Secret& password,
                                                      const DoorContext& context, std::function<void()> revoked) {
  if (!takes_passwords(context)) return fail(Errc::denied, "passwords are not taken on this connection");
  return state_->enter_with_password(state_, authenticator_, name, password, context, revoked);
}

Result<Door::Coded> Door::with_code(std::string_view name, const Secret& password, const Secret& code,
                                    const DoorContext& context, std::function<void()> revoked) {
  if (!takes_passwords(context)) return fail(Errc::denied, "passwords are not taken on this connection");
  const std::uint64_t noted = state_->revokes();
  GP_TRY(auto found, authenticator_.with_code(name, password, code, sign_in_context(context)));
  if (const auto* answer = std::get_if<CodeAnswer>(&found)) return *answer;
  auto entered = state_->enter(state_, std::move(std::get<Principal>(found)), noted, context, std::move(revoked), true);
  // Not once more: the code is used up.
  if (!entered && entered.error().code == Errc::conflict) return fail(Errc::unavailable, entered.error().detail);
  if (!entered) return std::unexpected(std::move(entered).error());
  return *std::move(entered);
}

Result<std::unique_ptr<SignedIn>> Door::admit(const std::function<Result<Principal>()>& prove,
                                              const DoorContext& context, const std::function<void()>& revoked) {
  return state_->enter_with_proof(state_, prove, {}, context, revoked);
}

std::size_t Door::end_web_session(PrincipalId id, std::string_view session) {
  return state_->end_web_session(id, session);
}

std::vector<SeenSession> Door::seen(PrincipalId id) const {
  std::vector<SeenSession> out;
  {
    const Lock lock(state_->mutex);
    for (auto at = state_->sessions.lower_bound({id, ""}); at != state_->sessions.end() && at->first.first == id;
         ++at) {
      std::set<std::string_view> web;
      for (const auto& entry : at->second) {
        if (entry->revoked.load(std::memory_order_acquire)) continue;
        if (!entry->web_session.empty() && !web.insert(entry->web_session).second) continue;
        out.push_back({.number = entry->number,
                       .service = entry->service,
                       .remote = entry->remote,
                       .since = entry->since,
                       .program = entry->program,
                       .web_session = entry->web_session});
      }
    }
  }
  std::ranges::sort(out, std::ranges::greater(), &SeenSession::number);
  return out;
}

bool Door::end_session(PrincipalId id, std::uint64_t number) {
  const auto all = seen(id);
  const auto found = std::ranges::find(all, number, &SeenSession::number);
  if (found == all.end()) return false;
  // A program that is signed out comes from a device with all its connections.
  return state_->end_those(id, [&](const State::Entry& entry) {
    return entry.number == number ||
           (found->web_session.empty() && entry.web_session.empty() && entry.service == found->service &&
            entry.remote == found->remote && entry.program == found->program);
  }) > 0;
}

std::size_t Door::end_others(PrincipalId id, std::string_view web_session) {
  return state_->end_those(
      id, [&](const State::Entry& entry) { return web_session.empty() || entry.web_session != web_session; });
}

void Door::set_tokens(Tokens& tokens) { tokens_ = &tokens; }

void Door::set_tickets(Tickets& tickets) { tickets_ = &tickets; }

bool Door::takes_tokens(const DoorContext& context) const {
  return directory::takes_tokens(tokens_, *state_->current(), context);
}

bool Door::takes_tickets(const DoorContext& context) const {
  return tickets_ != nullptr && context.tls && is_allowed(*state_->current(), sasl::Mechanism::gssapi) &&
         tickets_->serves(kHttpTickets);
}

Result<std::unique_ptr<SignedIn>> Door::with_ticket(std::string_view token, const DoorContext& context,
                                                    const std::function<void()>& revoked, std::string& proof) {
  if (!takes_tickets(context)) return fail(Errc::unauthenticated, "tickets are not taken on this connection");
  const auto shown = tickets_->open(kHttpTickets);
  auto accepted = shown->accept(token);
  // A conversation of several requests would be the connection's, which proxies share among their clients.
  if (accepted && !accepted->complete) accepted = fail(Errc::unauthenticated, "it would take more than one message");
  if (!accepted) {
    state_->broken(context, "Negotiate", {}, accepted.error());
    return std::unexpected(std::move(accepted).error());
  }
  proof = std::move(accepted->reply);
  const auto prove = [&] {
    return authenticator_.with_ticket(*tickets_, shown->client(), {}, sign_in_context(context));
  };
  return state_->enter_with_proof(state_, prove, {}, context, revoked);
}

std::string Door::token_scope() const { return tokens_ != nullptr ? tokens_->advice().scope : std::string(); }

Result<std::unique_ptr<SignedIn>> Door::with_token(std::string_view name, const Secret& token,
                                                   const DoorContext& context, std::function<void()> revoked) {
  if (!takes_tokens(context)) return fail(Errc::unauthenticated, "tokens are not taken on this connection");
  return state_->enter_with_token(state_, authenticator_, *tokens_, name, token, context, revoked);
}

std::size_t Door::end_expired() { return state_->end_expired(); }

std::size_t Door::revoke(PrincipalId id) { return state_->revoke(id); }

std::size_t Door::signed_in(std::string_view service) const {
  const Lock lock(state_->mutex);
  std::size_t count = 0;
  for (const auto& [name, sessions] : state_->services) {
    if (service.empty() || service == name) count += sessions;
  }
  return count;
}

void Door::on_entered(std::function<void(std::string_view, PrincipalId)> seen) { state_->seen = std::move(seen); }

void Door::each_signed_in(const std::function<void(std::string_view, PrincipalId)>& visit) const {
  const Lock lock(state_->mutex);
  for (const auto& [whose, sessions] : state_->sessions) {
    if (!sessions.empty()) visit(whose.second, whose.first);
  }
}

}  // namespace gatepost::directory
