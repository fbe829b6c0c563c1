#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "directory/principal.hpp"
#include "sasl/mechanism.hpp"

namespace gatepost::directory {

// What proves the main password.
struct PasswordRecord {
  std::string argon2id;  // encoded: "$argon2id$v=19$m=65536,t=3,p=1$..."
  sasl::ScramVerifier scram_sha256, scram_sha1;
  PasswordFacts facts = {};
};

// An app password. Its secret has some 116 bits of chance, so one fast salted hash is as good as a slow one.
struct AppSecret {
  std::uint32_t id = 0;
  std::string name;
  TimePoint created{};
  std::string salt;    // kAppSaltOctets
  std::string digest;  // SHA-256(salt || secret without hyphens)
  AppScope scope;
};

// What tells a replaced main password from a guess when a device still proves it by SCRAM: StoredKeys under the salts
// of the verifiers in force. They let nobody in.
struct FormerPassword {
  TimePoint replaced{};
  std::string stored_key_sha256, stored_key_sha1;
  bool operator==(const FormerPassword&) const = default;
};
// Told from guesses; more are kept where the policy has a longer history.
inline constexpr std::size_t kMaxFormerPasswords = 3;
inline constexpr std::size_t kMaxHistory = 24;

// A confirmed second factor. Its key has to be known to reckon codes (RFC 6238 R3): it is kept as it is, in the store
// alone. docs/sign-in.md says why.
struct TotpRecord {
  TimePoint since{};
  std::string key;                    // kTotpKeyOctets
  std::uint64_t last_step = 0;        // that a code was taken of
  std::string salt;                   // kAppSaltOctets, of the recovery codes
  std::vector<std::string> recovery;  // SHA-256(salt || code), of those not used yet
};

struct Credentials {
  std::optional<PasswordRecord> password;
  std::vector<AppSecret> app_secrets = {};  // in order of id
  std::vector<FormerPassword> former = {};  // the last replaced first; none without `password`
  std::optional<TotpRecord> totp = {};
};

inline constexpr std::size_t kAppSecretCharacters = 20;
inline constexpr std::size_t kAppSaltOctets = 16;

// Makes a secret for `app` (fills salt and digest): four groups of five letters and digits, "abcde-fghij-kmnop-qrstu".
Secret make_app_secret(Random&, AppSecret& app);
// SHA-256(salt || secret), for secrets that are made of chance.
std::string salted_digest(std::string_view salt, std::string_view secret);
// The app password that `typed` is, hyphens and blanks ignored, or null. Microseconds.
const AppSecret* find_app_secret(const Credentials&, const Secret& typed);

// argon2id by libsodium, so many at a time as memory allows. Thread-safe; calls take tens of milliseconds of one CPU.
class PasswordHasher {
 public:
  struct Options {
    std::uint32_t memory_kib = 64 << 10;  // at least 8
    std::uint32_t iterations = 3;
    std::size_t parallel = 2;
    std::size_t waiting = 4;  // at most so many wait, each for as long as `wait`
    std::chrono::milliseconds wait{5000};
  };
  // Errc::invalid: parameters argon2 does not take.
  static Result<std::unique_ptr<PasswordHasher>> create(const Options&);

  // none: only if there is a place at once.
  enum class Patience : bool { none, waits };
  // Errc::unavailable from both: `parallel` others were at it for `wait`, `waiting` others wait for it, or there
  // is not enough memory.
  Result<std::string> hash(const Secret& password, Patience patience = Patience::waits);
  Result<bool> verify(const std::string& encoded, const Secret& password);
  // Made with other parameters than ours.
  bool outdated(const std::string& encoded) const;

 private:
  class Turn;
  explicit PasswordHasher(const Options& options) : options_(options) {}
  std::size_t memory_octets() const { return std::size_t{options_.memory_kib} * 1024; }

  const Options options_;
  std::mutex mutex_;  // guards running_
  std::condition_variable freed_;
  std::size_t running_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace gatepost::directory
