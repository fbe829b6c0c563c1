#include "acme/explain.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::acme {
namespace {

struct Row {
  std::string_view kind, cause, remedy;
};

// RFC 8555 6.7, and RFC 9773 7.4 for alreadyReplaced.
constexpr std::array kRequests = {
    Row{"accountDoesNotExist", "the authority does not know this server's account",
        "nothing: a new account is made at the next attempt. If the authority binds accounts, ask it for a new key "
        "([acme] account_key_id)"},
    Row{"alreadyReplaced", "the authority has another order that replaces this certificate",
        "nothing: the next attempt does not name it as replaced"},
    Row{"alreadyRevoked", "the certificate was revoked before", "nothing"},
    Row{"badCSR", "the authority refuses the request for the certificate, for its key or its names",
        "try another kind of key ([acme] key), and look at the names"},
    Row{"badNonce", "the authority did not accept any of several nonces",
        "nothing: it is tried again. If it stays, something between here and the authority answers from a cache"},
    Row{"badPublicKey", "the authority does not like the key", "choose another kind of key ([acme] key)"},
    Row{"badRevocationReason", "the authority does not accept the reason of a revocation", "nothing"},
    Row{"badSignatureAlgorithm", "the authority does not accept ES256 signatures",
        "use an authority that does: RFC 8555 asks for it"},
    Row{"caa", "a CAA record of the domain forbids this authority to give a certificate",
        "add a CAA record that names this authority, or take the CAA records away"},
    Row{"compound", "the authority has several objections", "see to each of them"},
    Row{"connection", "the authority could not connect to this server", "open the port for the whole internet"},
    Row{"dns", "the authority could not look the name up", "look at the domain's name servers and its DNSSEC"},
    Row{"externalAccountRequired", "the authority gives certificates only to accounts it knows from elsewhere",
        "get a key identifier and key from it, and write [acme] account_key_id and account_key_file"},
    Row{"incorrectResponse", "the authority found something else than it asked for",
        "see to it that the name leads to this server alone"},
    Row{"invalidContact", "the authority does not accept a contact address", "correct [acme] contact"},
    Row{"malformed", "the authority did not understand the request",
        "look whether [acme] directory is an ACME directory of RFC 8555"},
    Row{"orderNotReady", "the authority says the order is not ready yet", "nothing: it is tried again"},
    Row{"rateLimited", "the authority's limit of requests is reached",
        "wait. It is tried again when the authority allows; do not force it before"},
    Row{"rejectedIdentifier", "the authority gives no certificates for one of these names",
        "take the name out of [[acme.certificate]]: it may be internal, reserved or blocked by policy"},
    Row{"serverInternal", "the authority has a fault of its own",
        "nothing: it is tried again. The authority's status page may say more"},
    Row{"tls", "the authority could not make a TLS connection to this server", "look at what answers on that port"},
    Row{"unauthorized", "the authority does not accept that this account may do that",
        "look at the challenge's own report; with account binding, at account_key_id"},
    Row{"unsupportedContact", "the authority does not take such contact addresses", "correct [acme] contact"},
    Row{"unsupportedIdentifier", "the authority gives no certificates for this kind of name",
        "name hosts in [[acme.certificate]], not addresses"},
    Row{"userActionRequired", "the authority wants you to do something first, usually to agree to new terms",
        "read what it says and follow the link in it"},
};

std::string in_quotes(const Problem& problem) {
  if (!problem.detail.empty()) return fmt::format(" (it says: {})", problem.detail);
  return problem.type.empty() ? std::string() : fmt::format(" ({})", problem.type);
}

std::string every_detail(const Problem& problem) {
  std::string out = in_quotes(problem);
  for (const Problem& one : problem.subproblems) {
    const auto row = std::ranges::find(kRequests, one.kind(), &Row::kind);
    out += fmt::format("; {}: {}{}", one.name.empty() ? "one name" : one.name,
                       row == kRequests.end() ? std::string_view("refused") : row->cause, in_quotes(one));
  }
  return out;
}

std::string_view port_of(std::string_view type) { return type == "http-01" ? "80" : "443"; }

std::string connection_remedy(std::string_view type, std::string_view name, std::string_view detail) {
  const std::string_view port = port_of(type);
  const std::string text = ascii::to_lower(detail);
  const auto says = [&](std::string_view word) { return text.find(word) != std::string::npos; };
  if (says("refused")) {
    return fmt::format(
        "nothing answers on port {0} of the address {1} has: let the server listen there, or let the "
        "router pass port {0} on to it",
        port, name);
  }
  if (says("timeout") || says("timed out") || says("deadline")) {
    return fmt::format(
        "open port {0} for the whole internet (gatepost gate who {0}; router, provider), on every "
        "address of {1}, IPv6 included",
        port, name);
  }
  return fmt::format("see to it that port {} of every address of {} reaches this server from the internet", port, name);
}

// Some authorities say "unauthorized" of what they could not even connect to.
bool is_about_connecting(std::string_view type, const Problem& problem) {
  if (problem.kind() == "connection") return true;
  const std::string text = ascii::to_lower(problem.detail);
  return type != "dns-01" && problem.kind() == "unauthorized" &&
         (text.find("failed to connect") != std::string::npos || text.find("connection refused") != std::string::npos ||
          text.find("timeout") != std::string::npos || text.find("timed out") != std::string::npos);
}

}  // namespace

Failure explain(const Problem& problem, std::chrono::seconds retry_after) {
  Failure out;
  out.retry_after = retry_after;
  const auto row = std::ranges::find(kRequests, problem.kind(), &Row::kind);
  if (row != kRequests.end()) {
    out.cause = std::string(row->cause) + every_detail(problem);
    out.remedy = row->remedy;
    return out;
  }
  out.cause = problem.status >= 500 ? "the authority has a fault of its own" : "the authority refused";
  if (problem.status != 0) out.cause += fmt::format(" (HTTP {})", problem.status);
  out.cause += every_detail(problem);
  out.remedy = problem.status >= 500 ? "nothing: it is tried again" : "look at what it says";
  return out;
}

Failure explain_challenge(std::string_view type, std::string_view name, const Problem& problem) {
  Failure out;
  const std::string_view kind = problem.kind();
  const std::string seen = in_quotes(problem);
  if (is_about_connecting(type, problem)) {
    out.cause = fmt::format("the authority could not connect to port {} of {}{}", port_of(type), name, seen);
    out.remedy = connection_remedy(type, name, problem.detail);
  } else if (kind == "dns" && type == "dns-01") {
    out.cause = fmt::format("the authority could not look up the TXT record _acme-challenge.{}{}", name, seen);
    out.remedy = "look at the domain's name servers and its DNSSEC";
  } else if (kind == "dns") {
    out.cause = fmt::format("the authority found no address of {}{}", name, seen);
    out.remedy = fmt::format("give {} an A or AAAA record that leads to this server", name);
  } else if (kind == "tls") {
    out.cause = fmt::format("something on port 443 of {} did not show the certificate for the challenge{}", name, seen);
    out.remedy = "let TLS on port 443 reach this server untouched: no proxy or other web server may end it before";
  } else if (kind == "caa") {
    out.cause = fmt::format("a CAA record of {} forbids this authority to give a certificate{}", name, seen);
    out.remedy = "add a CAA record that names this authority, or take the CAA records away";
  } else if (kind == "unauthorized" || kind == "incorrectResponse") {
    if (type == "dns-01") {
      out.cause = fmt::format("the authority did not find the right TXT record at _acme-challenge.{}{}", name, seen);
      out.remedy = "make all name servers of the zone show it sooner, or wait longer: [acme] dns_check, dns_wait";
    } else {
      out.cause = fmt::format("the authority asked port {} of {} and got an answer of somebody else{}", port_of(type),
                              name, seen);
      out.remedy = fmt::format(
          "see to it that every address of {} (A and AAAA) is this server's, and that no other "
          "web server or proxy answers there",
          name);
    }
  } else {
    out = explain(problem);
    out.cause = fmt::format("{}: {}", name, out.cause);
  }
  return out;
}

}  // namespace gatepost::acme
