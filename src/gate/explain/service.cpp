#include <algorithm>

#include <fmt/format.h>

#include "gate/explain/engine.hpp"
#include "gate/explain/shown.hpp"
#include "gate/log/print.hpp"

namespace gatepost::gate::explain {
namespace {

using probe::Outcome;
using probe::PortState;
using probe::Stage;

Evidence evidence_of_probe(const ProbeFact& p, const probe::Finding& finding) {
  return {std::nullopt, "probe from " + p.vantage,
          fmt::format("{}: {}", probe::to_string(finding.stage), shown(finding.text))};
}

bool says(const probe::Finding& finding, std::string_view words) {
  return finding.text.find(words) != std::string::npos;
}

const probe::Finding* finding_of(const probe::PortReport& report, Stage stage) {
  const auto found = std::ranges::find(report.findings, stage, &probe::Finding::stage);
  return found == report.findings.end() ? nullptr : &*found;
}

bool offers_starttls(const probe::PortReport& report) {
  const probe::Finding* found = finding_of(report, Stage::starttls);
  return found != nullptr && found->outcome == Outcome::ok;
}
bool lacks_starttls(const probe::PortReport& report) {
  const probe::Finding* found = finding_of(report, Stage::starttls);
  return found != nullptr && (says(*found, "not offered") || says(*found, "overwritten"));
}

}  // namespace

void Engine::certificate_faults(const ProbeFact& p) {
  struct Row {
    std::string_view words, cause, summary, remedy;
  };
  static constexpr Row kRows[] = {
      {"expired", "certificate_expired", "The certificate of {} has expired: clients refuse it.",
       "renew it, then gatepost reload"},
      {"not valid yet", "certificate_not_yet_valid", "The certificate of {} is not valid yet.",
       "look at the clocks of both hosts, and at the certificate's begin"},
      {"it is for ", "certificate_name", "The certificate of {} is for another name than clients use.",
       "get one that names the host clients are set to, or set them to a name that is in it"},
      {"signed by itself", "certificate_self_signed", "The certificate of {} is signed by itself: nobody trusts it.",
       "get one from an authority (ACME), or give this one to all clients"},
      {"chain is not complete", "certificate_chain", "{} does not send the whole chain: clients cannot verify it.",
       "put the issuing certificate behind the leaf in [[tls.certificate]] cert (\"fullchain\"), then gatepost reload"},
      {"authority that is not", "certificate_authority",
       "The certificate of {} is from an authority clients do not know.",
       "a certificate of a public authority, or give the authority's to all clients"},
      {"not the one on disk", "certificate_not_loaded", "{} serves an older certificate than the one on disk.",
       "gatepost reload"},
      {"revoked", "certificate_revoked", "The certificate of {} was revoked.", "get another one, with another key"},
  };
  for (const probe::Finding& finding : p.report.findings) {
    if (finding.stage != Stage::certificate || finding.outcome != Outcome::fail) continue;
    for (const Row& row : kRows) {
      if (!says(finding, row.words) || has(row.cause)) continue;
      Diagnosis& d = add(std::string(row.cause), Certainty::certain, Fault::server,
                         fmt::format(fmt::runtime(row.summary), where()));
      d.evidence.push_back(evidence_of_probe(p, finding));
      d.remedies.emplace_back(row.remedy);
      break;
    }
  }
}

void Engine::look_at_probes() {
  if (f.question.outbound) return;
  const auto inside = std::ranges::find_if(f.probes, [](const ProbeFact& p) { return !p.outside; });
  const bool works_here = inside != f.probes.end() && inside->report.state == PortState::open;
  if (works_here) {
    const std::string ms = fmt::format("it listens and answers, in {} ms", inside->report.took.count() / 1000);
    for (Diagnosis& d : found_) d.evidence.push_back({std::nullopt, "probe from " + inside->vantage, ms});
  }
  for (const ProbeFact& p : f.probes) {
    const probe::PortReport& r = p.report;
    if (r.state == PortState::open) certificate_faults(p);
    if (!p.outside && r.state == PortState::refused && found_.empty()) {
      Diagnosis& d = add("refused_here", Certainty::likely, Fault::unknown,
                         fmt::format("Port {} refuses connections on this host itself.", f.question.port));
      d.evidence.push_back({std::nullopt, "probe from " + p.vantage, "refused"});
      d.remedies = {fmt::format("see what listens: ss -ltn 'sport = :{}'", f.question.port)};
    }
    if (const probe::Finding* said = finding_of(r, Stage::handshake);
        said != nullptr && said->outcome == Outcome::fail && says(*said, "plain text") && !has("plain_text_service")) {
      Diagnosis& d = add("plain_text_service", Certainty::certain, Fault::server,
                         fmt::format("{} answers in plain text where TLS is to begin at once.", where()));
      d.evidence.push_back(evidence_of_probe(p, *said));
      d.remedies = {"use STARTTLS with this port; or something else than Gatepost answers there"};
    }
    if (!p.outside) continue;
    const bool closed =
        r.state == PortState::silent || r.state == PortState::refused || r.state == PortState::unreachable;
    const bool let_in = f.firewall && f.firewall->fate == Fate::open;
    if (closed && works_here && let_in && !found_certain() && !has("nothing_arrives")) {
      Diagnosis& d = add("stopped_before_this_host",
                         r.state == PortState::silent ? Certainty::likely : Certainty::certain, Fault::provider,
                         fmt::format("{} answers here, and is {} from {}: something before this host stops it.",
                                     where(), probe::to_string(r.state), p.vantage));
      if (const probe::Finding* found = finding_of(r, Stage::connect))
        d.evidence.push_back(evidence_of_probe(p, *found));
      d.evidence.push_back({std::nullopt, "firewall's rules", "let it in: " + shown(f.firewall->why)});
      d.remedies = {
          "the provider's cloud firewall or security group, the router's port forward and NAT, the client's network"};
    }
    if (works_here && offers_starttls(inside->report) && lacks_starttls(r) && !has("starttls_stripped")) {
      Diagnosis& d = add("starttls_stripped", Certainty::certain, Fault::provider,
                         fmt::format("{} offers STARTTLS here, and it is missing from {}: a device between removes it.",
                                     where(), p.vantage));
      d.evidence.push_back(evidence_of_probe(*inside, *finding_of(inside->report, Stage::starttls)));
      d.evidence.push_back(evidence_of_probe(p, *finding_of(r, Stage::starttls)));
      d.remedies = {
          "switch SMTP/IMAP inspection off in the firewall or virus scanner between (Cisco: no inspect esmtp)",
          "let clients use the port with TLS from the start (465, 993, 995): nothing can be removed there"};
    }
    const probe::Finding* banner = finding_of(r, Stage::banner);
    const probe::Finding* own = works_here ? finding_of(inside->report, Stage::banner) : nullptr;
    if (banner != nullptr && own != nullptr && banner->outcome == Outcome::ok && own->outcome == Outcome::ok &&
        banner->text != own->text && !says(*banner, own->text.substr(0, own->text.find(' '))) && !has("other_server")) {
      Diagnosis& d = add("other_server", Certainty::likely, Fault::provider,
                         fmt::format("From {} another server answers at port {}.", p.vantage, f.question.port));
      d.evidence.push_back(evidence_of_probe(p, *banner));
      d.evidence.push_back(evidence_of_probe(*inside, *own));
      d.remedies = {"look where the name leads, and at port forwards: that connection is not to this host"};
    }
  }
}

void Engine::look_at_names() {
  if (f.question.outbound || !f.dns) return;
  const DnsFact& dns = *f.dns;
  std::string all;
  for (const IpAddress& a : dns.addresses) all += (all.empty() ? "" : ", ") + a.to_string();
  const Evidence evidence{std::nullopt, "DNS",
                          dns.addresses.empty() ? fmt::format("{} has no address{}{}", shown(dns.name),
                                                              dns.problem.empty() ? "" : ": ", shown(dns.problem))
                                                : fmt::format("{} is {}", shown(dns.name), all)};
  if (dns.addresses.empty()) {
    Diagnosis& d = add("name_without_address", Certainty::likely, Fault::dns,
                       fmt::format("{} has no address: clients that are set to it find nothing.", shown(dns.name)));
    d.evidence.push_back(evidence);
    d.remedies = {"write A and AAAA records for it"};
    return;
  }
  const auto is_own = [&](const IpAddress& a) {
    return std::ranges::find(f.own_addresses, a) != f.own_addresses.end();
  };
  const auto elsewhere = std::ranges::find_if_not(dns.addresses, is_own);
  const bool none_own = std::ranges::none_of(dns.addresses, is_own);
  if (elsewhere != dns.addresses.end()) {
    // Behind NAT the public address is never one of the host's own.
    const bool behind_nat = std::ranges::none_of(f.own_addresses, [](const IpAddress& a) {
      static const std::vector<Network> kPrivate{*Network::parse("10.0.0.0/8"),     *Network::parse("172.16.0.0/12"),
                                                 *Network::parse("192.168.0.0/16"), *Network::parse("100.64.0.0/10"),
                                                 *Network::parse("fc00::/7"),       *Network::parse("fe80::/10")};
      return !a.is_loopback() && !contains(kPrivate, a);
    });
    Diagnosis& d =
        add("name_leads_elsewhere", none_own && !behind_nat ? Certainty::likely : Certainty::possible, Fault::dns,
            fmt::format("{} leads to {}, which is {} address of this host{}.", shown(dns.name), elsewhere->to_string(),
                        none_own ? "no" : "not an", behind_nat ? " (as it has to be behind NAT)" : ""));
    d.evidence.push_back(evidence);
    d.remedies = {"correct the A and AAAA records, and wait until the old ones are forgotten (their TTL)",
                  "behind NAT: see that the router forwards the port to this host"};
  }
  // A client that has IPv6 usually tries it first, and waits when nobody answers.
  const bool has_v6 = std::ranges::any_of(dns.addresses, [](const IpAddress& a) { return !a.is_v4(); });
  const bool v6_bound = std::ranges::any_of(f.sockets, [](const Listening& l) {
    return !l.address.is_v4() && (!l.address.is_loopback() || l.address == IpAddress{});
  });
  const bool v6_shut = f.firewall_other_family && (f.firewall_other_family->fate == Fate::dropped ||
                                                   f.firewall_other_family->fate == Fate::refused);
  const bool from_v4 = !f.question.from || f.question.from->is_v4();
  if (has_v6 && from_v4 && f.sockets_known && !f.sockets.empty() && (!v6_bound || v6_shut) && !has("no_ipv6_network")) {
    Diagnosis& d =
        add("ipv6_missing", Certainty::likely, Fault::policy,
            fmt::format("{} has an IPv6 address, but {} cannot be reached by IPv6: clients that try it first "
                        "wait or fail.",
                        shown(dns.name), where()));
    d.evidence.push_back(evidence);
    d.evidence.push_back({std::nullopt, v6_bound ? "firewall's rules" : "sockets of this host",
                          v6_bound ? "IPv6: " + shown(f.firewall_other_family->why) : "nothing listens for IPv6"});
    d.remedies = {
        fmt::format("[listener.{}] address = \"*\" and the IPv6 networks of its audience, then gatepost reload && "
                    "gatepost gate apply",
                    service()),
        "or take the AAAA record away"};
  }
}

}  // namespace gatepost::gate::explain
