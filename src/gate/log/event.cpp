#include "gate/log/event.hpp"

#include <array>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log {

namespace {

struct Protocol {
  std::uint8_t number;
  std::string_view name;
};
constexpr auto kProtocols = std::to_array<Protocol>({{6, "tcp"},
                                                     {17, "udp"},
                                                     {1, "icmp"},
                                                     {58, "icmpv6"},
                                                     {58, "icmp6"},
                                                     {58, "ipv6-icmp"},
                                                     {2, "igmp"},
                                                     {41, "ipv6"},
                                                     {47, "gre"},
                                                     {50, "esp"},
                                                     {51, "ah"},
                                                     {89, "ospf"},
                                                     {103, "pim"},
                                                     {112, "vrrp"},
                                                     {132, "sctp"},
                                                     {136, "udplite"}});

}  // namespace

std::string Address::to_string() const {
  if (!known) return {};
  return v6 && ip.is_v4() ? "::ffff:" + ip.to_string() : ip.to_string();
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::allow:
      return "allow";
    case Verdict::deny:
      return "deny";
    case Verdict::close:
      return "close";
    case Verdict::log:
      break;
  }
  return "log";
}

std::string_view to_string(How how) {
  if (how == How::unknown) return "";
  return how == How::drop ? "drop" : "reject";
}

std::string_view to_string(Direction direction) {
  switch (direction) {
    case Direction::in:
      return "in";
    case Direction::out:
      return "out";
    case Direction::forward:
      return "forward";
    case Direction::unknown:
      break;
  }
  return "";
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::event:
      return "event";
    case Kind::skip:
      return "skip";
    case Kind::gap:
      return "gap";
    case Kind::error:
      break;
  }
  return "error";
}

std::string protocol_name(std::uint8_t number) {
  for (const Protocol& known : kProtocols) {
    if (known.number == number) return std::string(known.name);
  }
  return fmt::format("{}", number);
}

std::optional<std::uint8_t> protocol_number(std::string_view name) {
  for (const Protocol& known : kProtocols) {
    if (ascii::iequals(known.name, name)) return known.number;
  }
  const auto number = text::number(name, 255);
  if (!number) return std::nullopt;
  return static_cast<std::uint8_t>(*number);
}

bool has_ports(std::uint8_t protocol) { return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 136; }

std::string flag_names(std::uint8_t flags) {
  static constexpr std::array<std::pair<TcpFlag, std::string_view>, 8> kSorted = {{{kAck, "ACK"},
                                                                                   {kCwr, "CWR"},
                                                                                   {kEce, "ECE"},
                                                                                   {kFin, "FIN"},
                                                                                   {kPsh, "PSH"},
                                                                                   {kRst, "RST"},
                                                                                   {kSyn, "SYN"},
                                                                                   {kUrg, "URG"}}};
  std::string out;
  for (const auto& [bit, name] : kSorted) {
    if ((flags & bit) == 0) continue;
    if (!out.empty()) out += ',';
    out += name;
  }
  return out;
}

}  // namespace gatepost::gate::log
