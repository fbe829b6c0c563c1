#include "directory/authenticate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <span>

#include "base/ascii.hpp"
#include "base/digest.hpp"
#include "base/mutex.hpp"
#include "base/random.hpp"
#include "base/utf8.hpp"
#include "directory/addresses.hpp"
#include "directory/events.hpp"
#include "directory/password_age.hpp"
#include "directory/second_factor.hpp"
#include "directory/sign_in_guard.hpp"

namespace gatepost::directory {
namespace {

enum class Outcome : std::uint8_t { accepted, failed, disabled, refused, unchecked, expired };
constexpr std::array<std::string_view, 6> kOutcomes{"accepted", "failed",    "disabled",
                                                    "refused",  "unchecked", "expired"};

// What names are counted and logged by: the account's address however it was written, or what was given instead.
std::string counted_name(Directory& directory, std::string_view name) {
  if (auto found = directory.find(name)) return std::move(found->address);
  if (const auto address = canonical_address(name)) return address->to_string();
  std::string shown = ascii::to_lower(utf8::sanitize(name.substr(0, kMaxAddressOctets)));
  return shown.empty() ? "?" : shown;  // empty stands for every account
}

}  // namespace

struct Authenticator::State {
  State(SignInLimits limits, const Clock& c, Log& l, Metrics& m)
      : guard(std::move(limits), c), clock(c), log(l), metrics(m) {
    SystemRandom().fill(std::as_writable_bytes(std::span(key)));
  }

  std::uint64_t mark_of(std::string_view name, std::string_view fingerprint) const {
    const std::string own = hmac_sha256({key.data(), key.size()}, name);
    const std::string tag = hmac_sha256(own, fingerprint);
    std::uint64_t mark = 0;
    std::memcpy(&mark, tag.data(), sizeof mark);
    return mark;
  }

  void count(const SignInContext& context, Outcome outcome) GP_EXCLUDES(mutex) {
    const Lock lock(mutex);
    auto at = counters.find(context.service);
    if (at == counters.end()) {
      at = counters.emplace(context.service, std::array<Counter*, kOutcomes.size()>{}).first;
      for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
        at->second[i] = &metrics.counter("gatepost_sign_ins_total",
                                         fmt::format("service=\"{}\",outcome=\"{}\"", context.service, kOutcomes[i]),
                                         "Attempts to sign in, by how they ended.");
      }
    }
    at->second[static_cast<std::size_t>(outcome)]->add();
  }

  static std::vector<Field> fields(const SignInContext& context, std::string_view name) {
    return {{"conn", context.connection_id},
            {"service", context.service},
            {"remote", context.remote.to_string()},
            {"name", name}};
  }

  Result<> allowed(std::string_view name, const SignInContext& context) {
    const auto ban = guard.banned(context.remote, name);
    if (!ban) return {};
    auto line = fields(context, name);
    line.emplace_back("until", date::format_rfc3339(ban->until));
    log.write(event::kRefused, line);
    count(context, Outcome::refused);
    return fail(Errc::limit, fmt::format("banned until {}: {}", date::format_rfc3339(ban->until), ban->reason));
  }

  void tell(SignInNews::Kind kind, const SignInContext& context, std::string_view name, std::size_t how_many = 1) {
    if (witness) witness({kind, context, name, how_many});
  }

  void failed(std::string_view name, bool known, const SignInContext& context, std::uint64_t mark) {
    const SignInGuard::Counted counted = guard.failed(context.remote, name, mark);
    count(context, Outcome::failed);
    using Kind = SignInNews::Kind;
    if (counted.fresh) tell(known ? Kind::wrong_password : Kind::unknown_name, context, name);
    for (const Ban& ban : counted.bans)
      tell(ban.name.empty() ? Kind::address_refused : Kind::pair_refused, context, name);
    auto line = fields(context, name);
    line.emplace_back("counted", counted.distinct);
    log.write(event::kFailed, line);
    for (const Ban& ban : counted.bans) {
      log.write(event::kBanned, {{"conn", context.connection_id},
                                 {"remote", ban.remote.to_string()},
                                 {"name", ban.name},
                                 {"until", date::format_rfc3339(ban.until)},
                                 {"reason", ban.reason}});
    }
  }

  Result<Principal> accepted(Principal principal, const SignInContext& context) {
    // Others may have failed from there while we calculated: no one gets more guesses by making them at once.
    GP_CHECK(allowed(principal.address, context));
    tell(SignInNews::Kind::succeeded, context, principal.address, guard.succeeded(context.remote, principal.address));
    count(context, Outcome::accepted);
    log.write(event::kSignedIn, fields(context, principal.address));
    return principal;
  }

  std::unexpected<Error> not_accepted(Error error, std::string_view name, const SignInContext& context) {
    auto line = fields(context, name);
    if (error.code == Errc::denied) {
      line.emplace_back("detail", error.detail);
      log.write(event::kDisabled, line);
      count(context, Outcome::disabled);
    } else if (error.code == Errc::forbidden) {
      log.write(event::kAppPasswordNeeded, line);
      count(context, Outcome::disabled);
    } else if (error.code == Errc::expired) {
      line.emplace_back("detail", error.detail);
      log.write(event::kPasswordExpired, line);
      count(context, Outcome::expired);
    } else {
      line.emplace_back("code", to_string(error.code));
      line.emplace_back("detail", error.detail);
      log.write(event::kUnchecked, line);
      count(context, Outcome::unchecked);
    }
    return std::unexpected(std::move(error));
  }

  SignInGuard guard;
  const Clock& clock;
  Log& log;
  Metrics& metrics;
  std::function<void(const SignInNews&)> witness;  // constant once sign-ins begin
  std::array<char, 32> key{};                      // of marks; never leaves the process
  Mutex mutex;
  std::map<std::string, std::array<Counter*, kOutcomes.size()>, std::less<>> counters GP_GUARDED_BY(mutex);
};

Authenticator::Authenticator(Directory& directory, SignInLimits limits, const Clock& clock, Log& log, Metrics& metrics)
    : directory_(directory), state_(std::make_unique<State>(std::move(limits), clock, log, metrics)) {}

Authenticator::~Authenticator() = default;

void Authenticator::set_limits(SignInLimits limits) { state_->guard.set_limits(std::move(limits)); }

Result<Principal> Authenticator::with_password(std::string_view name, const Secret& password,
                                               const SignInContext& context) {
  const std::string counted = counted_name(directory_, name);
  GP_CHECK(state_->allowed(counted, context));
  auto principal = directory_.verify_password(name, password, {context.service, context.remote, context.renewing});
  if (principal) return state_->accepted(*std::move(principal), context);
  if (principal.error().code != Errc::unauthenticated) {
    return state_->not_accepted(std::move(principal).error(), counted, context);
  }
  state_->failed(counted, directory_.is_known(name), context, state_->mark_of(counted, password.reveal()));
  return std::unexpected(std::move(principal).error());
}

Result<std::variant<Principal, CodeAnswer>> Authenticator::with_code(std::string_view name, const Secret& password,
                                                                     const Secret& code, const SignInContext& context) {
  const std::string counted = counted_name(directory_, name);
  GP_CHECK(state_->allowed(counted, context));
  auto principal = directory_.verify_password(name, password, {context.service, context.remote, context.renewing});
  if (!principal && principal.error().code == Errc::unauthenticated) {
    state_->failed(counted, directory_.is_known(name), context, state_->mark_of(counted, password.reveal()));
    return std::unexpected(std::move(principal).error());
  }
  if (!principal) return state_->not_accepted(std::move(principal).error(), counted, context);
  SecondFactors& factors = second_factors(directory_);
  if (factors.status(*principal).active) {
    if (code.empty()) return CodeAnswer::wanted;
    const auto used = factors.use(principal->id, code);
    if (!used && used.error().code == Errc::limit) {
      auto line = State::fields(context, principal->address);
      line.emplace_back("detail", used.error().detail);
      state_->log.write(event::kWrongCode, line);
      state_->count(context, Outcome::refused);
      return std::unexpected(used.error());
    }
    // Taken away while we calculated: then the password is enough.
    if (!used && used.error().code != Errc::not_found) {
      return state_->not_accepted(used.error(), principal->address, context);
    }
    auto line = State::fields(context, principal->address);
    if (used && *used == SecondFactors::Outcome::wrong) {
      state_->log.write(event::kWrongCode, line);
      state_->failed(counted, true, context, state_->mark_of(counted, fmt::format("code {}", code.reveal())));
      return CodeAnswer::wrong;
    }
    if (used && *used == SecondFactors::Outcome::right_recovery) {
      line.emplace_back("left", factors.status(*principal).recovery_codes);
      state_->log.write(event::kRecoveryCode, line);
    }
  }
  GP_TRY(Principal entered, state_->accepted(*std::move(principal), context));
  return entered;
}

Result<> Authenticator::may_try(std::string_view name, const SignInContext& context) {
  return state_->allowed(counted_name(directory_, name), context);
}

Result<Principal> Authenticator::proven(std::string_view name, const SignInContext& context) {
  auto principal = directory_.find(name);
  if (!principal) {
    // Deleted while the exchange went on.
    Error gone{principal.error().code == Errc::not_found ? Errc::unauthenticated : principal.error().code,
               principal.error().detail};
    return state_->not_accepted(std::move(gone), name, context);
  }
  if (!principal->enabled) {
    return state_->not_accepted({Errc::denied, fmt::format("{} is disabled", principal->address)}, principal->address,
                                context);
  }
  return state_->accepted(*std::move(principal), context);
}

Result<Principal> Authenticator::password_proven(std::string_view name, const SignInContext& context) {
  const auto principal = directory_.find(name);
  if (principal && principal->enabled && second_factors(directory_).wanted(*principal)) {
    GP_CHECK(state_->allowed(principal->address, context));
    return state_->not_accepted({Errc::forbidden, "an app password is needed"}, principal->address, context);
  }
  if (principal && principal->enabled) {
    if (auto good = password_ages(directory_).check(*principal); !good) {
      GP_CHECK(state_->allowed(principal->address, context));
      return state_->not_accepted(std::move(good).error(), principal->address, context);
    }
  }
  return proven(name, context);
}

void Authenticator::failed(std::string_view name, const SignInContext& context, std::string_view fingerprint) {
  const std::string counted = counted_name(directory_, name);
  state_->failed(counted, directory_.is_known(name), context, state_->mark_of(counted, fingerprint));
}

void Authenticator::outdated(std::string_view name, const SignInContext& context) {
  state_->count(context, Outcome::failed);
  state_->log.write(event::kOutdated, State::fields(context, counted_name(directory_, name)));
}

Result<Authenticator::ByToken> Authenticator::with_token(Tokens& tokens, std::string_view name, const Secret& token,
                                                         const SignInContext& context) {
  using Kind = TokenVerdict::Kind;
  const std::string counted = counted_name(directory_, name);
  GP_CHECK(state_->allowed(counted, context));
  TokenVerdict verdict = tokens.verify(token);
  const auto refuse = [&](Errc code, std::string detail) -> Result<ByToken> {
    auto line = State::fields(context, verdict.name.empty() ? counted : verdict.name);
    line.emplace_back("detail", detail);
    state_->log.write(event::kTokenRefused, line);
    if (verdict.kind != Kind::bad) state_->count(context, Outcome::failed);
    return fail(code, std::move(detail));
  };
  switch (verdict.kind) {
    case Kind::good:
      break;
    case Kind::bad:
      // The name says nothing: whoever makes tokens up need not know one.
      state_->failed(counted, true, context, state_->mark_of(counted, token.reveal()));
      return refuse(Errc::unauthenticated, std::move(verdict.detail));
    case Kind::ended:
      return refuse(Errc::unauthenticated, std::move(verdict.detail));
    case Kind::not_here:
      return refuse(verdict.scope ? Errc::forbidden : Errc::unauthenticated, std::move(verdict.detail));
    case Kind::unchecked:
      return state_->not_accepted({Errc::unavailable, std::move(verdict.detail)}, counted, context);
  }
  const auto owner = directory_.find(verdict.name);
  if (!owner && owner.error().code == Errc::not_found)
    return refuse(Errc::unauthenticated, "nobody here has this name");
  if (!owner) return state_->not_accepted(owner.error(), verdict.name, context);
  // Shared mailboxes, rooms and groups have no sign-in of their own.
  if (owner->kind != PrincipalKind::person) return refuse(Errc::unauthenticated, "not the account of a person");
  if (!name.empty()) {
    const auto meant = directory_.find(name);
    if (!meant || meant->id != owner->id)
      return refuse(Errc::unauthenticated, fmt::format("the token is not of {}", counted));
  }
  GP_TRY(Principal principal, proven(owner->address, context));
  return ByToken{std::move(principal), verdict.ends};
}

Result<Principal> Authenticator::with_certificate(const std::vector<std::string>& addresses, std::string_view name,
                                                  const SignInContext& context) {
  const auto refuse = [&](std::string detail) -> std::unexpected<Error> {
    auto line = State::fields(context, addresses.front());
    line.emplace_back("detail", detail);
    state_->log.write(event::kCertificateRefused, line);
    state_->count(context, Outcome::failed);
    return fail(Errc::unauthenticated, std::move(detail));
  };
  std::vector<Principal> owners;
  const auto owned = [&owners](PrincipalId id) {
    return std::ranges::any_of(owners, [id](const Principal& one) { return one.id == id; });
  };
  for (const std::string& address : addresses) {
    auto found = directory_.find(address);
    if (!found && found.error().code != Errc::not_found)
      return state_->not_accepted(std::move(found).error(), address, context);
    if (found && found->kind == PrincipalKind::person && !owned(found->id)) owners.push_back(*std::move(found));
  }
  if (owners.empty()) return refuse("nobody here has an address that is in the certificate");
  if (name.empty()) {
    if (owners.size() > 1) return refuse("the certificate is of several accounts, and the client did not say which");
    return proven(owners.front().address, context);
  }
  const auto meant = directory_.find(name);
  if (!meant || !owned(meant->id))
    return refuse(fmt::format("the certificate is not of {}", counted_name(directory_, name)));
  return proven(meant->address, context);
}

Result<Principal> Authenticator::with_ticket(Tickets& tickets, std::string_view client, std::string_view name,
                                             const SignInContext& context) {
  const std::string shown = utf8::sanitize(client.substr(0, kMaxAddressOctets));
  const auto refuse = [&](std::string detail) -> std::unexpected<Error> {
    auto line = State::fields(context, shown);
    line.emplace_back("detail", detail);
    state_->log.write(event::kTicketRefused, line);
    state_->count(context, Outcome::failed);
    return fail(Errc::unauthenticated, std::move(detail));
  };
  const auto address = tickets.account_of(client);
  if (!address && address.error().code == Errc::unauthenticated) return refuse(address.error().detail);
  if (!address) return state_->not_accepted(address.error(), shown, context);
  const auto owner = directory_.find(*address);
  if (!owner && owner.error().code == Errc::not_found) return refuse(fmt::format("nobody here is {}", *address));
  if (!owner) return state_->not_accepted(owner.error(), shown, context);
  // Shared mailboxes, rooms and groups have no sign-in of their own.
  if (owner->kind != PrincipalKind::person) return refuse("not the account of a person");
  // RFC 4513 5.2.1.8
  if (context.service == "ldap" && name.starts_with("u:")) name.remove_prefix(2);
  if (!name.empty() && name != client) {
    const auto meant = directory_.find(name);
    if (!meant || meant->id != owner->id)
      return refuse(fmt::format("the ticket is not of {}", counted_name(directory_, name)));
  }
  GP_CHECK(state_->allowed(owner->address, context));
  return proven(owner->address, context);
}

std::string_view ticket_service(std::string_view service) {
  if (service == "imap" || service == "ldap" || service == "smtp") return service;
  if (service == "submission") return "smtp";
  if (service == "pop3") return "pop";
  return {};
}

const Clock& Authenticator::clock() const { return state_->clock; }

void Authenticator::set_witness(std::function<void(const SignInNews&)> witness) {
  state_->witness = std::move(witness);
}

std::vector<Ban> Authenticator::bans() const { return state_->guard.bans(); }

std::size_t Authenticator::lift(const IpAddress& remote) { return state_->guard.lift(remote); }

}  // namespace gatepost::directory
