#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gate/probe/connection.hpp"
#include "gate/probe/report.hpp"

namespace gatepost::gate::probe {

struct CertificateTerms {
  std::string server_name;             // name or address the certificate has to stand for; empty: none is asked for
  std::optional<std::string> on_disk;  // DER of the leaf that should be served
};

// The leaf of a PEM file as DER. Errc::not_found, denied, invalid.
Result<std::string> read_leaf(const std::filesystem::path& pem);

// Judges the chain and the OCSP response a handshake showed: trust, dates, name, key, revocation. Adds findings of the
// stages certificate and staple.
void judge_certificate(const TlsSeen& seen, const CertificateTerms& terms, TimePoint now, PortReport& into);

}  // namespace gatepost::gate::probe
