#include "gate/probe/vantage.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/random.hpp"
#include "gate/log/text.hpp"
#include "gate/probe/connection.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::gate::probe {

namespace {

constexpr std::size_t kMaxKeyOctets = 4096;

// One line of at most `most` octets, without its end.
Result<std::string> read_line(Connection& connection, std::size_t most) {
  std::string out;
  std::size_t searched = 0;
  const auto take = [&](std::string_view input) -> Taken {
    const std::size_t end = input.find('\n', searched);
    searched = input.size();
    if (end == std::string_view::npos) return {};
    out = input.substr(0, end);
    return {Taken::Progress::done, end + 1, {}};
  };
  GP_CHECK(connection.read(take, most));
  return out;
}

struct Where {
  std::string host;
  std::uint16_t port = kVantagePort;
};

std::optional<Where> where_of(std::string_view text) {
  Where out;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (text.empty()) return out;
    if (text[0] != ':') return std::nullopt;
  } else if (std::ranges::count(text, ':') > 1) {
    out.host = text;
    return out;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    out.host = text.substr(0, colon);
    text.remove_prefix(colon);
    if (text.empty()) return out.host.empty() ? std::nullopt : std::optional(out);
  }
  const auto port = log::text::port(text.substr(1));
  if (!port || *port == 0 || out.host.empty()) return std::nullopt;
  out.port = *port;
  return out;
}

}  // namespace

std::optional<Endpoint> endpoint_to_serve(std::string_view text) {
  if (const auto port = log::text::port(text))
    return *port == 0 ? std::nullopt : std::optional(Endpoint{IpAddress{}, *port});
  const auto where = where_of(text);
  const auto address = where ? IpAddress::parse(where->host) : std::nullopt;
  if (!address) return std::nullopt;
  return Endpoint{*address, where->port};
}

Result<Secret> read_key(const std::filesystem::path& file) {
  const runtime::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about{};
  if (!fd || ::fstat(fd.get(), &about) != 0)
    return fail(Errc::not_found, fmt::format("{}: {}", file.string(), std::strerror(errno)));
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(Errc::denied, fmt::format("{}: others may read it; make it yours alone with chmod 600", file.string()));
  std::string text(kMaxKeyOctets, '\0');
  const ssize_t got = ::read(fd.get(), text.data(), text.size());
  if (got < 0) return fail(Errc::unavailable, fmt::format("{}: {}", file.string(), std::strerror(errno)));
  const std::string_view key = ascii::trim(std::string_view(text).substr(0, static_cast<std::size_t>(got)));
  if (key.size() < kMinKeyOctets)
    return fail(Errc::invalid, fmt::format("{}: a key has at least {} octets", file.string(), kMinKeyOctets));
  return Secret(key);
}

Result<> make_key(const std::filesystem::path& file) {
  const runtime::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd)
    return fail(errno == EEXIST ? Errc::conflict : Errc::unavailable,
                fmt::format("{}: {}", file.string(), std::strerror(errno)));
  SystemRandom random;
  const std::string text = random.hex(32) + "\n";
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return fail(Errc::unavailable, fmt::format("{}: {}", file.string(), std::strerror(errno)));
  return {};
}

Result<Report> ask_vantage(std::string_view where, std::string_view key, const VantageRequest& request) {
  const auto at = where_of(where);
  if (!at) return fail(Errc::invalid, "a vantage is written HOST or HOST:PORT");
  std::vector<Finding> ignored;
  const auto addresses = find_addresses(at->host, Settings{}, ignored);
  std::unique_ptr<Connection> connection;
  std::string problem = "its name has no address that can be reached from here";
  for (const IpAddress& address : addresses) {
    const Connected how = Connection::open({address, at->port}, std::nullopt, std::chrono::seconds(5), connection);
    if (how.how == Connected::How::open) break;
    problem = how.how == Connected::How::refused ? "refused" : how.detail;
  }
  if (connection == nullptr)
    return fail(Errc::unavailable, fmt::format("the vantage {} cannot be reached: {}", where, problem));
  connection->set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(10));
  GP_TRY(const std::string greeting, read_line(*connection, 256));
  if (!greeting.starts_with(kVantageGreeting))
    return fail(Errc::invalid, fmt::format("{} is no vantage of Gatepost", where));
  const std::string challenge = greeting.substr(kVantageGreeting.size());
  const std::string body = write_request(request);
  const std::string signature = sign_request(key, challenge, body);
  GP_CHECK(connection->write(fmt::format("{} {}\n", signature, body)));
  // All ports are probed at once; each has some dozens of answers to wait for at most.
  connection->set_deadline(std::chrono::steady_clock::now() + std::chrono::minutes(10));
  const auto line = read_line(*connection, kMaxReportOctets);
  if (!line) {
    if (line.error().code == Errc::closed)
      return fail(Errc::denied, "the vantage hung up: it has another key, or too much to do");
    return std::unexpected(line.error());
  }
  const std::size_t blank = std::min(line->find(' '), line->size());
  GP_TRY(const std::string_view report,
         checked(*line, sign_report(key, challenge, signature,
                                    std::string_view(*line).substr(std::min(blank + 1, line->size())))));
  return read_report(report);
}

Result<std::vector<Service>> services_of(const VantageRequest& request, const VantageTerms& terms) {
  GP_TRY(std::vector<Service> out, services_for(request.profile, request.ports));
  for (const Service& service : out) {
    // A number that no profile has is a port of no mail server.
    const bool known = service.protocol != Protocol::other || service.expect == Expect::closed ||
                       service.name != std::to_string(service.port);
    if (!known && std::ranges::find(terms.more_ports, service.port) == terms.more_ports.end())
      return fail(Errc::denied, fmt::format("port {} is none of a mail server's, and nobody allowed it", service.port));
  }
  return out;
}

}  // namespace gatepost::gate::probe
