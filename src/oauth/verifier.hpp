#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "directory/tokens.hpp"
#include "oauth/answers.hpp"
#include "oauth/provider.hpp"
#include "oauth/web.hpp"

namespace gatepost::oauth {

struct Jwt;
struct Claims;

// Whose a token is, by what its provider signed or says. Thread-safe; verify() blocks while a provider is asked.
class Verifier final : public directory::Tokens {
 public:
  Verifier(std::vector<Provider> providers, Web& web, const Clock& clock, Random& random, Log& log, Metrics& metrics);
  ~Verifier() override;
  // At reload. What providers published is kept of those that did not change; answers are forgotten.
  void set_providers(std::vector<Provider> providers);

  bool any() const override;
  directory::TokenVerdict verify(const Secret& token) override;
  // Of the first provider.
  Advice advice() const override;

 private:
  struct One;
  using All = std::vector<std::shared_ptr<One>>;
  std::shared_ptr<const All> all() const;
  directory::TokenVerdict by_signature(One& one, const Jwt& jwt, const Claims& claims) const;
  directory::TokenVerdict by_asking(One& one, const Secret& token);

  Web& web_;
  const Clock& clock_;
  Log& log_;
  Metrics& metrics_;
  Answers answers_;
  mutable std::mutex mutex_;        // guards all_
  std::shared_ptr<const All> all_;  // immutable, shared with verifications that go on
};

}  // namespace gatepost::oauth
