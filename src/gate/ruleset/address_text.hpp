#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gate/policy/address_set.hpp"

// How firewalls of all makes write addresses and ports.
namespace gatepost::gate {

// "192.0.2.1", "10.0.0.0/8", "10.1.2.3/8" (the network it lies in), "10.0.0.0/255.0.0.0" and other masks that are
// prefixes, "192.0.2.5-192.0.2.9". nullopt: none of these, or a range whose end lies before its begin.
std::optional<AddressSet> addresses_in(std::string_view text);

// "993", "1024-65535", "1024:65535", ":1023", "1024:". nullopt: none of these, or inverted.
std::optional<PortSet> ports_in(std::string_view text);

std::optional<std::uint64_t> number_of_digits(std::string_view digits, std::uint64_t highest);

}  // namespace gatepost::gate
