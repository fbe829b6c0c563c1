#include "daemon/served_certificates.hpp"

#include <algorithm>

#include "runtime/tls_certificates.hpp"

namespace gatepost::daemon {
namespace {

runtime::TlsCertificate as_served(const certificates::Held& held, const std::filesystem::path& file) {
  return {held.chain_pem, std::string(held.key.to_pem().reveal()), {}, file.string()};
}

bool stands_for(const runtime::TlsCertificate& certificate, const std::string& host) {
  const auto parsed = runtime::parse_certificate(certificate);
  return parsed && std::ranges::any_of(parsed->facts.names,
                                       [&](const std::string& name) { return runtime::name_matches(name, host); });
}

}  // namespace

Result<runtime::TlsServerSettings> ServedCertificates::complete(runtime::TlsServerSettings settings,
                                                                const config::Config& config) {
  {
    const std::lock_guard lock(mutex_);
    last_good_.clear();
    for (const runtime::TlsCertificate& one : settings.certificates) last_good_[one.label] = one;
  }
  settings.proof = [validation = validation_](std::string_view name) { return validation->find(name); };
  add_issued(settings, config);
  GP_CHECK(add_private(settings, config));
  return settings;
}

Result<runtime::TlsServerSettings> ServedCertificates::refresh(runtime::TlsServerSettings settings,
                                                               const config::Config& config,
                                                               std::vector<Refused>& refused) {
  settings.certificates.clear();
  for (const config::Certificate& named : config.tls.certificates) {
    auto read = runtime::read_tls_certificate(named.cert, named.key, named.names);
    const auto parsed =
        read ? runtime::parse_certificate(*read) : Result<runtime::ParsedCertificate>(std::unexpected(read.error()));
    const std::lock_guard lock(mutex_);
    if (parsed) {
      last_good_[named.cert.string()] = *read;
      settings.certificates.push_back(*std::move(read));
      continue;
    }
    const auto before = last_good_.find(named.cert.string());
    if (before == last_good_.end()) return std::unexpected(parsed.error());
    refused.push_back({named.cert.string(), parsed.error().detail});
    settings.certificates.push_back(before->second);
  }
  settings.proof = [validation = validation_](std::string_view name) { return validation->find(name); };
  add_issued(settings, config);
  GP_CHECK(add_private(settings, config));
  return settings;
}

void ServedCertificates::add_issued(runtime::TlsServerSettings& settings, const config::Config& config) const {
  if (!config.acme.on()) return;
  for (const config::AcmeCertificate& wanted : config.acme.certificates) {
    // One that is missing or damaged will be got.
    const auto held = store_.current(wanted.names.front());
    if (held) settings.certificates.push_back(as_served(*held, store_.file(wanted.names.front())));
  }
}

Result<> ServedCertificates::add_private(runtime::TlsServerSettings& settings, const config::Config& config) const {
  const std::string& host = config.server.hostname;
  const bool covered = std::ranges::any_of(settings.certificates,
                                           [&](const runtime::TlsCertificate& one) { return stands_for(one, host); });
  const bool wanted = settings.certificates.empty() || (config.tls.self_signed && !covered);
  if (!wanted) return {};
  std::vector<std::string> names{host};
  const auto add = [&names](const std::string& name) {
    if (!name.starts_with("*.") && std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  // Until the first real one is there.
  for (const config::AcmeCertificate& one : config.acme.certificates) std::ranges::for_each(one.names, add);
  for (const char* local : {"localhost", "127.0.0.1", "::1"}) add(local);
  GP_TRY(const certificates::Held held, store_.private_certificate(names, clock_.now()));
  settings.certificates.push_back(as_served(held, store_.private_file(host)));
  return {};
}

}  // namespace gatepost::daemon
