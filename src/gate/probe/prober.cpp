#include "gate/probe/prober.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "gate/probe/connection.hpp"
#include "gate/probe/talk.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::gate::probe {

namespace {

constexpr std::size_t kMaxAddresses = 4;

PortState state_of(Connected::How how) {
  switch (how) {
    case Connected::How::open:
      return PortState::open;
    case Connected::How::refused:
      return PortState::refused;
    case Connected::How::unreachable:
      return PortState::unreachable;
    case Connected::How::silent:
      return PortState::silent;
    case Connected::How::failed:
      break;
  }
  return PortState::failed;
}

void add_closed(Talk& talk, const Connected& connected) {
  const bool expected = talk.service.expect != Expect::open;
  switch (connected.how) {
    case Connected::How::refused:
      return talk.add(
          Stage::connect, expected ? Outcome::ok : Outcome::fail, "refused",
          expected ? "" : "nothing listens there, or a rule rejects: start the service, or look at its bind addresses");
    case Connected::How::silent:
      return talk.add(Stage::connect, expected ? Outcome::ok : Outcome::fail, connected.detail,
                      expected ? "" : "a firewall drops it: on the host, at the provider, or on the way");
    case Connected::How::unreachable:
      return talk.add(Stage::connect, expected && connected.icmp_type != 0 ? Outcome::ok : Outcome::unknown,
                      connected.detail, connected.icmp_type != 0 ? "" : "this host has no way there: try from another");
    default:
      return talk.add(Stage::connect, Outcome::unknown, connected.detail);
  }
}

void talk_to(Talk& talk) {
  switch (talk.service.protocol) {
    case Protocol::smtp:
      return talk_smtp(talk);
    case Protocol::imap:
      return talk_imap(talk);
    case Protocol::pop3:
      return talk_pop3(talk);
    case Protocol::http:
      return talk_http(talk);
    case Protocol::ldap:
      return talk_ldap(talk);
    case Protocol::other:
      break;
  }
}

}  // namespace

PortReport probe_port(const Service& service, const IpAddress& address, const Settings& settings, const Clock& clock) {
  if (settings.authorities == nullptr) {
    const Authorities authorities(settings.ca_file, settings.also_ca_file);
    Settings complete = settings;
    complete.authorities = &authorities;
    return probe_port(service, address, complete, clock);
  }
  PortReport report;
  report.service = service.name;
  report.at = {address, service.port};
  report.expected_open = service.expect != Expect::closed;
  Stopwatch whole;
  Talk talk{service, address, settings, clock, report, nullptr, {}};
  const Connected connected = Connection::open(report.at, settings.source, settings.connect_timeout, talk.connection);
  report.state = state_of(connected.how);
  if (connected.how != Connected::How::open) {
    add_closed(talk, connected);
  } else if (service.expect == Expect::closed) {
    talk.add(Stage::connect, Outcome::fail, "open, and should not be", service.why);
  } else {
    talk.add(Stage::connect, Outcome::ok,
             connected.local ? fmt::format("open, from {}", connected.local->address.to_string()) : "open");
    if (service.tls != Tls::implicit || talk.start_tls()) talk_to(talk);
  }
  report.took = whole.lap();
  return report;
}

std::vector<PortReport> probe_ports(const std::vector<std::pair<Service, IpAddress>>& targets, const Settings& settings,
                                    const Clock& clock, std::size_t threads) {
  const Authorities authorities(settings.ca_file, settings.also_ca_file);
  Settings complete = settings;
  complete.authorities = &authorities;
  std::vector<PortReport> reports(targets.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < targets.size(); i = next++) {
      reports[i] = probe_port(targets[i].first, targets[i].second, complete, clock);
    }
  };
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < std::min(threads, targets.size()); ++i) workers.emplace_back(work);
  workers.clear();
  return reports;
}

namespace {

std::vector<IpAddress> look_up(const std::string& host, std::string& problem) {
  addrinfo hints{}, *list = nullptr;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    problem = gai_strerror(error);
    return {};
  }
  std::vector<IpAddress> out;
  for (const addrinfo* at = list; at != nullptr && out.size() < kMaxAddresses; at = at->ai_next) {
    runtime::SocketAddress address;
    address.size = at->ai_addrlen;
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    const auto endpoint = runtime::to_endpoint(address);
    if (endpoint && std::ranges::find(out, endpoint->address) == out.end()) out.push_back(endpoint->address);
  }
  freeaddrinfo(list);
  return out;
}

// The address this host would leave from; connecting a datagram socket sends nothing.
std::optional<IpAddress> way_to(const IpAddress& address, const std::optional<IpAddress>& source,
                                std::string& problem) {
  runtime::SocketAddress to = runtime::to_socket_address({address, 9});
  runtime::UniqueFd fd(::socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (source) {
    const runtime::SocketAddress from = runtime::to_socket_address({*source, 0});
    if (::bind(fd.get(), from.raw(), from.size) != 0) {
      problem = fmt::format("cannot leave from {}: {}", source->to_string(), std::strerror(errno));
      return std::nullopt;
    }
  }
  if (::connect(fd.get(), to.raw(), to.size) != 0) {
    problem = std::strerror(errno);
    return std::nullopt;
  }
  const auto local = runtime::local_endpoint(fd.get());
  return local ? std::optional(local->address) : std::nullopt;
}

}  // namespace

std::vector<IpAddress> find_addresses(const std::string& host, const Settings& settings,
                                      std::vector<Finding>& findings) {
  Stopwatch watch;
  std::vector<IpAddress> found;
  if (const auto literal = IpAddress::parse(host)) {
    found.push_back(*literal);
  } else {
    std::string problem;
    found = look_up(host, problem);
    std::string text = problem;
    for (const IpAddress& address : found) text += (text.empty() ? "" : ", ") + address.to_string();
    findings.push_back({Stage::resolve, found.empty() ? Outcome::fail : Outcome::ok, watch.lap(), text,
                        found.empty() ? "look at the name's A and AAAA records, and at this host's resolver" : ""});
  }
  std::vector<IpAddress> reachable;
  for (const IpAddress& address : found) {
    // A source of one family says nothing about the other.
    if (settings.source && settings.source->is_v4() != address.is_v4()) continue;
    std::string problem;
    const auto from = way_to(address, settings.source, problem);
    if (from) {
      reachable.push_back(address);
      findings.push_back({Stage::route,
                          Outcome::ok,
                          watch.lap(),
                          fmt::format("{} from {}", address.to_string(), from->to_string()),
                          {}});
    } else {
      findings.push_back({Stage::route, Outcome::unknown, watch.lap(),
                          fmt::format("{}: {}", address.to_string(), problem),
                          "this host has no way there: probe it from another"});
    }
  }
  return reachable;
}

}  // namespace gatepost::gate::probe
