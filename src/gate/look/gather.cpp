#include "gate/look/gather.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gate/explain/probe_reader.hpp"
#include "gate/kernel/host.hpp"
#include "gate/look/wire.hpp"
#include "gate/probe/certificate.hpp"
#include "gate/probe/prober.hpp"
#include "runtime/socket_address.hpp"

namespace gatepost::gate::look {
namespace {

namespace json = boost::json;
using explain::Facts;

constexpr std::size_t kMostFileOctets = 16 << 20, kMostLogOctets = 64 << 20, kMostLines = 200;

Result<std::string> read_file(const std::filesystem::path& path, std::size_t most, bool end_of_it) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::not_found, path.string() + " cannot be read");
  in.seekg(0, std::ios::end);
  const auto size = static_cast<std::size_t>(std::max<std::streamoff>(in.tellg(), 0));
  const std::size_t take = std::min(size, most);
  in.seekg(static_cast<std::streamoff>(end_of_it ? size - take : 0));
  std::string out(take, '\0');
  in.read(out.data(), static_cast<std::streamsize>(take));
  out.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return out;
}

// What the running server says of itself; its sockets tell what to compare the policy with.
void gather_server(const config::Config& config, const Ask& ask, Facts& facts) {
  const explain::Question& q = facts.question;
  const auto status = ask("status", {});
  std::optional<std::vector<BoundSocket>> bound;
  if (status) {
    facts.daemon_runs = true;
    if (auto sockets = bound_sockets(*status)) bound = *std::move(sockets);
    boost::system::error_code error;
    const json::value root = json::parse(*status, error);
    if (const json::object* o = error ? nullptr : root.if_object()) {
      if (const json::value* low = o->if_contains("disk_low"); low != nullptr && low->is_bool())
        facts.disk_low = low->get_bool();
      const json::value* window = o->if_contains("maintenance");
      const bool admin = q.from && contains(config.networks.admin, *q.from);
      if (window != nullptr && window->is_object() && !admin) {
        const json::value* until = window->get_object().if_contains("until");
        if (until != nullptr && until->is_string()) facts.maintenance_until = std::string(until->get_string());
      }
    }
  } else if (status.error().code == Errc::not_found) {
    facts.daemon_runs = false;
    facts.missing.emplace_back("what the server remembers of this client: it does not run");
  } else {
    facts.missing.push_back("what the server remembers of this client: " + status.error().detail);
  }
  for (PortPolicy& p : port_policies(config, bound, q.now)) {
    if (p.port == q.port) facts.policies.push_back(std::move(p));
  }
  if (bound) {
    for (const BoundSocket& one : *bound) {
      if (one.at.port == q.port) facts.served.push_back(one.at);
    }
  }
  for (const config::Exception& e : config.gate.exceptions) {
    const bool here = std::ranges::any_of(facts.policies, [&](const PortPolicy& p) { return p.service == e.listener; });
    if (here && q.from && contains(e.networks, *q.from) && q.at >= e.until)
      facts.expired.push_back({e.listener, e.reason, e.until});
  }
}

// The server's own log, where it goes to a file: for times it does not remember, and for when it does not run.
void gather_log_file(const config::Config& config, Facts& facts) {
  const explain::Question& q = facts.question;
  const bool remembers = facts.peer && facts.peer->since <= q.at - q.window;
  if (remembers || !q.from) return;
  if (config.log.target == "stderr") {
    facts.missing.emplace_back(
        "the server's log of that time goes to its standard error: journalctl -u gatepost, or set [log] target to a "
        "file");
    return;
  }
  std::vector<std::string> lines;
  for (const std::string& path : {config.log.target + ".1", config.log.target}) {
    const auto text = read_file(path, kMostLogOctets, true);
    if (!text) continue;
    std::istringstream in(*text);
    const std::string address = q.from->to_string();
    // A connection's other lines are found by its number, so all lines of the time are kept.
    for (std::string line; std::getline(in, line);) lines.push_back(line.substr(0, notes::LineRing::kLineOctets));
  }
  notes::LineFilter filter;
  filter.address = q.from;
  filter.since = q.at - q.window;
  filter.until = q.at + std::chrono::minutes(1);
  for (notes::LogLine& line : notes::select_lines(lines, filter, kMostLines)) facts.lines.push_back(std::move(line));
}

void gather_peer(const config::Config& config, const Ask& ask, Facts& facts) {
  const explain::Question& q = facts.question;
  if (!q.from || facts.daemon_runs != true) return gather_log_file(config, facts);
  if (const auto reply = ask("gate peer", {{"address", {q.from->to_string()}}})) {
    if (auto report = notes::peer_report_from_json(*reply)) {
      for (const std::string& text : report->lines) {
        if (auto line = notes::read_log_line(text)) facts.lines.push_back(*std::move(line));
      }
      facts.peer = *std::move(report);
    }
  } else {
    facts.missing.push_back("what the server remembers of this client: " + reply.error().detail);
  }
  if (const auto reply = ask("ban list", {})) {
    boost::system::error_code error;
    const json::value root = json::parse(*reply, error);
    if (!error && root.is_array()) {
      facts.banned = false;
      for (const json::value& one : root.get_array()) {
        const json::object* o = one.if_object();
        const json::value* address = o == nullptr ? nullptr : o->if_contains("address");
        if (address == nullptr || !address->is_string()) continue;
        const std::string_view word = address->get_string();
        const auto network = Network::parse(word);
        if (!(network && network->contains(*q.from)) && IpAddress::parse(word) != q.from->limit_key()) continue;
        const json::value* account = o->if_contains("account");
        if (account != nullptr && account->is_string() && !account->get_string().empty())
          continue;  // one account's alone
        facts.banned = true;
        for (const char* key : {"reason", "until"}) {
          const json::value* v = o->if_contains(key);
          if (v == nullptr || !v->is_string()) continue;
          facts.ban_text += facts.ban_text.empty() ? "" : ", until ";
          facts.ban_text += std::string_view(v->get_string());
        }
      }
    }
  }
  gather_log_file(config, facts);
}

probe::Service service_of(const PortPolicy& p) {
  probe::Service service{.name = p.service, .port = p.port, .expect = probe::Expect::open};
  service.tls = p.tls == config::TlsMode::none       ? probe::Tls::none
                : p.tls == config::TlsMode::starttls ? probe::Tls::starttls
                                                     : probe::Tls::implicit;
  switch (p.speaks) {
    case config::Service::smtp:
    case config::Service::submission:
      service.protocol = probe::Protocol::smtp;
      break;
    case config::Service::imap:
      service.protocol = probe::Protocol::imap;
      break;
    case config::Service::pop3:
      service.protocol = probe::Protocol::pop3;
      break;
    case config::Service::ldap:
      service.protocol = probe::Protocol::ldap;
      break;
    case config::Service::http:
    case config::Service::https:
      service.protocol = probe::Protocol::http;
      break;
    default:
      service.protocol = probe::Protocol::other;
  }
  service.users_sign_in = service.required_tls = p.tls != config::TlsMode::none && p.speaks != config::Service::smtp &&
                                                 p.speaks != config::Service::http &&
                                                 service.protocol != probe::Protocol::other;
  return service;
}

void probe_here(const Request& request, const config::Config& config, const Clock& clock, Facts& facts) {
  if (facts.sockets.empty() || facts.policies.empty()) return;
  const auto on =
      std::ranges::find_if(facts.policies, [](const PortPolicy& p) { return p.audience != config::Audience::off; });
  const PortPolicy& policy = on == facts.policies.end() ? facts.policies.front() : *on;
  IpAddress address = facts.sockets.front().address;
  for (const Listening& l : facts.sockets) {
    if (l.address.is_v4()) address = l.address;
  }
  if (request.question.to) address = *request.question.to;
  if (address == IpAddress{}) address = *IpAddress::parse("::1");
  if (address == IpAddress::v4(0)) address = IpAddress::v4(0x7f000001);
  probe::Settings settings;
  settings.server_name = request.server_name.empty() ? config.server.hostname : request.server_name;
  settings.ca_file = request.ca_file;
  settings.relay_test = settings.old_tls_test = false;
  settings.trusted_source = true;
  if (!config.tls.certificates.empty()) {
    if (const auto leaf = probe::read_leaf(config.tls.certificates.front().cert)) settings.leaf_on_disk = *leaf;
  }
  facts.probes.push_back({"this host", false, probe::probe_port(service_of(policy), address, settings, clock)});
}

Result<> read_probes(const Request& request, Facts& facts) {
  for (const auto& path : request.probes) {
    GP_TRY(const std::string text, read_file(path, kMostFileOctets, false));
    const auto report = explain::read_probe_report(text);
    if (!report) return fail(Errc::invalid, path.string() + ": " + report.error().detail);
    for (const probe::PortReport& one : report->ports) {
      if (one.at.port == request.question.port)
        facts.probes.push_back({fmt::format("elsewhere ({})", path.filename().string()), true, one});
    }
  }
  return {};
}

}  // namespace

explain::DnsFact look_up(const std::string& name) {
  explain::DnsFact out;
  out.name = name;
  if (const auto literal = IpAddress::parse(name)) {
    out.addresses.push_back(*literal);
    return out;
  }
  // resolv.conf(5): an answer that does not come within seconds is none.
  ::setenv("RES_OPTIONS", "timeout:2 attempts:1", 0);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &list);
  if (error != 0 && error != EAI_NONAME && error != EAI_NODATA) out.problem = ::gai_strerror(error);
  for (const addrinfo* i = list; error == 0 && i != nullptr && out.addresses.size() < 16; i = i->ai_next) {
    runtime::SocketAddress address;
    std::memcpy(address.raw(), i->ai_addr, std::min<std::size_t>(i->ai_addrlen, sizeof address.storage));
    address.size = i->ai_addrlen;
    if (const auto at = runtime::to_endpoint(address)) out.addresses.push_back(at->address);
  }
  if (list != nullptr) ::freeaddrinfo(list);
  return out;
}

Result<Facts> gather(const Request& request, const config::Config& config, const Ask& ask, const Clock& clock) {
  Facts facts;
  facts.question = request.question;
  gather_events(request, config, clock, facts);
  if (request.question.outbound) {
    gather_outbound(config, ask, facts);
    return facts;
  }
  gather_server(config, ask, facts);
  for (const Listening& l : listening_sockets()) {
    if (l.port == request.question.port) facts.sockets.push_back(l);
  }
  facts.sockets_known = true;
  if (const auto host = this_host()) {
    for (const Network& n : networks_of(host->addresses)) {
      if (n.prefix == 128) facts.own_addresses.push_back(n.address);
    }
  }
  if (request.watch.count() != 0 && request.question.from) {
    auto wire = Wire::open(request.question.port);
    if (wire) {
      facts.arrivals = wire->watch(*request.question.from, request.watch);
    } else {
      facts.missing.push_back("what arrives on the wire: " + wire.error().detail + "; run this as root");
    }
    // What the server did meanwhile counts too.
    facts.question.at = facts.question.now = clock.now();
  }
  // The server's own memory is asked before our probe adds to it.
  gather_peer(config, ask, facts);
  gather_firewall(facts);
  if (request.probe && !request.question.past) probe_here(request, config, clock, facts);
  GP_CHECK(read_probes(request, facts));
  if (request.dns && !request.question.past) {
    explain::DnsFact dns = look_up(request.server_name.empty() ? config.server.hostname : request.server_name);
    // A host's own name often stands in its /etc/hosts as loopback: that is not what the world sees.
    std::erase_if(dns.addresses, [](const IpAddress& a) { return a.is_loopback(); });
    if (!dns.addresses.empty()) facts.dns = std::move(dns);
    if (!facts.dns)
      facts.missing.push_back("what the world's DNS says of " + config.server.hostname +
                              ": it was not answered from here");
  }
  return facts;
}

}  // namespace gatepost::gate::look
