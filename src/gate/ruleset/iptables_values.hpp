#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "gate/policy/address_set.hpp"

// Values of iptables' options, and the sets of ipset(8) that rules name.
namespace gatepost::gate::iptables {

// "30/minute", "5/sec": per minute, at least 1; 0: not such.
std::uint32_t per_minute_of(std::string_view text);
// "0x1/0xff": value and mask.
std::optional<std::pair<std::uint32_t, std::uint32_t>> masked(std::string_view text);
// "NEW,RELATED": the bits of all; nullopt: one of them has no name here.
std::optional<std::uint64_t> bits_named(std::string_view list,
                                        std::initializer_list<std::pair<std::string_view, std::uint64_t>> names);

// Sets of addresses alone, by name. Of other kinds (with ports, interfaces, link addresses, other sets) there is none.
using IpSets = std::map<std::string, AddressSet, std::less<>>;
// What `ipset save` writes. Errc::invalid: it is not that.
Result<IpSets> read_ipsets(std::string_view text);

}  // namespace gatepost::gate::iptables
