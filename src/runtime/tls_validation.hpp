#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "runtime/tls_context.hpp"

namespace gatepost::runtime {

// The certificates of proof that authorities are shown while they look whether names are ours (RFC 8737 3): what
// TlsServerSettings::proof asks. Thread-safe; several TlsServers may share one.
class TlsValidation {
 public:
  // Takes the place of an earlier one for that name. Errc::invalid as parse_certificate() has it.
  Result<> show(std::string_view name, TlsCertificate certificate);
  void forget(std::string_view name);
  std::optional<TlsCertificate> find(std::string_view name) const;  // `name` in lower case

 private:
  mutable std::mutex mutex_;  // guards certificates_
  std::map<std::string, TlsCertificate, std::less<>> certificates_;
};

}  // namespace gatepost::runtime
