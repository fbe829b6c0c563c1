#include "gate/kernel/host.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::gate {
namespace {

std::string text_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::optional<std::uint16_t> port_of_text(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// The parent of a process; 0 at the end.
pid_t parent_of(pid_t pid) {
  std::istringstream lines(text_of_file(fmt::format("/proc/{}/status", pid)));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("PPid:")) return std::atoi(line.c_str() + 5);
  }
  return 0;
}

}  // namespace

Result<Host> this_host() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return fail(Errc::unavailable, std::strerror(errno));
  Host host;
  std::set<std::string> names;
  // All of 127.0.0.0/8 is local where lo has an address in it.
  AddressSet addresses = set_of({*Network::parse("127.0.0.0/8"), *Network::parse("::1")});
  for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    names.insert(i->ifa_name);
    if (i->ifa_addr == nullptr) continue;
    IpAddress a;
    if (i->ifa_addr->sa_family == AF_INET) {
      a = IpAddress::v4(ntohl(reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr.s_addr));
    } else if (i->ifa_addr->sa_family == AF_INET6) {
      std::memcpy(a.octets.data(), &reinterpret_cast<const sockaddr_in6*>(i->ifa_addr)->sin6_addr, 16);
    } else {
      continue;
    }
    addresses = addresses | AddressSet::of(number_of(a));
  }
  ::freeifaddrs(list);
  host.interfaces.assign(names.begin(), names.end());
  host.addresses = std::move(addresses);
  return host;
}

std::vector<Listening> parse_listening(std::string_view text) {
  std::vector<Listening> out;
  for (const std::string_view line : ascii::split(text, '\n')) {
    std::vector<std::string_view> words;
    for (const std::string_view word : ascii::split(line, ' ')) {
      if (!word.empty()) words.push_back(word);
    }
    constexpr std::string_view kListen = "0A";  // TCP_LISTEN
    if (words.size() < 4 || words[3] != kListen) continue;
    const std::size_t colon = words[1].find(':');
    if (colon != 8 && colon != 32) continue;
    // The kernel writes each 32-bit word of the address in its own byte order.
    IpAddress address = colon == 8 ? IpAddress::v4(0) : IpAddress{};
    const std::size_t begin = colon == 8 ? 12 : 0;
    bool good = true;
    for (std::size_t i = 0; i * 8 < colon; ++i) {
      std::uint32_t word = 0;
      const auto hex = words[1].substr(i * 8, 8);
      good = good && std::from_chars(hex.data(), hex.data() + 8, word, 16).ptr == hex.data() + 8;
      std::memcpy(address.octets.data() + begin + i * 4, &word, 4);
    }
    std::uint16_t port = 0;
    const auto digits = words[1].substr(colon + 1);
    good = good && std::from_chars(digits.data(), digits.data() + digits.size(), port, 16).ec == std::errc();
    if (good && port != 0) out.push_back({address, port});
  }
  return out;
}

std::vector<Listening> listening_sockets() {
  std::vector<Listening> out = parse_listening(text_of_file("/proc/net/tcp"));
  for (Listening& one : parse_listening(text_of_file("/proc/net/tcp6"))) out.push_back(one);
  return out;
}

// One line for each group that a socket is bound to (net/netfilter/nfnetlink_log.c, seq_show): the group, the port, ...
bool parse_log_group(std::string_view proc, std::uint16_t group) {
  for (const std::string_view line : ascii::split(proc, '\n')) {
    const std::string_view first = ascii::trim(line).substr(0, ascii::trim(line).find(' '));
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(first.data(), first.data() + first.size(), number);
    if (error == std::errc() && end == first.data() + first.size() && number == group) return true;
  }
  return false;
}

std::optional<bool> log_group_is_read(std::uint16_t group) {
  const std::string path = "/proc/net/netfilter/nfnetlink_log";
  if (::access(path.c_str(), R_OK) != 0) return std::nullopt;
  return parse_log_group(text_of_file(path), group);
}

std::vector<std::string> legacy_tables() {
  std::set<std::string> all;
  for (const char* path : {"/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"}) {
    std::istringstream words(text_of_file(path));
    for (std::string word; words >> word;) all.insert(word);
  }
  return {all.begin(), all.end()};
}

std::optional<SshConnection> parse_ssh_connection(std::string_view text) {
  const auto words = ascii::split(ascii::trim(text), ' ');
  if (words.size() != 4) return std::nullopt;
  const auto client = IpAddress::parse(words[0]), server = IpAddress::parse(words[2]);
  const auto client_port = port_of_text(words[1]), server_port = port_of_text(words[3]);
  if (!client || !server || !client_port || !server_port) return std::nullopt;
  return SshConnection{*client, *server, *client_port, *server_port};
}

std::optional<SshConnection> ssh_connection() {
  if (const char* own = std::getenv("SSH_CONNECTION")) return parse_ssh_connection(own);
  pid_t pid = ::getppid();
  for (int depth = 0; pid > 1 && depth < 32; ++depth, pid = parent_of(pid)) {
    const std::string environment = text_of_file(fmt::format("/proc/{}/environ", pid));
    for (const std::string_view variable : ascii::split(environment, '\0')) {
      constexpr std::string_view kName = "SSH_CONNECTION=";
      if (variable.starts_with(kName)) return parse_ssh_connection(variable.substr(kName.size()));
    }
  }
  return std::nullopt;
}

}  // namespace gatepost::gate
