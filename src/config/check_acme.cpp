#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "config/check.hpp"

namespace gatepost::config {
namespace {

// What public authorities take in one certificate.
constexpr std::size_t kMaxNames = 100;

class AcmeFindings {
 public:
  explicit AcmeFindings(std::vector<Problem>& out) : out_(out) {}
  void error(std::string where, std::string what, std::string cause, std::string cure) {
    out_.push_back({Severity::error, "", 0, std::move(where), std::move(what), std::move(cause), std::move(cure)});
  }

 private:
  std::vector<Problem>& out_;
};

void check_certificates(const Acme& acme, AcmeFindings& out) {
  std::set<std::string> firsts;
  for (std::size_t i = 0; i < acme.certificates.size(); ++i) {
    const AcmeCertificate& one = acme.certificates[i];
    const std::string where = fmt::format("[[acme.certificate]] {}", i + 1);
    if (one.names.size() > kMaxNames) {
      out.error(where + " names", fmt::format("has more than {} names", kMaxNames), "Authorities take no more.",
                "Make two certificates of it.");
    }
    if (!firsts.insert(one.names.front()).second) {
      out.error(where + " names", fmt::format("begins with {} as another one does", one.names.front()),
                "The first name is what the certificate is called and kept by.", "Begin with another name.");
    }
    const bool wild = std::ranges::any_of(one.names, [](const std::string& n) { return n.starts_with("*."); });
    if (wild && acme.challenge_of(one) != Challenge::dns_01) {
      out.error(where + " challenge", "a name with * needs dns-01", "Authorities give it for a TXT record alone.",
                "Write challenge = \"dns-01\", or name every host.");
    }
  }
}

void check_readable(const std::filesystem::path& file, const std::string& where, AcmeFindings& out) {
  std::error_code ec;
  if (file.empty() || std::filesystem::is_regular_file(file, ec)) return;
  out.error(where, fmt::format("{} cannot be read: there is no such file", file.string()), "", "Check the path.");
}

}  // namespace

void check_acme_values(const Config& config, std::vector<Problem>& problems) {
  AcmeFindings out(problems);
  const Acme& acme = config.acme;
  if (!acme.on()) {
    if (!acme.certificates.empty()) {
      out.error("[[acme.certificate]] 1", "nobody is named to get it from", "",
                "Write [acme] directory = \"https://...\".");
    }
    return;
  }
  if (!acme.agree_to_terms) {
    out.error("[acme] agree_to_terms", "must be true", "The authority gives certificates to those alone who agree.",
              "Read the terms its web site links to, and write agree_to_terms = true.");
  }
  if (acme.account_key_id.empty() != acme.account_key_file.empty()) {
    out.error("[acme] account_key_id", "goes with account_key_file", "One is of no use without the other.",
              "Write both, or none.");
  }
  if (acme.dns_server && acme.dns_key_file.empty() && !acme.dns_server->address.is_loopback()) {
    out.error("[acme] dns_key_file", "is missing", "Whoever can forge an address could change the zone.",
              "Make a key by tsig-keygen, give it to the name server, and name its file here.");
  }
  check_certificates(acme, out);
}

void check_acme_files(const Config& config, std::vector<Problem>& problems) {
  AcmeFindings out(problems);
  if (!config.acme.on()) return;
  check_readable(config.acme.ca_file, "[acme] ca_file", out);
  check_readable(config.acme.account_key_file, "[acme] account_key_file", out);
  check_readable(config.acme.dns_key_file, "[acme] dns_key_file", out);
}

}  // namespace gatepost::config
