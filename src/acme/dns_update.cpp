#include "acme/dns_update.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "acme/transport.hpp"
#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::acme {
namespace {

using runtime::SocketAddress;
using runtime::UniqueFd;
using std::chrono::milliseconds;

constexpr int kUdpTries = 3;
constexpr std::size_t kMostAliases = 8;
constexpr std::size_t kMaxUdpQuestion = 1200;
constexpr std::size_t kMaxMessage = 65535;

std::string errno_text() { return std::strerror(errno); }

bool ready(int fd, short events, SteadyPoint until) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd one{fd, events, 0};
    const int got = ::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (got > 0) return true;
    if (got == 0 || errno != EINTR) return false;
  }
}

Result<UniqueFd> connected(const Endpoint& server, int kind, SteadyPoint until) {
  const SocketAddress address = runtime::to_socket_address(server);
  UniqueFd fd(::socket(address.storage.ss_family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(Errc::unavailable, errno_text());
  if (::connect(fd.get(), address.raw(), address.size) == 0) return fd;
  if (errno != EINPROGRESS) return fail(Errc::unavailable, errno_text());
  if (!ready(fd.get(), POLLOUT, until)) return fail(Errc::timed_out, "no connection in time");
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail(Errc::unavailable, std::strerror(error));
  return fd;
}

Result<> write_all(int fd, std::string_view octets, SteadyPoint until) {
  while (!octets.empty()) {
    const ssize_t put = ::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (put > 0) {
      octets.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno != EAGAIN && errno != EINTR) {
      return fail(Errc::unavailable, errno_text());
    } else if (!ready(fd, POLLOUT, until)) {
      return fail(Errc::timed_out, "no answer in time");
    }
  }
  return {};
}

Result<std::string> read_exactly(int fd, std::size_t size, SteadyPoint until) {
  std::string out(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    if (!ready(fd, POLLIN, until)) return fail(Errc::timed_out, "no answer in time");
    const ssize_t got = ::recv(fd, out.data() + have, size - have, 0);
    if (got == 0) return fail(Errc::unavailable, "the connection was closed");
    if (got < 0 && errno != EAGAIN && errno != EINTR) return fail(Errc::unavailable, errno_text());
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return out;
}

bool same_id(std::string_view a, std::string_view b) {
  return a.size() >= 2 && b.size() >= 2 && a.substr(0, 2) == b.substr(0, 2);
}

// RFC 1035 4.2.2: each message with its length before it.
Result<std::string> by_tcp(const Endpoint& server, std::string_view message, milliseconds timeout) {
  const SteadyPoint until = std::chrono::steady_clock::now() + timeout;
  GP_TRY(const UniqueFd fd, connected(server, SOCK_STREAM, until));
  std::string framed;
  put_u16(framed, static_cast<std::uint16_t>(message.size()));
  framed += message;
  GP_CHECK(write_all(fd.get(), framed, until));
  GP_TRY(const std::string head, read_exactly(fd.get(), 2, until));
  ByteReader length(head);
  return read_exactly(fd.get(), length.u16(), until);
}

Result<std::string> by_udp(const Endpoint& server, std::string_view message, milliseconds timeout) {
  const SteadyPoint until = std::chrono::steady_clock::now() + timeout;
  GP_TRY(const UniqueFd fd, connected(server, SOCK_DGRAM, until));
  GP_CHECK(write_all(fd.get(), message, until));
  std::string answer(kMaxMessage, '\0');
  for (;;) {
    if (!ready(fd.get(), POLLIN, until)) return fail(Errc::timed_out, "no answer in time");
    const ssize_t got = ::recv(fd.get(), answer.data(), answer.size(), 0);
    if (got < 0 && errno == ECONNREFUSED) return fail(Errc::unavailable, errno_text());
    // Late answers and forgeries have another number; the signature decides about the rest.
    if (got > 0 && same_id({answer.data(), static_cast<std::size_t>(got)}, message)) {
      answer.resize(static_cast<std::size_t>(got));
      return answer;
    }
  }
}

}  // namespace

Result<std::string> ask_name_server(const Endpoint& server, std::string_view message, milliseconds timeout) {
  Result<std::string> answer = fail(Errc::timed_out, "no answer in time");
  if (message.size() <= kMaxUdpQuestion) {
    for (int tries = 0; tries < kUdpTries && !answer; ++tries) answer = by_udp(server, message, timeout);
    const auto read = answer ? dns::read_answer(*answer) : Result<dns::Answer>(std::unexpected(answer.error()));
    if (answer && !(read && read->truncated)) return answer;
  }
  auto whole = by_tcp(server, message, timeout);
  if (!whole && !answer) return answer;  // the first failure says more
  return whole;
}

Result<bool> shows_text(const Endpoint& server, const std::string& name, const std::string& text, std::uint16_t id,
                        milliseconds timeout) {
  GP_TRY(const std::string question, dns::write_query(id, name, dns::Type::txt));
  GP_TRY(const std::string octets, ask_name_server(server, question, timeout));
  GP_TRY(const dns::Answer answer, dns::read_answer(octets));
  return std::ranges::any_of(
      answer.answers, [&](const dns::Record& record) { return record.type == dns::Type::txt && record.text == text; });
}

Outcome<> wait_for_records(const std::vector<Endpoint>& servers, const std::vector<ShownText>& records,
                           const DnsSettings& settings, const Clock& clock, Random& random, std::stop_token stop) {
  const SteadyPoint until = clock.steady() + settings.patience;
  for (const Endpoint& server : servers) {
    for (const auto& [name, text] : records) {
      for (;;) {
        const auto id = static_cast<std::uint16_t>(random.u64());
        const auto shown = shows_text(server, name, text, id, settings.answer);
        if (shown && *shown) break;
        if (clock.steady() > until) {
          return failed(fmt::format("the name server {} does not show the TXT record {}{}", server.to_string(), name,
                                    shown ? "" : ": " + shown.error().detail),
                        "look whether it gets the zone's changes; [acme] dns_check names the servers that are asked");
        }
        if (!pause(std::chrono::seconds(1), stop)) return told_to_stop();
      }
    }
  }
  if (!pause(settings.wait, stop)) return told_to_stop();
  return {};
}

namespace {

std::optional<std::string> alias_of(const Endpoint& server, const std::string& name, std::uint16_t id,
                                    milliseconds timeout) {
  const auto question = dns::write_query(id, name, dns::Type::cname);
  const auto octets =
      question ? ask_name_server(server, *question, timeout) : Result<std::string>(std::unexpected(question.error()));
  const auto answer = octets ? dns::read_answer(*octets) : Result<dns::Answer>(std::unexpected(octets.error()));
  if (!answer || answer->code != 0) return std::nullopt;
  for (const dns::Record& record : answer->answers) {
    if (record.type == dns::Type::cname && record.name == name && !record.text.empty()) return record.text;
  }
  return std::nullopt;
}

}  // namespace

Outcome<std::string> name_behind_aliases(const std::vector<Endpoint>& servers, const std::string& name, Random& random,
                                         milliseconds timeout) {
  std::vector<std::string> passed{ascii::to_lower(name)};
  for (;;) {
    std::optional<std::string> next;
    for (std::size_t i = 0; !next && i < servers.size(); ++i) {
      next = alias_of(servers[i], passed.back(), static_cast<std::uint16_t>(random.u64()), timeout);
    }
    if (!next) return passed.back();
    if (passed.size() > kMostAliases || std::ranges::find(passed, *next) != passed.end()) {
      return failed(fmt::format("the CNAME records at {} lead to no end ({})", name, *next),
                    "let one CNAME record lead to the name whose TXT record is to be changed");
    }
    passed.push_back(*std::move(next));
  }
}

Outcome<std::string> DnsUpdateSolver::target_of(const std::string& name) {
  std::vector<Endpoint> servers{settings_.server};
  for (const Endpoint& resolver : settings_.resolvers) {
    if (resolver != settings_.server) servers.push_back(resolver);
  }
  return name_behind_aliases(servers, name, random_, settings_.answer);
}

Outcome<std::string> DnsUpdateSolver::zone_of(const std::string& name) {
  if (!settings_.zone.empty()) return settings_.zone;
  // The nearest name above that has an SOA record is the zone's top.
  for (std::string_view at = name; !at.empty();) {
    auto question = dns::write_query(id(), at, dns::Type::soa);
    if (!question) return failed(question.error());
    auto octets = ask_name_server(settings_.server, *question, settings_.answer);
    if (!octets) {
      return failed(
          fmt::format("the name server {} does not answer: {}", settings_.server.to_string(), octets.error().detail),
          "look at [acme] dns_server, and whether a firewall lets this machine ask it");
    }
    const auto answer = dns::read_answer(*octets);
    if (answer && answer->code == 0) {
      for (const dns::Record& record : answer->answers) {
        if (record.type == dns::Type::soa && record.name == at) return std::string(at);
      }
    }
    const std::size_t dot = at.find('.');
    at = dot == std::string_view::npos ? std::string_view() : at.substr(dot + 1);
  }
  return failed(fmt::format("the name server {} has no zone for {}", settings_.server.to_string(), name),
                "name the server that has it in [acme] dns_server, or the zone in dns_zone");
}

Outcome<> DnsUpdateSolver::change(const std::string& name, const std::string& text, bool add) {
  GP_TRY(const std::string zone, zone_of(name));
  auto message = dns::write_update(id(), {zone, name, text, add});
  if (!message) return failed(message.error());
  std::string mac;
  if (settings_.key) {
    GP_ACME_CHECK(dns::sign(*message, *settings_.key, clock_.now(), mac));
  }
  const std::string where = settings_.server.to_string();
  auto octets = ask_name_server(settings_.server, *message, settings_.answer);
  if (!octets) {
    return failed(fmt::format("the name server {} does not answer updates: {}", where, octets.error().detail),
                  "look at [acme] dns_server, and whether a firewall lets this machine ask it");
  }
  const auto plain = dns::read_answer(*octets);
  if (settings_.key) {
    if (const Result<> good = dns::verify(*octets, *settings_.key, clock_.now(), mac); !good) {
      // A server that refuses before it looks at signatures does not sign.
      const std::string code = plain && plain->code != 0 ? " (" + dns::code_name(plain->code) + ")" : "";
      return failed(fmt::format("the name server {} and this server do not trust each other: {}{}", where,
                                good.error().detail, code),
                    "compare name, algorithm and secret of the key in [acme] dns_key_file with the name server's");
    }
  }
  const auto answer = dns::read_answer(*octets);
  if (!answer) return failed(fmt::format("the name server {} answers nonsense", where), "look at [acme] dns_server");
  if (answer->code == 0) return {};
  std::string remedy = "look at the name server's log";
  if (answer->code == 5) remedy = "allow this key to change TXT records of the zone (update-policy, allow-update)";
  if (answer->code == 9 || answer->code == 10) remedy = "[acme] dns_server must be the primary of the zone " + zone;
  return failed(fmt::format("the name server {} refuses to change {} in the zone {} ({})", where, name, zone,
                            dns::code_name(answer->code)),
                remedy);
}

Outcome<> DnsUpdateSolver::present(const Proof& proof, std::stop_token stop) {
  if (stop.stop_requested()) return told_to_stop();
  GP_TRY(const std::string name, target_of(dns_record_name(proof)));
  return change(name, dns_record_value(proof), true);
}

Outcome<> DnsUpdateSolver::settle(const std::vector<Proof>& proofs, std::stop_token stop) {
  const std::vector<Endpoint> servers = settings_.check.empty() ? std::vector{settings_.server} : settings_.check;
  std::vector<ShownText> records;
  for (const Proof& proof : proofs) {
    GP_TRY(std::string name, target_of(dns_record_name(proof)));
    records.push_back({std::move(name), dns_record_value(proof)});
  }
  return wait_for_records(servers, records, settings_, clock_, random_, stop);
}

void DnsUpdateSolver::remove(const Proof& proof) {
  const auto name = target_of(dns_record_name(proof));
  if (name) (void)change(*name, dns_record_value(proof), false);
}

}  // namespace gatepost::acme
