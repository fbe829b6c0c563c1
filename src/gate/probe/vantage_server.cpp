#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <list>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/random.hpp"
#include "gate/probe/connection.hpp"
#include "gate/probe/vantage.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::gate::probe {

struct VantageServer::Inside {
  Inside(runtime::UniqueFd socket, Secret secret, VantageTerms what, const Clock& time)
      : listener(std::move(socket)),
        wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        key(std::move(secret)),
        terms(std::move(what)),
        clock(time) {}

  void accept_all() {
    while (!stopping) {
      pollfd wait[2] = {{listener.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
      if (::poll(wait, 2, -1) < 0 && errno != EINTR) return;
      end_finished();
      if ((wait[0].revents & POLLIN) == 0) continue;
      runtime::UniqueFd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      // More than it takes are hung up on: whoever asks is told that this may be the reason.
      if (!fd || clients.size() >= kMaxVantageClients) continue;
      Client& client = clients.emplace_back();
      client.thread = std::thread([this, &client, socket = fd.release()] {
        serve(socket);
        client.done = true;
        const std::uint64_t one = 1;
        (void)!::write(wake.get(), &one, sizeof one);
      });
    }
  }

  void end_finished() {
    std::uint64_t count = 0;
    (void)!::read(wake.get(), &count, sizeof count);
    std::erase_if(clients, [](Client& client) {
      if (!client.done) return false;
      client.thread.join();
      return true;
    });
  }

  // One request. Whoever has not the key is told nothing.
  void serve(int fd) {
    const auto connection = Connection::of(fd);
    connection->set_deadline(std::chrono::steady_clock::now() + terms.patience);
    SystemRandom random;
    const std::string challenge = random.hex(32);
    if (!connection->write(fmt::format("{}{}\n", kVantageGreeting, challenge))) return;
    std::string line;
    std::size_t end = 0;
    const auto take = [&](std::string_view input) -> Taken {
      end = input.find('\n');
      if (end == std::string_view::npos) return {};
      line = input.substr(0, end);
      return {Taken::Progress::done, end + 1, {}};
    };
    if (!connection->read(take, kMaxRequestOctets + 128)) return;
    const std::size_t blank = std::min(line.find(' ') + 1, line.size());
    const std::string signature = sign_request(key.reveal(), challenge, std::string_view(line).substr(blank));
    const auto body = checked(line, signature);
    if (!body) return;
    const std::string report = answer(*body);
    connection->set_deadline(std::chrono::steady_clock::now() + terms.patience);
    (void)connection->write(fmt::format("{} {}\n", sign_report(key.reveal(), challenge, signature, report), report));
  }

  std::string answer(std::string_view body) {
    const auto request = read_request(body);
    if (!request) return write_refusal(request.error().detail);
    if (!within_rate()) return write_refusal("it was asked too often: try again in a minute");
    const auto services = services_of(*request, terms);
    if (!services) return write_refusal(services.error().detail);
    const auto began = std::chrono::steady_clock::now();
    Settings settings;
    settings.server_name = request->server_name;
    if (settings.server_name.empty() && !IpAddress::parse(request->host)) settings.server_name = request->host;
    settings.ca_file = terms.ca_file;
    if (!request->leaf_on_disk.empty()) settings.leaf_on_disk = request->leaf_on_disk;
    if (!request->outside_domain.empty()) settings.outside_domain = request->outside_domain;
    settings.relay_test = request->relay_test;
    settings.answer_timeout = request->answer_timeout;
    settings.exchange = request->profile.starts_with("exchange");
    const bool named =
        std::ranges::any_of(terms.hosts, [&](const std::string& h) { return ascii::iequals(h, request->host); });
    // A name nobody allowed is not even looked up, unless its address may be.
    if (!named && terms.networks.empty()) return write_refusal("it does not look at that host");
    Report report;
    report.host = request->host;
    report.profile = request->profile;
    std::vector<std::pair<Service, IpAddress>> targets;
    bool refused = false;
    for (const IpAddress& address : find_addresses(request->host, settings, report.findings)) {
      if (!named && !contains(terms.networks, address)) {
        refused = true;
        continue;
      }
      for (const Service& service : *services) targets.emplace_back(service, address);
    }
    if (targets.empty() && refused) return write_refusal("it does not look at that host");
    report.ports = probe_ports(targets, settings, clock);
    report.took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
    return format_json(report);
  }

  bool within_rate() {
    const std::lock_guard lock(mutex);
    const auto now = std::chrono::steady_clock::now();
    while (!recent.empty() && now - recent.front() > std::chrono::minutes(1)) recent.pop_front();
    if (recent.size() >= terms.requests_per_minute) return false;
    recent.push_back(now);
    return true;
  }

  struct Client {
    std::thread thread;
    std::atomic<bool> done = false;
  };

  runtime::UniqueFd listener, wake;
  const Secret key;
  const VantageTerms terms;
  const Clock& clock;
  std::mutex mutex;
  std::deque<std::chrono::steady_clock::time_point> recent;
  std::list<Client> clients;  // of the accepting thread, until it has ended
  std::atomic<bool> stopping = false;
  std::thread acceptor;
};

VantageServer::VantageServer(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}

Result<std::unique_ptr<VantageServer>> VantageServer::start(const Endpoint& at, Secret key, VantageTerms terms,
                                                            const Clock& clock) {
  const runtime::SocketAddress address = runtime::to_socket_address(at);
  runtime::UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!fd || ::bind(fd.get(), address.raw(), address.size) != 0 || ::listen(fd.get(), 64) != 0)
    return fail(Errc::unavailable, fmt::format("cannot listen at {}: {}", at.to_string(), std::strerror(errno)));
  auto inside = std::make_unique<Inside>(std::move(fd), std::move(key), std::move(terms), clock);
  inside->acceptor = std::thread([raw = inside.get()] { raw->accept_all(); });
  return std::unique_ptr<VantageServer>(new VantageServer(std::move(inside)));
}

VantageServer::~VantageServer() {
  inside_->stopping = true;
  const std::uint64_t one = 1;
  (void)!::write(inside_->wake.get(), &one, sizeof one);
  inside_->acceptor.join();
  // A probe that runs ends with its own deadlines.
  for (auto& client : inside_->clients) client.thread.join();
}

Endpoint VantageServer::at() const { return runtime::local_endpoint(inside_->listener.get()).value_or(Endpoint{}); }

}  // namespace gatepost::gate::probe
