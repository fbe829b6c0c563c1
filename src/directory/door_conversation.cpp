#include "directory/door_conversation.hpp"

#include <optional>
#include <utility>

#include "sasl/bearer.hpp"

namespace gatepost::directory {
namespace {

// Between one SASL exchange and the directory.
class Conversation final : public SignIn, private sasl::Credentials {
 public:
  Conversation(std::shared_ptr<Door::State> state, Authenticator& authenticator, Tokens* tokens, Tickets* tickets,
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

  const std::shared_ptr<Door::State> state_;  // shared as a session's
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

}  // namespace

Result<std::unique_ptr<SignIn>> start_conversation(std::shared_ptr<Door::State> state, Authenticator& authenticator,
                                                   Tokens* tokens, Tickets* tickets, sasl::Library& library,
                                                   std::string_view mechanism, const sasl::Offer& offer,
                                                   DoorContext context, std::function<void()> on_revoked) {
  auto conversation = std::make_unique<Conversation>(std::move(state), authenticator, tokens, tickets,
                                                     std::move(context), std::move(on_revoked));
  GP_CHECK(conversation->open(library, mechanism, offer));
  return conversation;
}

}  // namespace gatepost::directory
