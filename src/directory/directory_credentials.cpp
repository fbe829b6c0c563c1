#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "directory/addresses.hpp"
#include "directory/app_scope.hpp"
#include "directory/password_policy.hpp"
#include "directory/stored_directory.hpp"
#include "sasl/scram_keys.hpp"

// The part of StoredDirectory that knows passwords.
namespace gatepost::directory {
namespace {

constexpr int kCheckAttempts = 4;  // when credentials change during a check
constexpr std::size_t kScramSaltOctets = 16;
constexpr std::string_view kNobodysSalt = "the salt of none";

// Passwords are kept and compared after SASLprep, so that a keyboard that composes letters differently types the same
// one (RFC 4616 2). What SASLprep refuses is compared as it is: no stored one is like it.
Secret prepared(const Secret& typed) {
  auto good = sasl::saslprep(typed);
  return good ? *std::move(good) : typed.clone();
}

std::string octets(Random& random, std::size_t count) {
  std::string out(count, '\0');
  random.fill(std::as_writable_bytes(std::span(out)));
  return out;
}

// What a sign-in name is looked up by; a name that is no address has a form of its own, which nobody has.
std::string canonical_name(std::string_view name) {
  const auto address = canonical_address(name);
  return address ? address->to_string() : ascii::to_lower(name);
}

}  // namespace

std::optional<PrincipalRow> StoredDirectory::sign_in_row(std::string_view name) {
  const std::string canonical = canonical_name(name);
  const SharedLock reading(mutex_);
  const PrincipalRow* found = index_.find(canonical);
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

Result<PasswordRecord> StoredDirectory::make_record(const Secret& password, const PasswordRecord* kept,
                                                    PasswordHasher::Patience patience) {
  PasswordRecord record;
  const auto salt_of = [&](const sasl::ScramVerifier* old) {
    const bool stays = old != nullptr && old->iterations == options_.scram_iterations;
    return stays ? old->salt : octets(random_, kScramSaltOctets);
  };
  const sasl::ScramVerifier* const old256 = kept != nullptr ? &kept->scram_sha256 : nullptr;
  const sasl::ScramVerifier* const old1 = kept != nullptr ? &kept->scram_sha1 : nullptr;
  GP_TRY(record.scram_sha256, sasl::derive_scram_sha256(password, salt_of(old256), options_.scram_iterations));
  GP_TRY(record.scram_sha1, sasl::derive_scram_sha1(password, salt_of(old1), options_.scram_iterations));
  GP_TRY(record.argon2id, hasher_->hash(password, patience));
  return record;
}

// A proof by SCRAM can only be compared with StoredKeys of the same salt and iterations (RFC 5802 3): where these
// change, what was replaced is forgotten. A password that is the same again, or back again, is no former one.
std::vector<FormerPassword> StoredDirectory::former_after(const PrincipalRow& found,
                                                          const PasswordRecord& fresh) const {
  std::vector<FormerPassword> out;
  const auto days = options_.password_policy.remember_former;
  const std::size_t history = std::min(options_.password_policy.history, kMaxHistory);
  const auto& old = found.credentials->password;
  const auto comparable = [](const sasl::ScramVerifier& a, const sasl::ScramVerifier& b) {
    return a.salt == b.salt && a.iterations == b.iterations;
  };
  if (!old || (days.count() == 0 && history == 0) || !comparable(old->scram_sha256, fresh.scram_sha256) ||
      !comparable(old->scram_sha1, fresh.scram_sha1)) {
    return out;
  }
  const TimePoint now = clock_.now();
  out.push_back({now, old->scram_sha256.stored_key, old->scram_sha1.stored_key});
  for (const FormerPassword& one : found.credentials->former) {
    const bool told = now - one.replaced < days && out.size() < kMaxFormerPasswords;
    if (told || out.size() < history) out.push_back(one);
  }
  std::erase_if(out, [&](const FormerPassword& one) { return one.stored_key_sha256 == fresh.scram_sha256.stored_key; });
  return out;
}

// The same password gives the same StoredKey under the same salt and iterations (RFC 5802 3).
Result<> StoredDirectory::check_history(const PrincipalRow& found, const PasswordRecord& fresh) const {
  const std::size_t history = std::min(options_.password_policy.history, kMaxHistory);
  if (history == 0) return {};
  const std::string& key = fresh.scram_sha256.stored_key;
  const auto& former = found.credentials->former;
  bool used = found.credentials->password && found.credentials->password->scram_sha256.stored_key == key;
  for (std::size_t i = 0; i < std::min(history, former.size()); ++i) used = used || former[i].stored_key_sha256 == key;
  if (used) return fail(Errc::invalid, "this password was used before; take another");
  return {};
}

Result<> StoredDirectory::set_password(PrincipalId id, const Secret& typed, PasswordKind kind) {
  if (typed.reveal().size() > kMaxPasswordOctets) return fail(Errc::invalid, "a password has at most 1024 octets");
  auto password = sasl::saslprep(typed);
  if (!password) return fail(Errc::invalid, "a password is UTF-8 text without control characters");
  const auto before = row(id);
  if (!before) return no_principal();  // before the work
  if (!has_mailbox(before->principal.kind)) return fail(Errc::invalid, "nobody signs in as a group or a contact");
  GP_CHECK(check_new_password(options_.password_policy, *password, before->principal));
  const auto& old = before->credentials->password;
  GP_TRY(PasswordRecord record, make_record(*password, old ? &*old : nullptr, PasswordHasher::Patience::waits));
  record.facts = {clock_.now(), kind == PasswordKind::initial};
  return write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return no_principal();
    GP_CHECK(check_history(*found, record));
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    credentials->former = former_after(*found, record);
    credentials->password = record;
    change.put(password_key(id), encode(record));
    if (!credentials->former.empty()) {
      change.put(former_key(id), encode(credentials->former));
    } else if (!found->credentials->former.empty()) {
      change.erase(former_key(id));
    }
    // Directory services show when that was.
    const Principal owner = touched(current, change, found->principal);
    change.apply = [id, owner, credentials](Index& index) {
      index.put_principal(owner);
      index.put_credentials(id, credentials);
    };
    return {};
  });
}

// The SCRAM verifier decides: that costs a millisecond and no memory, where argon2id would take tens of milliseconds
// and of megabytes, so that after a start, or in a storm of guesses, everybody would wait for everybody. It decides as
// well: both are made of the same password, and no other one has the same StoredKey. What argon2id is good for, to be
// slow for whoever stole what is stored, it is not where the thief has both. Whoever is not there, or has no main
// password, costs the time of a wrong one.
StoredDirectory::Proof StoredDirectory::prove(const std::optional<PrincipalRow>& row, const Secret& password,
                                              const Secret& typed) {
  if (typed.reveal().size() > kMaxPasswordOctets) return Proof{};
  if (row) {
    if (const AppSecret* app = find_app_secret(*row->credentials, typed)) return Proof{.right = true, .app = app};
    if (row->credentials->password) {
      if (successes_.contains(row->generation, password)) return Proof{.right = true, .remembered = true};
      const sasl::ScramVerifier& verifier = row->credentials->password->scram_sha256;
      const auto derived = sasl::derive_scram_sha256(password, verifier.salt, verifier.iterations);
      if (!derived || !equal_in_constant_time(derived->stored_key, verifier.stored_key)) return Proof{};
      return Proof{.right = true};
    }
  }
  (void)sasl::derive_scram_sha256(password, kNobodysSalt, options_.scram_iterations);
  return Proof{};
}

Result<Principal> StoredDirectory::verify_password(std::string_view name, const Secret& typed,
                                                   const SignInPurpose& purpose) {
  if (outside_ != nullptr) {
    GP_TRY(auto by_app, verify_app_password(name, typed, purpose));
    if (by_app) return *std::move(by_app);
    GP_TRY(auto by_outside, verify_outside(name, typed, purpose));
    if (by_outside) return *std::move(by_outside);
  }
  const Secret password = prepared(typed);
  for (int attempt = 0; attempt < kCheckAttempts; ++attempt) {
    const auto before = sign_in_row(name);
    const Proof proof = prove(before, password, typed);
    if (!proof.right) return fail(Errc::unauthenticated, "wrong name or password");
    // What was right a moment ago may have been changed while we calculated.
    auto now = sign_in_row(name);
    if (!now || now->generation != before->generation) continue;
    if (!now->principal.enabled) return fail(Errc::denied, fmt::format("{} is disabled", now->principal.address));
    if (proof.app != nullptr) {
      // The row that was proven by keeps it alive.
      GP_CHECK(check_use(*proof.app, purpose));
      note_use(now->principal.id, proof.app->id, purpose);
      return std::move(now->principal);
    }
    if (!proof.remembered) {
      successes_.remember(now->generation, password);
      refresh_password(*now, password);
    }
    GP_CHECK(check_second_factor(now->principal, purpose));
    if (!purpose.renewing) GP_CHECK(check_age(*now));
    return std::move(now->principal);
  }
  return fail(Errc::unavailable, "the password is being changed all the time");
}

// Whoever has a program's password must not be able to take the account over.
Result<> StoredDirectory::check_use(const AppSecret& app, const SignInPurpose& purpose) const {
  if (purpose.renewing) return fail(Errc::denied, "by an app password no other one is set");
  return check_scope(app, purpose, clock_.now());
}

Result<std::optional<Principal>> StoredDirectory::verify_app_password(std::string_view name, const Secret& typed,
                                                                      const SignInPurpose& purpose) {
  if (typed.reveal().size() > kMaxPasswordOctets) return std::nullopt;
  auto found = sign_in_row(name);
  const AppSecret* const app = found ? find_app_secret(*found->credentials, typed) : nullptr;
  if (app == nullptr) return std::nullopt;
  if (!found->principal.enabled) return fail(Errc::denied, fmt::format("{} is disabled", found->principal.address));
  GP_CHECK(check_use(*app, purpose));
  note_use(found->principal.id, app->id, purpose);
  return std::move(found->principal);
}

Result<std::optional<Principal>> StoredDirectory::verify_outside(std::string_view name, const Secret& typed,
                                                                 const SignInPurpose& purpose) {
  if (typed.reveal().size() > kMaxPasswordOctets) return std::nullopt;
  GP_TRY(const OutsideSignIn::Answer answer, outside_->check(name, typed));
  using Kind = OutsideSignIn::Answer::Kind;
  if (answer.kind == Kind::unknown) return std::nullopt;
  if (answer.kind == Kind::wrong) return fail(Errc::unauthenticated, "wrong name or password");
  auto found = sign_in_row(answer.address);
  if (!found) return fail(Errc::unauthenticated, "the account is gone");
  if (!found->principal.enabled) return fail(Errc::denied, fmt::format("{} is disabled", found->principal.address));
  GP_CHECK(check_second_factor(found->principal, purpose));
  return std::move(found->principal);
}

// There is one kind of directory, made by Directory::open().
void set_outside(Directory& directory, OutsideSignIn* outside) {
  static_cast<StoredDirectory&>(directory).set_outside(outside);
}

bool has_password(Directory& directory, PrincipalId id) {
  return static_cast<StoredDirectory&>(directory).has_password(id);
}

bool StoredDirectory::has_password(PrincipalId id) {
  const auto found = row(id);
  return found && found->credentials->password;
}

// Once the password is known again, what is kept of it follows the options. Not vital: when it fails, or when others
// are hashing (everybody would, after a change of options), a later sign-in tries again.
void StoredDirectory::refresh_password(const PrincipalRow& row, const Secret& password) {
  const PasswordRecord& old = *row.credentials->password;
  if (!hasher_->outdated(old.argon2id) && old.scram_sha256.iterations == options_.scram_iterations) return;
  const auto record = make_record(password, &old, PasswordHasher::Patience::none);
  if (!record) return;
  const PrincipalId id = row.principal.id;
  (void)write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr || !found->credentials->password || found->credentials->password->argon2id != old.argon2id) {
      return {};
    }
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    PasswordRecord fresh = *record;
    fresh.facts = found->credentials->password->facts;
    credentials->password = fresh;
    change.put(password_key(id), encode(fresh));
    // Of other iterations the former ones cannot be recognised.
    if (record->scram_sha256.iterations != old.scram_sha256.iterations && !credentials->former.empty()) {
      credentials->former.clear();
      change.erase(former_key(id));
    }
    change.apply = [id, credentials](Index& index) { index.refresh_credentials(id, credentials); };
    return {};
  });
}

Result<> StoredDirectory::forget_former_passwords() {
  const std::size_t history = std::min(options_.password_policy.history, kMaxHistory);
  return write([&](const Current& current, Change& change) -> Result<> {
    const TimePoint now = clock_.now();
    std::vector<std::pair<PrincipalId, std::shared_ptr<const Credentials>>> changed;
    for (const auto& [id, row] : current.index.principals()) {
      const std::vector<FormerPassword>& former = row.credentials->former;
      std::size_t kept = 0;  // the last replaced come first
      while (kept < former.size() &&
             (kept < history || now - former[kept].replaced < options_.password_policy.remember_former)) {
        ++kept;
      }
      if (kept == former.size()) continue;
      auto credentials = std::make_shared<Credentials>(*row.credentials);
      credentials->former.resize(kept);
      if (credentials->former.empty()) {
        change.erase(former_key(id));
      } else {
        change.put(former_key(id), encode(credentials->former));
      }
      changed.emplace_back(id, std::move(credentials));
    }
    change.apply = [changed = std::move(changed)](Index& index) {
      for (const auto& [id, credentials] : changed) index.refresh_credentials(id, credentials);
    };
    return {};
  });
}

Result<std::optional<sasl::ScramVerifier>> StoredDirectory::scram_verifier(std::string_view name,
                                                                           std::string_view hash_name) {
  if (ascii::istarts_with(hash_name, "SCRAM-")) hash_name.remove_prefix(6);
  const bool sha256 = ascii::iequals(hash_name, "SHA-256");
  if (!sha256 && !ascii::iequals(hash_name, "SHA-1")) return std::nullopt;
  const auto found = sign_in_row(name);
  if (found && found->credentials->password) {
    sasl::ScramVerifier verifier =
        sha256 ? found->credentials->password->scram_sha256 : found->credentials->password->scram_sha1;
    const TimePoint now = clock_.now();
    for (const FormerPassword& one : found->credentials->former) {
      if (now - one.replaced >= options_.password_policy.remember_former ||
          verifier.former_stored_keys.size() == kMaxFormerPasswords)
        break;
      verifier.former_stored_keys.push_back(sha256 ? one.stored_key_sha256 : one.stored_key_sha1);
    }
    return verifier;
  }
  return sasl::decoy_verifier(sha256 ? sasl::Hash::sha256 : sasl::Hash::sha1, decoy_key_, canonical_name(name),
                              options_.scram_iterations);
}

}  // namespace gatepost::directory
