#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "directory/addresses.hpp"
#include "directory/stored_directory.hpp"
#include "sasl/scram_keys.hpp"

// The part of StoredDirectory that knows passwords.
namespace gatepost::directory {
namespace {

constexpr int kAttempts = 4;  // when credentials change during a check
constexpr std::size_t kScramSaltOctets = 16;
constexpr std::size_t kMaxAppPasswords = 100;
constexpr std::size_t kMaxAppNameOctets = 100;
// How exact `last_used` is after a restart; one write for so long and app password.
constexpr std::chrono::hours kUseGranularity{1};

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

std::unexpected<Error> no_principal() { return fail(Errc::not_found, "there is no such account"); }

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

Result<PasswordRecord> StoredDirectory::make_record(const Secret& password) {
  PasswordRecord record;
  GP_TRY(record.scram_sha256,
         sasl::derive_scram_sha256(password, octets(random_, kScramSaltOctets), options_.scram_iterations));
  GP_TRY(record.scram_sha1,
         sasl::derive_scram_sha1(password, octets(random_, kScramSaltOctets), options_.scram_iterations));
  GP_TRY(record.argon2id, hasher_->hash(password));
  return record;
}

Result<> StoredDirectory::set_password(PrincipalId id, const Secret& typed) {
  if (typed.reveal().size() > kMaxPasswordOctets) return fail(Errc::invalid, "a password has at most 1024 octets");
  auto password = sasl::saslprep(typed);
  if (!password) return fail(Errc::invalid, "a password is UTF-8 text without control characters");
  if (password->reveal().size() < kMinPasswordOctets)
    return fail(Errc::invalid, "a password has at least 8 characters");
  if (!row(id)) return no_principal();  // before the work
  GP_TRY(const PasswordRecord record, make_record(*password));
  return write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return no_principal();
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    credentials->password = record;
    change.put(password_key(id), encode(record));
    change.apply = [id, credentials](Index& index) { index.put_credentials(id, credentials); };
    return {};
  });
}

Result<Secret> StoredDirectory::add_app_password(PrincipalId id, std::string_view name) {
  if (name.empty() || name.size() > kMaxAppNameOctets || !utf8::is_valid(name) ||
      std::ranges::any_of(name, ascii::is_control)) {
    return fail(Errc::invalid, "the name of an app password is UTF-8 text of 1 to 100 octets");
  }
  AppSecret app;
  app.name = name;
  app.created = clock_.now();
  Secret secret = make_app_secret(random_, app);
  GP_CHECK(write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return no_principal();
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    if (credentials->app_secrets.size() >= kMaxAppPasswords) {
      return fail(Errc::limit, fmt::format("an account has at most {} app passwords", kMaxAppPasswords));
    }
    app.id = credentials->app_secrets.empty() ? 1 : credentials->app_secrets.back().id + 1;
    credentials->app_secrets.push_back(app);
    change.put(app_key(id, app.id), encode(app));
    change.apply = [id, credentials](Index& index) { index.refresh_credentials(id, credentials); };
    return {};
  }));
  return secret;
}

Result<> StoredDirectory::remove_app_password(PrincipalId id, std::uint32_t app) {
  GP_CHECK(write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return no_principal();
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    if (std::erase_if(credentials->app_secrets, [&](const AppSecret& one) { return one.id == app; }) == 0) {
      return fail(Errc::not_found, fmt::format("there is no app password {}", app));
    }
    change.erase(app_key(id, app));
    change.erase(app_use_key(id, app));
    change.apply = [id, credentials](Index& index) { index.put_credentials(id, credentials); };
    return {};
  }));
  const Lock uses(uses_mutex_);
  uses_.erase({id, app});
  return {};
}

Result<std::vector<AppPassword>> StoredDirectory::app_passwords(PrincipalId id) {
  const auto found = row(id);
  if (!found) return no_principal();
  std::vector<AppPassword> list;
  const Lock uses(uses_mutex_);
  for (const AppSecret& app : found->credentials->app_secrets) {
    list.push_back({.id = app.id, .name = app.name, .created = app.created});
    if (const auto use = uses_.find({id, app.id}); use != uses_.end()) list.back().last_used = use->second.last;
  }
  return list;
}

// Whoever is not there, or has no main password, costs the time of a check too.
Result<StoredDirectory::Proof> StoredDirectory::prove(const std::optional<PrincipalRow>& row, const Secret& password,
                                                      const Secret& typed) {
  if (typed.reveal().size() > kMaxPasswordOctets) return Proof{};
  if (row) {
    if (const AppSecret* app = find_app_secret(*row->credentials, typed)) return Proof{.right = true, .app = app};
    if (row->credentials->password) {
      if (successes_.contains(row->generation, password)) return Proof{.right = true, .remembered = true};
      GP_TRY(const bool right, hasher_->verify(row->credentials->password->argon2id, password));
      return Proof{.right = right};
    }
  }
  GP_CHECK(hasher_->waste(password));
  return Proof{};
}

Result<Principal> StoredDirectory::verify_password(std::string_view name, const Secret& typed) {
  const Secret password = prepared(typed);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto before = sign_in_row(name);
    GP_TRY(const Proof proof, prove(before, password, typed));
    if (!proof.right) return fail(Errc::unauthenticated, "wrong name or password");
    // What was right a moment ago may have been changed while we calculated.
    auto now = sign_in_row(name);
    if (!now || now->generation != before->generation) continue;
    if (!now->principal.enabled) return fail(Errc::denied, fmt::format("{} is disabled", now->principal.address));
    if (proof.app != nullptr) {
      note_use(now->principal.id, proof.app->id);
    } else if (!proof.remembered) {
      successes_.remember(now->generation, password);
      refresh_password(*now, password);
    }
    return std::move(now->principal);
  }
  return fail(Errc::unavailable, "the password is being changed all the time");
}

// Once the password is known again, what is kept of it follows the options. Not vital: when it fails, the next sign-in
// tries again.
void StoredDirectory::refresh_password(const PrincipalRow& row, const Secret& password) {
  const PasswordRecord& old = *row.credentials->password;
  if (!hasher_->outdated(old.argon2id) && old.scram_sha256.iterations == options_.scram_iterations) return;
  const auto record = make_record(password);
  if (!record) return;
  const PrincipalId id = row.principal.id;
  (void)write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr || !found->credentials->password || found->credentials->password->argon2id != old.argon2id) {
      return {};
    }
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    credentials->password = *record;
    change.put(password_key(id), encode(*record));
    change.apply = [id, credentials](Index& index) { index.refresh_credentials(id, credentials); };
    return {};
  });
}

// Memory is exact; the disk follows once an hour, and when it does not, nobody is kept from signing in.
void StoredDirectory::note_use(PrincipalId id, std::uint32_t app) {
  const TimePoint now = clock_.now();
  {
    const Lock uses(uses_mutex_);
    Use& use = uses_[{id, app}];
    use.last = now;
    if (use.stored != TimePoint{} && now - use.stored < kUseGranularity) return;
    use.stored = now;
  }
  (void)write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr || std::ranges::find(found->credentials->app_secrets, app, &AppSecret::id) ==
                                found->credentials->app_secrets.end()) {
      return {};
    }
    change.put(app_use_key(id, app), encode_time(now));
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
    return sha256 ? found->credentials->password->scram_sha256 : found->credentials->password->scram_sha1;
  }
  return sasl::decoy_verifier(sha256 ? sasl::Hash::sha256 : sasl::Hash::sha1, decoy_key_, canonical_name(name),
                              options_.scram_iterations);
}

}  // namespace gatepost::directory
