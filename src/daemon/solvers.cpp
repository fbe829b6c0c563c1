#include "daemon/solvers.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "certificates/making.hpp"
#include "daemon/certificate_events.hpp"

namespace gatepost::daemon {
namespace {

using acme::Outcome;
using acme::Proof;

// RFC 8555 8.3: what port 80 answers at /.well-known/acme-challenge/.
class HttpSolver final : public acme::Solver {
 public:
  explicit HttpSolver(const ProofPlaces& places) : places_(places) {}
  std::string_view type() const override { return "http-01"; }
  Outcome<> present(const Proof& proof, std::stop_token) override {
    places_.challenges.put(proof.token, proof.key_authorization);
    return {};
  }
  Outcome<> settle(const std::vector<Proof>&, std::stop_token) override { return {}; }
  void remove(const Proof& proof) override { places_.challenges.remove(proof.token); }

 private:
  const ProofPlaces places_;
};

bool listens(const config::Config& config, config::Service service) {
  return std::ranges::any_of(config.listeners, [&](const config::Listener& listener) {
    return listener.service == service && listener.audience != config::Audience::off;
  });
}

// RFC 8737: a special certificate on every port with TLS; the authority looks at 443.
class TlsAlpnSolver final : public acme::Solver {
 public:
  explicit TlsAlpnSolver(const ProofPlaces& places) : places_(places) {}
  std::string_view type() const override { return "tls-alpn-01"; }
  Outcome<> present(const Proof& proof, std::stop_token) override {
    GP_ACME_TRY(const certificates::Pair pair, certificates::make_validation_certificate(
                                                   proof.name, sha256(proof.key_authorization), places_.clock.now()));
    GP_ACME_CHECK(places_.validation.show(
        proof.name, {pair.chain_pem, std::string(pair.key.to_pem().reveal()), {}, "validation of " + proof.name}));
    return {};
  }
  Outcome<> settle(const std::vector<Proof>&, std::stop_token) override { return {}; }
  void remove(const Proof& proof) override { places_.validation.forget(proof.name); }

 private:
  const ProofPlaces places_;
};

// resolv.conf(5): "nameserver ADDRESS", three at most.
std::vector<Endpoint> name_servers_of_the_machine() {
  constexpr std::size_t kMost = 3;
  std::vector<Endpoint> out;
  std::ifstream in("/etc/resolv.conf");
  for (std::string word, address; out.size() < kMost && in >> word;) {
    if (word == "nameserver" && in >> address) {
      if (const auto parsed = IpAddress::parse(address)) out.push_back({*parsed, 53});
    }
    std::getline(in, word);
  }
  return out;
}

std::vector<Endpoint> resolvers_of(const config::Config& config) {
  return config.dns.servers.empty() ? name_servers_of_the_machine() : config.dns.servers;
}

// TXT records by a program that somebody runs for us. It is told the name that CNAME records lead to (RFC 8555 8.4), as
// an update of the zone would be made there.
class HookSolver final : public acme::Solver {
 public:
  HookSolver(const ProofPlaces& places, const config::Config& config)
      : places_(places), acme_(config.acme), asked_(config.acme.dns_check) {
    std::ranges::copy(resolvers_of(config), std::back_inserter(asked_));
  }
  std::string_view type() const override { return "dns-01"; }
  Outcome<> present(const Proof& proof, std::stop_token stop) override {
    GP_TRY(const std::string record, record_of(proof));
    places_.log.write(certificate_event::kHookWanted, {{"action", "add"}, {"record", record}});
    return places_.hooks.run({0, true, record, acme::dns_record_value(proof)}, acme_.hook_timeout, stop);
  }
  Outcome<> settle(const std::vector<Proof>& proofs, std::stop_token stop) override {
    acme::DnsSettings settings;
    settings.wait = acme_.dns_wait;
    std::vector<acme::ShownText> records;
    for (const Proof& proof : proofs) {
      GP_TRY(std::string record, record_of(proof));
      records.push_back({std::move(record), acme::dns_record_value(proof)});
    }
    return acme::wait_for_records(acme_.dns_check, records, settings, places_.clock, places_.random, stop);
  }
  void remove(const Proof& proof) override {
    auto record = record_of(proof);
    if (record) places_.hooks.leave({0, false, *std::move(record), acme::dns_record_value(proof)});
  }

 private:
  Outcome<std::string> record_of(const Proof& proof) const {
    return acme::name_behind_aliases(asked_, acme::dns_record_name(proof), places_.random, acme::DnsSettings().answer);
  }
  const ProofPlaces places_;
  const config::Acme acme_;
  std::vector<Endpoint> asked_;  // who may know CNAME records: the zones' own servers first
};

Outcome<std::unique_ptr<acme::Solver>> dns_solver(const config::Config& config, const ProofPlaces& places) {
  const config::Acme& acme = config.acme;
  if (!acme.dns_server) return std::make_unique<HookSolver>(places, config);
  acme::DnsSettings settings;
  settings.server = *acme.dns_server;
  settings.zone = acme.dns_zone;
  settings.resolvers = resolvers_of(config);
  settings.check = acme.dns_check;
  settings.wait = acme.dns_wait;
  if (!acme.dns_key_file.empty()) {
    std::ifstream in(acme.dns_key_file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    auto key = in ? acme::dns::read_key_file(text)
                  : Result<acme::dns::TsigKey>(fail(Errc::denied, "it cannot be read by the server's user"));
    if (!key) {
      return acme::failed(fmt::format("[acme] dns_key_file {}: {}", acme.dns_key_file.string(), key.error().detail),
                          "write it by tsig-keygen, and let the server's user read it");
    }
    settings.key = *std::move(key);
  }
  return std::make_unique<acme::DnsUpdateSolver>(std::move(settings), places.clock, places.random);
}

}  // namespace

Outcome<std::unique_ptr<acme::Solver>> make_solver(const config::Config& config,
                                                   const config::AcmeCertificate& certificate,
                                                   const ProofPlaces& places) {
  switch (config.acme.challenge_of(certificate)) {
    case config::Challenge::tls_alpn_01:
      return std::make_unique<TlsAlpnSolver>(places);
    case config::Challenge::dns_01:
      return dns_solver(config, places);
    case config::Challenge::http_01:
    case config::Challenge::unset:
      break;
  }
  if (listens(config, config::Service::http)) return std::make_unique<HttpSolver>(places);
  return acme::failed("http-01 needs a listener of service http, and there is none",
                      "open [listener.http], or choose tls-alpn-01 or dns-01");
}

}  // namespace gatepost::daemon
