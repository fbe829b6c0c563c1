#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gate/look/gather.hpp"
#include "gate/look/wire.hpp"
#include "gate/probe/connection.hpp"

namespace gatepost::gate::look {
namespace {

namespace json = boost::json;
using explain::AttemptFact;
using explain::Facts;
using How = AttemptFact::How;

constexpr std::chrono::milliseconds kConnect{3000}, kFirstWords{5000};
constexpr std::size_t kMostAddresses = 4;

How how_of(probe::Connected::How how) {
  switch (how) {
    case probe::Connected::How::open:
      return How::open;
    case probe::Connected::How::refused:
      return How::refused;
    case probe::Connected::How::unreachable:
      return How::unreachable;
    case probe::Connected::How::silent:
      return How::silent;
    case probe::Connected::How::failed:
      break;
  }
  return How::failed;
}

AttemptFact attempt(const Endpoint& to, std::string label, const std::optional<IpAddress>& source, bool listen) {
  AttemptFact out;
  out.label = std::move(label);
  out.port = to.port;
  std::unique_ptr<probe::Connection> connection;
  const probe::Connected connected = probe::Connection::open(to, source, kConnect, connection);
  out.how = how_of(connected.how);
  out.detail = connected.detail;
  if (!listen || out.how != How::open) return out;
  // A mail server speaks first (RFC 5321 3.1).
  connection->set_deadline(std::chrono::steady_clock::now() + kFirstWords);
  std::string line;
  if (connection->read([&](std::string_view input) { return probe::take_line(input, line); }))
    out.said = line.substr(0, 200);
  return out;
}

// As another user: for this thread alone (credentials(7): the kernel keeps them per thread), so that rules about the
// owner of a socket are met as the server meets them.
std::optional<AttemptFact> attempt_as(const passwd& user, const Endpoint& to, std::string label,
                                      const std::optional<IpAddress>& source, bool listen) {
  std::optional<AttemptFact> out;
  std::thread([&] {
    if (::syscall(SYS_setresgid, user.pw_gid, user.pw_gid, user.pw_gid) != 0 ||
        ::syscall(SYS_setresuid, user.pw_uid, user.pw_uid, user.pw_uid) != 0)
      return;
    out = attempt(to, std::move(label), source, listen);
  }).join();
  return out;
}

void gather_queue(const Ask& ask, const std::string& host, explain::OutboundFact& out) {
  const auto reply = ask("queue list", {});
  if (!reply) return;
  boost::system::error_code error;
  const json::value root = json::parse(*reply, error);
  if (error || !root.is_array()) return;
  for (const json::value& one : root.get_array()) {
    const json::object* o = one.if_object();
    if (o == nullptr || out.queue.size() >= 100) continue;
    const auto text = [o](const char* key) {
      const json::value* v = o->if_contains(key);
      return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
    };
    if (!text("last_reply").empty() && !text("to").ends_with(host))
      out.queue.push_back({text("to"), text("last_reply")});
  }
}

}  // namespace

void gather_outbound(const config::Config& config, const Ask& ask, Facts& facts) {
  explain::OutboundFact out;
  explain::Question& q = facts.question;
  out.dns = look_up(q.host);
  if (config.mailflow.smart_host) out.smart_host = config.mailflow.smart_host->host;
  out.egress_user = config.server.user;
  const auto status = ask("status", {});
  facts.daemon_runs = status.has_value();
  const Intent intent = intent_of(config, port_policies(config, std::nullopt, q.now));
  out.egress_policy = !intent.egress_user.empty();
  const auto admits = [&](const IpAddress& to) {
    return std::ranges::any_of(intent.egress, [&](const EgressIntent& e) {
      return e.tcp && e.port == q.port && e.to.contains(number_of(to));
    });
  };
  const passwd* user = config.server.user.empty() ? nullptr : ::getpwnam(config.server.user.c_str());
  const bool as_server = user != nullptr && ::geteuid() == 0;
  if (!as_server && !config.server.user.empty())
    facts.missing.push_back(fmt::format("how it looks to \"{}\", the server's user: {}", config.server.user,
                                        user == nullptr ? "there is no such user" : "run this as root"));
  auto wire = Wire::open(q.port);
  if (!wire) facts.missing.push_back("whether packets leave this host: " + wire.error().detail + "; run this as root");
  std::vector<IpAddress> addresses = out.dns.addresses;
  if (addresses.size() > kMostAddresses) addresses.resize(kMostAddresses);
  for (const IpAddress& address : addresses) {
    const auto source = std::ranges::find_if(config.mailflow.source_addresses,
                                             [&](const IpAddress& a) { return a.is_v4() == address.is_v4(); });
    const auto from = source == config.mailflow.source_addresses.end() ? std::nullopt : std::optional(*source);
    const Endpoint to{address, q.port};
    if (out.egress_policy) out.egress_admits = admits(address);
    const bool listen = q.port == 25 || q.port == 587;
    if (wire) (void)wire->saw_leaving(address);
    const std::string label = fmt::format("{}{}", to.to_string(), as_server ? " as the server's user" : "");
    std::optional<AttemptFact> own = as_server ? attempt_as(*user, to, label, from, listen) : std::nullopt;
    if (!own) own = attempt(to, label, from, listen);
    if (wire) own->left = wire->saw_leaving(address);
    const bool works = own->how == How::open;
    out.server.push_back(*std::move(own));
    if (works) continue;
    if (as_server) out.others.push_back(attempt(to, to.to_string() + " as root", from, false));
    for (const std::uint16_t port : {std::uint16_t{443}, std::uint16_t{587}, std::uint16_t{80}}) {
      if (port == q.port) continue;
      out.others.push_back(
          attempt({address, port}, Endpoint{address, port}.to_string() + ", for comparison", from, false));
    }
  }
  gather_queue(ask, q.host, out);
  facts.outbound = std::move(out);
}

}  // namespace gatepost::gate::look
