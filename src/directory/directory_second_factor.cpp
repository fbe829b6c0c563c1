#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/ascii.hpp"
#include "directory/stored_directory.hpp"
#include "directory/totp.hpp"

// The part of StoredDirectory that knows second factors.
namespace gatepost::directory {
namespace {

std::unexpected<Error> no_factor() { return fail(Errc::not_found, "there is no second factor"); }

// As people type it: "123 456", "ABCD-efgh-...".
Secret plain_code(const Secret& typed) {
  std::string out;
  for (const char c : typed.reveal()) {
    if (c != ' ' && c != '-') out += ascii::lower(c);
    if (out.size() > SecondFactors::kRecoveryCharacters) break;
  }
  return Secret(out);
}

// Letters and digits that look like no other ones. `digest_into`: what is kept of them.
std::vector<Secret> make_recovery_codes(Random& random, TotpRecord& digest_into) {
  constexpr std::string_view kAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
  static_assert(kAlphabet.size() == 32);
  digest_into.salt.resize(kAppSaltOctets);
  random.fill(std::as_writable_bytes(std::span(digest_into.salt)));
  digest_into.recovery.clear();
  std::vector<Secret> out;
  for (std::size_t n = 0; n < SecondFactors::kRecoveryCodes; ++n) {
    std::array<std::uint8_t, SecondFactors::kRecoveryCharacters> chance{};
    random.fill(std::as_writable_bytes(std::span(chance)));
    std::string plain, grouped;
    for (std::size_t i = 0; i < chance.size(); ++i) {
      if (i != 0 && i % 4 == 0) grouped += '-';
      plain += kAlphabet[chance[i] & 31];
      grouped += plain.back();
    }
    digest_into.recovery.push_back(salted_digest(digest_into.salt, plain));
    out.emplace_back(grouped);
  }
  return out;
}

}  // namespace

SecondFactors& second_factors(Directory& directory) { return static_cast<StoredDirectory&>(directory); }

bool SecondFactorPolicy::requires_it(const Principal& principal) const {
  return principal.kind == PrincipalKind::person &&
         (everybody || std::ranges::find(roles, principal.role) != roles.end());
}

void StoredDirectory::set_policy(SecondFactorPolicy policy) {
  const Lock lock(factors_mutex_);
  factor_policy_ = std::move(policy);
}

SecondFactors::Status StoredDirectory::status(const Principal& principal) {
  Status out;
  if (const auto found = row(principal.id); found && found->credentials->totp) {
    const TotpRecord& totp = *found->credentials->totp;
    out = {.active = true, .since = totp.since, .recovery_codes = totp.recovery.size()};
  }
  const Lock lock(factors_mutex_);
  out.required = factor_policy_.requires_it(principal);
  return out;
}

// The web asks for the code itself.
Result<> StoredDirectory::check_second_factor(const Principal& principal, const SignInPurpose& purpose) {
  if (purpose.service == "web" || !wanted(principal)) return {};
  return fail(Errc::forbidden, fmt::format("{} needs an app password here: there is a second factor, or has to be one",
                                           principal.address));
}

Result<Secret> StoredDirectory::begin(PrincipalId id) {
  const auto found = row(id);
  if (!found) return no_principal();
  if (found->credentials->totp) return fail(Errc::already_exists, "there is a second factor already");
  std::string octets(kTotpKeyOctets, '\0');
  random_.fill(std::as_writable_bytes(std::span(octets)));
  Secret key(octets);
  const Lock lock(factors_mutex_);
  if (enrolments_.size() >= kMostEnrolments && !enrolments_.contains(id)) {
    enrolments_.erase(std::ranges::min_element(enrolments_, {}, [](const auto& one) { return one.second.begun; }));
  }
  enrolments_[id] = {key.clone(), clock_.steady()};
  return key;
}

Result<std::vector<Secret>> StoredDirectory::confirm(PrincipalId id, const Secret& typed) {
  Secret key;
  {
    const Lock lock(factors_mutex_);
    const auto at = enrolments_.find(id);
    if (at != enrolments_.end() && clock_.steady() - at->second.begun >= kEnrolmentTime) {
      enrolments_.erase(at);
    } else if (at != enrolments_.end()) {
      key = at->second.key.clone();
    }
  }
  if (key.empty()) return fail(Errc::not_found, "nothing was begun, or too long ago; begin again");
  const auto step = matching_step(key.reveal(), plain_code(typed).reveal(), clock_.now(), 0);
  if (!step) return fail(Errc::invalid, "the code is wrong; is the phone's clock right?");
  TotpRecord totp{.since = clock_.now(), .key = std::string(key.reveal()), .last_step = *step};
  std::vector<Secret> codes = make_recovery_codes(random_, totp);
  GP_CHECK(write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return no_principal();
    if (found->credentials->totp) return fail(Errc::already_exists, "there is a second factor already");
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    credentials->totp = totp;
    change.put(totp_key(id), encode(totp));
    change.apply = [id, credentials](Index& index) { index.refresh_credentials(id, credentials); };
    return {};
  }));
  const Lock lock(factors_mutex_);
  enrolments_.erase(id);
  wrong_codes_.erase(id);
  return codes;
}

Result<> StoredDirectory::change_totp(PrincipalId id, const std::function<Result<>(TotpRecord&)>& how) {
  return write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return no_principal();
    if (!found->credentials->totp) return no_factor();
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    GP_CHECK(how(*credentials->totp));
    change.put(totp_key(id), encode(*credentials->totp));
    change.apply = [id, credentials](Index& index) { index.refresh_credentials(id, credentials); };
    return {};
  });
}

Result<SecondFactors::Outcome> StoredDirectory::use(PrincipalId id, const Secret& typed) {
  {
    // Counted before it is looked at, so that nobody gets more guesses by making them at once.
    const Lock lock(factors_mutex_);
    WrongCodes& wrong = wrong_codes_[id];
    const SteadyPoint now = clock_.steady();
    if (wrong.count == 0 || now - wrong.since >= kWrongWindow) wrong = {0, now};
    if (wrong.count >= kMostWrong) return fail(Errc::limit, "too many wrong codes; try again later");
    ++wrong.count;
  }
  const Secret code = plain_code(typed);
  Outcome outcome = Outcome::wrong;
  const Result<> done = change_totp(id, [&](TotpRecord& totp) -> Result<> {
    outcome = Outcome::wrong;
    if (const auto step = matching_step(totp.key, code.reveal(), clock_.now(), totp.last_step)) {
      totp.last_step = *step;
      outcome = Outcome::right;
      return {};
    }
    if (code.reveal().size() != kRecoveryCharacters) return fail(Errc::unauthenticated, "a wrong code");
    const std::string digest = salted_digest(totp.salt, code.reveal());
    const auto at = std::ranges::find_if(totp.recovery,
                                         [&](const std::string& one) { return equal_in_constant_time(one, digest); });
    if (at == totp.recovery.end()) return fail(Errc::unauthenticated, "a wrong code");
    totp.recovery.erase(at);
    outcome = Outcome::right_recovery;
    return {};
  });
  if (!done && done.error().code != Errc::unauthenticated) {
    const Lock lock(factors_mutex_);
    if (done.error().code == Errc::not_found) wrong_codes_.erase(id);
    return std::unexpected(done.error());
  }
  if (outcome == Outcome::wrong) return outcome;
  const Lock lock(factors_mutex_);
  wrong_codes_.erase(id);
  return outcome;
}

Result<std::vector<Secret>> StoredDirectory::renew_recovery_codes(PrincipalId id) {
  std::vector<Secret> codes;
  GP_CHECK(change_totp(id, [&](TotpRecord& totp) -> Result<> {
    codes = make_recovery_codes(random_, totp);
    return {};
  }));
  return codes;
}

Result<> StoredDirectory::disable(PrincipalId id) {
  GP_CHECK(write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return no_principal();
    if (!found->credentials->totp) return no_factor();
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    credentials->totp.reset();
    change.erase(totp_key(id));
    change.apply = [id, credentials](Index& index) { index.refresh_credentials(id, credentials); };
    return {};
  }));
  const Lock lock(factors_mutex_);
  wrong_codes_.erase(id);
  return {};
}

}  // namespace gatepost::directory
