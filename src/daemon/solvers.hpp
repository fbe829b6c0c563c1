#pragma once

#include <memory>

#include "acme/dns_update.hpp"
#include "acme/outcome.hpp"
#include "acme/solver.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "config/config.hpp"
#include "daemon/hook_queue.hpp"
#include "http/server/challenges.hpp"
#include "runtime/tls_validation.hpp"

namespace gatepost::daemon {

// What proofs are shown by; outlives the solvers.
struct ProofPlaces {
  http::server::Challenges& challenges;  // on port 80
  runtime::TlsValidation& validation;
  HookQueue& hooks;
  const Clock& clock;
  Random& random;
  Log& log;
};

// The one a certificate's challenge needs. Reads the TSIG key's file. The failure says what the configuration lacks.
acme::Outcome<std::unique_ptr<acme::Solver>> make_solver(const config::Config& config,
                                                         const config::AcmeCertificate& certificate,
                                                         const ProofPlaces& places);

}  // namespace gatepost::daemon
