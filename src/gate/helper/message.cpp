#include "gate/helper/message.hpp"

#include <algorithm>

#include "gate/bans/ban.hpp"

namespace gatepost::gate::helper {
namespace {

constexpr std::string_view kRequestMark = "GPB1", kReplyMark = "GPR1";

template <class T>
void put(char* at, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i) at[i] = static_cast<char>(value >> (8 * (sizeof value - 1 - i)));
}
template <class T>
T get(std::string_view octets, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value = static_cast<T>(value << 8 | static_cast<unsigned char>(octets[at + i]));
  }
  return value;
}

}  // namespace

std::array<char, kRequestOctets> write(const Request& request) {
  std::array<char, kRequestOctets> out{};
  std::ranges::copy(kRequestMark, out.begin());
  out[4] = static_cast<char>(request.what);
  if (request.what != Request::What::which) {
    out[5] = static_cast<char>(request.network.prefix);
    std::ranges::copy(request.network.address.octets, out.begin() + 8);
  }
  if (request.what == Request::What::put) put(out.data() + 24, static_cast<std::uint32_t>(request.length.count()));
  put(out.data() + 28, request.id);
  return out;
}

std::array<char, kReplyOctets> write(const Reply& reply) {
  std::array<char, kReplyOctets> out{};
  std::ranges::copy(kReplyMark, out.begin());
  put(out.data() + 4, reply.id);
  put(out.data() + 8, reply.error);
  put(out.data() + 16, reply.value);
  return out;
}

std::optional<Request> parse_request(std::string_view octets) {
  using What = Request::What;
  if (octets.size() != kRequestOctets || !octets.starts_with(kRequestMark)) return std::nullopt;
  Request r;
  const auto what = static_cast<std::uint8_t>(octets[4]);
  if (what < static_cast<std::uint8_t>(What::put) || what > static_cast<std::uint8_t>(What::which)) return std::nullopt;
  r.what = static_cast<What>(what);
  r.id = get<std::uint32_t>(octets, 28);
  if (r.what != What::which) {
    r.network.prefix = static_cast<std::uint8_t>(octets[5]);
    std::ranges::copy(octets.substr(8, 16), r.network.address.octets.begin());
    if (!is_bannable(r.network) || r.network.address.is_loopback() || r.network.address == IpAddress{}) {
      return std::nullopt;
    }
  }
  r.length = std::chrono::seconds(get<std::uint32_t>(octets, 24));
  if (r.what == What::put && (r.length.count() < 1 || r.length > kMaxBan)) return std::nullopt;
  // One way to say each thing: what is not read has to be what write() puts there.
  const auto again = write(r);
  if (std::string_view(again.data(), again.size()) != octets) return std::nullopt;
  return r;
}

std::optional<Reply> parse_reply(std::string_view octets) {
  if (octets.size() != kReplyOctets || !octets.starts_with(kReplyMark)) return std::nullopt;
  const Reply r{get<std::uint32_t>(octets, 4), get<std::uint32_t>(octets, 8), get<std::uint64_t>(octets, 16)};
  const auto again = write(r);
  if (std::string_view(again.data(), again.size()) != octets) return std::nullopt;
  return r;
}

}  // namespace gatepost::gate::helper
