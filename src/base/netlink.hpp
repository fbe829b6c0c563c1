#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// What the kernel says over netlink sockets (netlink(7)): messages one behind the other, each with attributes. Pure,
// and safe on any octets. Views live as long as what they are into.
namespace gatepost::netlink {

struct Message {
  std::uint16_t type = 0;
  std::string_view body;  // behind its header
};
// Takes the first one off. Nullopt: what is left is no whole message.
std::optional<Message> take_message(std::string_view& messages);

// The content of the first attribute of that type.
std::optional<std::string_view> attribute(std::string_view attributes, std::uint16_t wanted);
// The same, of a number in network byte order.
std::optional<std::uint16_t> be16(std::string_view attributes, std::uint16_t wanted);
std::optional<std::uint32_t> be32(std::string_view attributes, std::uint16_t wanted);

}  // namespace gatepost::netlink
