#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "certificates/store.hpp"
#include "config/config.hpp"
#include "runtime/tls_context.hpp"
#include "runtime/tls_validation.hpp"

namespace gatepost::daemon {

// Which certificates listeners show: those the configuration names, then those that came from an authority, and where
// nothing stands for the host name one of this server's own private authority. Thread-safe.
class ServedCertificates {
 public:
  // Both outlive it.
  ServedCertificates(const certificates::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Files that cannot be used as they are now.
  struct Refused {
    std::string file, detail;
  };

  // `files`: what tls_settings() read. Adds the others.
  Result<runtime::TlsServerSettings> complete(runtime::TlsServerSettings files, const config::Config& config);
  // Reads the configuration's files again. In the place of one that cannot be used stands what was read of it before,
  // and it is named in `refused`. `settings`: everything but the certificates.
  Result<runtime::TlsServerSettings> refresh(runtime::TlsServerSettings settings, const config::Config& config,
                                             std::vector<Refused>& refused);

  const std::shared_ptr<runtime::TlsValidation>& validation() const { return validation_; }

 private:
  void add_issued(runtime::TlsServerSettings& settings, const config::Config& config) const;
  Result<> add_private(runtime::TlsServerSettings& settings, const config::Config& config) const;

  const certificates::Store& store_;
  const Clock& clock_;
  const std::shared_ptr<runtime::TlsValidation> validation_ =
      std::make_shared<runtime::TlsValidation>();             // shared with the TlsServers
  std::mutex mutex_;                                          // guards last_good_
  std::map<std::string, runtime::TlsCertificate> last_good_;  // by the chain's path
};

}  // namespace gatepost::daemon
