#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ip.hpp"

// What the daemon may ask of the process that has the right to the firewall: messages of one size, without text,
// without lengths. Pure.
namespace gatepost::gate::helper {

inline constexpr std::size_t kRequestOctets = 32, kReplyOctets = 24;
inline constexpr std::chrono::seconds kMaxBan{31 * 24 * 3600};

// octets  0-3   "GPB1"
//         4     what: 1 put, 2 remove, 3 which
//         5     prefix of the network, counted from 128 bits; of `which` 0
//         6-7   zero
//         8-23  the network's address, IPv4 as ::ffff:a.b.c.d; of `which` zero
//        24-27  seconds until the kernel forgets it, 1 to kMaxBan; of others zero
//        28-31  a number that comes back in the reply
// Numbers are big-endian.
struct Request {
  enum class What : std::uint8_t {
    put = 1,     // the network into its set, for so long
    remove = 2,  // out of it
    which = 3,   // the number the kernel gave table and sets: another one means other, empty sets
  } what = What::which;
  Network network{};
  std::chrono::seconds length{0};
  std::uint32_t id = 0;
  bool operator==(const Request&) const = default;
};

// octets  0-3   "GPR1"
//         4-7   the request's number
//         8-11  0, or an errno value: ENOENT: the firewall has no such set
//        12-15  zero
//        16-23  the answer to `which`
struct Reply {
  std::uint32_t id = 0;
  std::uint32_t error = 0;
  std::uint64_t value = 0;
  bool operator==(const Reply&) const = default;
};

std::array<char, kRequestOctets> write(const Request& request);
std::array<char, kReplyOctets> write(const Reply& reply);
// Nothing but what write() makes of a request that may be asked.
std::optional<Request> parse_request(std::string_view octets);
std::optional<Reply> parse_reply(std::string_view octets);

}  // namespace gatepost::gate::helper
