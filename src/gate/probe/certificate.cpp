#include "gate/probe/certificate.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>

#include <fmt/format.h>

#include "base/ip.hpp"

namespace gatepost::gate::probe {

namespace {

struct Free {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(OCSP_RESPONSE* p) const { OCSP_RESPONSE_free(p); }
  void operator()(OCSP_BASICRESP* p) const { OCSP_BASICRESP_free(p); }
  void operator()(OCSP_CERTID* p) const { OCSP_CERTID_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr int kRenewalDays = 21;  // what ACME clients renew before, with some days' grace

Owned<X509> parse(const std::string& der) {
  const auto* octets = reinterpret_cast<const unsigned char*>(der.data());
  return Owned<X509>(d2i_X509(nullptr, &octets, static_cast<long>(der.size())));
}

std::string names_of(X509* certificate) {
  std::string out;
  auto* const names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < std::min(sk_GENERAL_NAME_num(names), 8); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS) continue;
    const auto* const text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    if (!out.empty()) out += ", ";
    out += printable({text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}, 80);
  }
  GENERAL_NAMES_free(names);
  return out.empty() ? "no name" : out;
}

std::string issuer_of(const X509* certificate) {
  const Owned<BIO> memory(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(memory.get(), X509_get_issuer_name(certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return size > 0 ? printable({text, static_cast<std::size_t>(size)}, 100) : std::string();
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "a day that is none";
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

// Whole days from `now` to `time`; negative when it has passed.
long days_until(const ASN1_TIME* time, TimePoint now) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  // In seconds: dates of certificates go further than nanoseconds do.
  const auto left = std::chrono::seconds(timegm(&parts) - std::chrono::system_clock::to_time_t(now));
  return static_cast<long>(std::chrono::floor<std::chrono::days>(left).count());
}

struct Objection {
  Outcome outcome;
  std::string text, remedy;
};

// What one of OpenSSL's objections to a chain means to an admin. Dates are judged apart.
std::optional<Objection> objection_of(int error, const X509* leaf, std::size_t sent) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return std::nullopt;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return Objection{Outcome::fail, "the certificate is signed by itself: nobody who does not know it can trust it",
                       "get one from an authority (ACME), or give this one to all clients"};
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return Objection{Outcome::fail, "the chain ends at an authority that is not trusted here",
                       "a certificate of a public authority, or name the authority with --ca"};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      if (sent <= 1) {
        return Objection{
            Outcome::fail,
            fmt::format("the chain is not complete: only the leaf was sent, its issuer is {}", issuer_of(leaf)),
            "put the issuing certificate behind the leaf in the served file (\"fullchain\")"};
      }
      return Objection{Outcome::fail, "the chain ends at an authority that is not known here",
                       "add the missing certificate to the served file, or name the authority with --ca"};
    case X509_V_ERR_CERT_REVOKED:
      return Objection{Outcome::fail, "the certificate was revoked", "get another one, with another key"};
    default:
      return Objection{Outcome::fail, fmt::format("the chain is not good: {}", X509_verify_cert_error_string(error)),
                       "serve a chain that openssl verify accepts"};
  }
}

void judge_dates(const TlsSeen& seen, X509* leaf, TimePoint now, std::vector<Objection>& into) {
  const long left = days_until(X509_get0_notAfter(leaf), now);
  if (left < 0) {
    into.push_back({Outcome::fail, "the certificate expired on " + date_of(X509_get0_notAfter(leaf)), "renew it"});
  } else if (left < kRenewalDays) {
    into.push_back({left < 3 ? Outcome::fail : Outcome::warn, fmt::format("the certificate ends in {} days", left),
                    "renew it; look why it was not renewed by itself"});
  }
  if (days_until(X509_get0_notBefore(leaf), now) >= 0 &&
      std::ranges::find(seen.chain_errors, X509_V_ERR_CERT_NOT_YET_VALID) != seen.chain_errors.end()) {
    into.push_back({Outcome::fail, "the certificate is not valid yet", "look at the clocks of both hosts"});
  }
  for (std::size_t i = 1; i < seen.chain.size(); ++i) {
    const Owned<X509> above = parse(seen.chain[i]);
    if (above && days_until(X509_get0_notAfter(above.get()), now) < 0) {
      into.push_back(
          {Outcome::fail, "a certificate above the leaf has expired", "serve the authority's present chain"});
    }
  }
}

bool stands_for(X509* leaf, const std::string& name) {
  if (IpAddress::parse(name)) return X509_check_ip_asc(leaf, name.c_str(), 0) == 1;
  return X509_check_host(leaf, name.data(), name.size(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) ==
         1;  // RFC 9525 6.3
}

void judge_key(X509* leaf, std::vector<Objection>& into) {
  const EVP_PKEY* const key = X509_get0_pubkey(leaf);
  if (key == nullptr) return;
  const int bits = EVP_PKEY_get_bits(key);
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && bits < 2048) {
    into.push_back(
        {Outcome::fail, fmt::format("its RSA key has {} bits", bits), "a key of 2048 bits or more, or ECDSA"});
  }
  const int digest = X509_get_signature_nid(leaf);
  if (digest == NID_sha1WithRSAEncryption || digest == NID_md5WithRSAEncryption || digest == NID_ecdsa_with_SHA1) {
    into.push_back({Outcome::fail, "its signature uses a broken digest (SHA-1 or MD5)", "get another one"});
  }
}

// RFC 7633: the certificate promises a staple.
bool must_staple(X509* leaf) { return X509_get_ext_by_NID(leaf, NID_tlsfeature, -1) >= 0; }

Objection judge_staple(const TlsSeen& seen, X509* leaf) {
  if (seen.staple.empty()) {
    if (must_staple(leaf)) {
      return {Outcome::fail, "no OCSP response, which the certificate promises",
              "make the server staple, or get a certificate without"};
    }
    return {Outcome::ok, "no OCSP response, and none is promised", {}};
  }
  const auto* octets = reinterpret_cast<const unsigned char*>(seen.staple.data());
  const Owned<OCSP_RESPONSE> response(d2i_OCSP_RESPONSE(nullptr, &octets, static_cast<long>(seen.staple.size())));
  const Owned<OCSP_BASICRESP> basic(response ? OCSP_response_get1_basic(response.get()) : nullptr);
  const Owned<X509> issuer = seen.chain.size() > 1 ? parse(seen.chain[1]) : nullptr;
  const Owned<OCSP_CERTID> id(issuer ? OCSP_cert_to_id(nullptr, leaf, issuer.get()) : nullptr);
  int status = 0, reason = 0;
  ASN1_GENERALIZEDTIME *revoked = nullptr, *from = nullptr, *until = nullptr;
  if (!basic || !id || OCSP_resp_find_status(basic.get(), id.get(), &status, &reason, &revoked, &from, &until) != 1) {
    return {Outcome::warn, "an OCSP response that says nothing about this certificate",
            "look at the server's stapling"};
  }
  if (status == V_OCSP_CERTSTATUS_REVOKED)
    return {Outcome::fail, "OCSP: the certificate was revoked", "get another one, with another key"};
  constexpr long kSkewSeconds = 300;
  if (OCSP_check_validity(from, until, kSkewSeconds, -1) != 1) {
    return {Outcome::fail, "an OCSP response that is out of date", "look why the server does not renew it"};
  }
  if (status != V_OCSP_CERTSTATUS_GOOD)
    return {Outcome::warn, "OCSP: the authority does not know the certificate", "ask the authority"};
  return {Outcome::ok, "OCSP: good", {}};
}

}  // namespace

Result<std::string> read_leaf(const std::filesystem::path& pem) {
  std::ifstream in(pem, std::ios::binary);
  if (!in) return fail(Errc::not_found, pem.string() + " cannot be read");
  constexpr std::size_t kMostOctets = 1 << 20;
  std::string text(kMostOctets, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  const Owned<BIO> memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  const Owned<X509> leaf(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  unsigned char* octets = nullptr;
  const int size = leaf ? i2d_X509(leaf.get(), &octets) : -1;
  if (size <= 0) return fail(Errc::invalid, pem.string() + " holds no certificate");
  std::string der(reinterpret_cast<const char*>(octets), static_cast<std::size_t>(size));
  OPENSSL_free(octets);
  return der;
}

void judge_certificate(const TlsSeen& seen, const CertificateTerms& terms, TimePoint now, PortReport& into) {
  const auto none = std::chrono::microseconds(0);
  const Owned<X509> leaf = seen.chain.empty() ? nullptr : parse(seen.chain.front());
  if (!leaf) {
    into.add(Stage::certificate, Outcome::fail, none, "the server showed no certificate", "give it one");
    return;
  }
  std::vector<Objection> objections;
  judge_dates(seen, leaf.get(), now, objections);
  // Several errors say the same when the chain is not complete.
  bool chain_named = false;
  for (const int error : seen.chain_errors) {
    auto objection = objection_of(error, leaf.get(), seen.chain.size());
    if (!objection || chain_named) continue;
    chain_named = true;
    objections.push_back(std::move(*objection));
  }
  if (!terms.server_name.empty() && !stands_for(leaf.get(), terms.server_name)) {
    objections.push_back({Outcome::fail,
                          fmt::format("it is for {}, not for {}", names_of(leaf.get()), terms.server_name),
                          fmt::format("get one that names {}", terms.server_name)});
  }
  judge_key(leaf.get(), objections);
  if (terms.on_disk && *terms.on_disk != seen.chain.front()) {
    objections.push_back(
        {Outcome::fail, "it is not the one on disk", "let the server read the new one: gatepost reload"});
  }
  for (Objection& objection : objections) {
    into.add(Stage::certificate, objection.outcome, none, std::move(objection.text), std::move(objection.remedy));
  }
  if (objections.empty()) {
    std::string text = fmt::format("{} days left", days_until(X509_get0_notAfter(leaf.get()), now));
    if (terms.on_disk) text += ", as on disk";
    into.add(Stage::certificate, Outcome::ok, none, std::move(text));
  }
  Objection staple = judge_staple(seen, leaf.get());
  into.add(Stage::staple, staple.outcome, none, std::move(staple.text), std::move(staple.remedy));
  ERR_clear_error();
}

}  // namespace gatepost::gate::probe
