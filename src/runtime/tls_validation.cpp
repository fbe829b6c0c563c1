#include "runtime/tls_validation.hpp"

#include "base/ascii.hpp"
#include "runtime/tls_certificates.hpp"

namespace gatepost::runtime {

Result<> TlsValidation::show(std::string_view name, TlsCertificate certificate) {
  GP_CHECK(parse_certificate(certificate));
  const std::lock_guard lock(mutex_);
  certificates_[ascii::to_lower(name)] = std::move(certificate);
  return {};
}

void TlsValidation::forget(std::string_view name) {
  const std::lock_guard lock(mutex_);
  certificates_.erase(ascii::to_lower(name));
}

std::optional<TlsCertificate> TlsValidation::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = certificates_.find(name);
  return found == certificates_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace gatepost::runtime
