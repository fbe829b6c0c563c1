#include "directory/door.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/ascii.hpp"
#include "directory/door_conversation.hpp"
#include "directory/door_state.hpp"

namespace gatepost::directory {
namespace {

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

}  // namespace

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
  return start_conversation(state_, authenticator_, tokens_, tickets_, library_, sasl::to_string(*named), offer,
                            std::move(context), std::move(revoked));
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
