#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "gate/policy/interval_set.hpp"

namespace gatepost::gate {

// An address as a number: IPv6 as it is, IPv4 within ::ffff:0:0/96, as IpAddress keeps it. No packet of IPv6 comes from
// there: the kernel drops those (RFC 4291 2.5.5.2 is for sockets alone).
using AddressNumber = unsigned __int128;
using AddressSet = IntervalSet<AddressNumber>;
using PortSet = IntervalSet<std::uint16_t>;

AddressNumber number_of(const IpAddress&);
IpAddress address_of(AddressNumber);

const AddressSet& all_v4();
const AddressSet& all_v6();

AddressSet set_of(const std::vector<Network>& networks);  // overlaps and repetitions are taken together
AddressSet set_of(const Network& network);
// The fewest networks that make up `set`, in order.
std::vector<Network> networks_of(const AddressSet& set);
// "10.0.0.0/8", "192.0.2.5-192.0.2.9": one text for each interval, networks where an interval is one; "any IPv4
// address" and so on where it is everything.
std::vector<std::string> texts_of(const AddressSet& set);
// For people: joined, "and N more" beyond `most`, "any IPv4 address but ..." for what is most of a family (then without
// a word of loopback).
std::string text_of(const AddressSet& set, std::size_t most = 6);

// How many addresses: exact below 2^64, the largest number beyond.
std::uint64_t count_of(const AddressSet& set);

}  // namespace gatepost::gate
