#include "directory/credentials.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <cerrno>
#include <span>

#include "base/ascii.hpp"

namespace gatepost::directory {

std::string salted_digest(std::string_view salt, std::string_view secret) {
  auto octets = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, octets(salt), salt.size());
  crypto_hash_sha256_update(&state, octets(secret), secret.size());
  crypto_hash_sha256_final(&state, reinterpret_cast<unsigned char*>(digest.data()));
  sodium_memzero(&state, sizeof state);
  return digest;
}

Secret make_app_secret(Random& random, AppSecret& app) {
  constexpr std::size_t kGroup = 5;
  const Secret plain(random.token(kAppSecretCharacters));
  app.salt.resize(kAppSaltOctets);
  random.fill(std::as_writable_bytes(std::span(app.salt)));
  app.digest = salted_digest(app.salt, plain.reveal());
  std::string grouped;
  grouped.reserve(kAppSecretCharacters + kAppSecretCharacters / kGroup);
  for (std::size_t i = 0; i < kAppSecretCharacters; i += kGroup) {
    if (i != 0) grouped += '-';
    grouped += plain.reveal().substr(i, kGroup);
  }
  Secret shown(grouped);
  sodium_memzero(grouped.data(), grouped.size());
  return shown;
}

const AppSecret* find_app_secret(const Credentials& credentials, const Secret& typed) {
  if (credentials.app_secrets.empty()) return nullptr;
  std::array<char, kAppSecretCharacters> plain;
  std::size_t length = 0;
  for (char c : typed.reveal()) {
    if (c == '-' || c == ' ') continue;
    if (length == plain.size() || !ascii::is_alnum(c)) return nullptr;
    plain[length++] = c;
  }
  if (length != plain.size()) return nullptr;
  const AppSecret* found = nullptr;
  for (const AppSecret& app : credentials.app_secrets) {
    if (equal_in_constant_time(app.digest, salted_digest(app.salt, {plain.data(), plain.size()}))) found = &app;
  }
  sodium_memzero(plain.data(), plain.size());
  return found;
}

// One of the places to hash in, given back at the end.
class PasswordHasher::Turn {
 public:
  Turn(PasswordHasher& hasher, Patience patience) : hasher_(hasher) {
    std::unique_lock lock(hasher.mutex_);
    const auto free = [&] { return hasher.running_ < hasher.options_.parallel; };
    if (!free() && (patience == Patience::none || hasher.waiting_ >= hasher.options_.waiting)) return;
    ++hasher.waiting_;
    taken_ = hasher.freed_.wait_for(lock, hasher.options_.wait, free);
    --hasher.waiting_;
    if (taken_) ++hasher.running_;
  }
  ~Turn() {
    if (!taken_) return;
    {
      const std::lock_guard lock(hasher_.mutex_);
      --hasher_.running_;
    }
    hasher_.freed_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  Result<> taken() const {
    if (!taken_) return fail(Errc::unavailable, "too many passwords are being checked at once");
    return {};
  }

 private:
  PasswordHasher& hasher_;
  bool taken_ = false;
};

Result<std::unique_ptr<PasswordHasher>> PasswordHasher::create(const Options& options) {
  if (sodium_init() < 0) return fail(Errc::internal, "libsodium does not start");
  if (options.memory_kib < crypto_pwhash_argon2id_MEMLIMIT_MIN / 1024)
    return fail(Errc::invalid, "argon2 needs 8 KiB at least");
  if (options.iterations < 1) return fail(Errc::invalid, "argon2 needs one iteration at least");
  if (options.parallel < 1) return fail(Errc::invalid, "no password can be checked with zero hashes at a time");
  std::unique_ptr<PasswordHasher> hasher(new PasswordHasher(options));
  if (options.memory_kib > crypto_pwhash_argon2id_MEMLIMIT_MAX / 1024 ||
      options.iterations > crypto_pwhash_argon2id_OPSLIMIT_MAX) {
    return fail(Errc::invalid, "argon2 does not take so much memory or so many iterations");
  }
  return hasher;
}

Result<std::string> PasswordHasher::hash(const Secret& password, Patience patience) {
  const Turn turn(*this, patience);
  GP_CHECK(turn.taken());
  std::array<char, crypto_pwhash_STRBYTES> encoded{};
  const std::string_view text = password.reveal();
  if (crypto_pwhash_str_alg(encoded.data(), text.data(), text.size(), options_.iterations, memory_octets(),
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Errc::unavailable,
                fmt::format("argon2id failed, perhaps for lack of {} KiB of memory", options_.memory_kib));
  }
  return std::string(encoded.data());
}

Result<bool> PasswordHasher::verify(const std::string& encoded, const Secret& password) {
  const Turn turn(*this, Patience::waits);
  GP_CHECK(turn.taken());
  const std::string_view text = password.reveal();
  // libsodium does not tell a wrong password from missing memory by its result, only by errno.
  errno = 0;
  if (crypto_pwhash_str_verify(encoded.c_str(), text.data(), text.size()) == 0) return true;
  if (errno == ENOMEM) return fail(Errc::unavailable, "not enough memory to check a password");
  return false;
}

bool PasswordHasher::outdated(const std::string& encoded) const {
  return crypto_pwhash_str_needs_rehash(encoded.c_str(), options_.iterations, memory_octets()) != 0;
}

}  // namespace gatepost::directory
