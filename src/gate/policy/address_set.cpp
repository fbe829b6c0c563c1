#include "gate/policy/address_set.hpp"

#include <limits>

#include <fmt/format.h>

namespace gatepost::gate {
namespace {

constexpr AddressNumber kV4First = AddressNumber{0xffff} << 32;
constexpr AddressNumber kV4Last = kV4First | 0xffffffffU;

unsigned trailing_zeros(AddressNumber n) {
  const auto low = static_cast<std::uint64_t>(n);
  if (low != 0) return static_cast<unsigned>(__builtin_ctzll(low));
  const auto high = static_cast<std::uint64_t>(n >> 64);
  return high == 0 ? 128 : 64 + static_cast<unsigned>(__builtin_ctzll(high));
}

AddressSet::Interval interval_of(const Network& network) {
  const AddressNumber lo = number_of(network.address);
  const AddressNumber host = network.prefix == 0 ? ~AddressNumber{0} : (AddressNumber{1} << (128 - network.prefix)) - 1;
  return {lo, lo | host};
}

double share_of(const AddressSet& part, const AddressSet& whole) {
  const auto size = [](const AddressSet& set) {
    double sum = 0;
    for (const auto& i : set.intervals()) sum += static_cast<double>(i.hi - i.lo) + 1;
    return sum;
  };
  return size(part) / size(whole);
}

// IPv4 and IPv6 parts of an interval that spans both are told apart.
std::vector<AddressSet::Interval> by_family(const AddressSet& set) {
  std::vector<AddressSet::Interval> out;
  for (const AddressSet* family : {&all_v4(), &all_v6()}) {
    for (const auto& i : (set & *family).intervals()) out.push_back(i);
  }
  return out;
}

}  // namespace

AddressNumber number_of(const IpAddress& a) {
  AddressNumber n = 0;
  for (const std::uint8_t octet : a.octets) n = n << 8 | octet;
  return n;
}

IpAddress address_of(AddressNumber n) {
  IpAddress a;
  for (std::size_t i = 16; i-- > 0; n >>= 8) a.octets[i] = static_cast<std::uint8_t>(n);
  return a;
}

const AddressSet& all_v4() {
  static const AddressSet set(kV4First, kV4Last);
  return set;
}

const AddressSet& all_v6() {
  static const AddressSet set = all_v4().complement();
  return set;
}

AddressSet set_of(const Network& network) { return AddressSet::from({interval_of(network)}); }

AddressSet set_of(const std::vector<Network>& networks) {
  std::vector<AddressSet::Interval> intervals;
  intervals.reserve(networks.size());
  // ::/0 in a list means IPv6: 0.0.0.0/0 is another entry, in the file and on the wire.
  for (const Network& network : networks) {
    const auto interval = interval_of(network);
    if (interval.lo <= kV4First && interval.hi >= kV4Last && network.prefix < 96) {
      for (const auto& part : (AddressSet::from({interval}) & all_v6()).intervals()) intervals.push_back(part);
    } else {
      intervals.push_back(interval);
    }
  }
  return AddressSet::from(std::move(intervals));
}

std::vector<Network> networks_of(const AddressSet& set) {
  std::vector<Network> out;
  const auto add = [&](AddressNumber lo, AddressNumber hi) {
    while (true) {
      // The largest aligned block that begins at lo and ends at or before hi.
      unsigned bits = std::min(trailing_zeros(lo), 128U);
      const auto last = [&](unsigned b) {
        return b == 128 ? ~AddressNumber{0} : static_cast<AddressNumber>(lo + ((AddressNumber{1} << b) - 1));
      };
      while (bits > 0 && last(bits) > hi) --bits;
      out.push_back({address_of(lo), static_cast<std::uint8_t>(128 - bits)});
      if (last(bits) == hi) return;
      lo = last(bits) + 1;
    }
  };
  if (set.contains(all_v6())) {
    // All of IPv6 is one network in everybody's words, although ::ffff:0:0/96 lies within.
    if (!(set & all_v4()).empty()) {
      for (const auto& i : (set & all_v4()).intervals()) add(i.lo, i.hi);
    }
    out.push_back({IpAddress{}, 0});
    return out;
  }
  for (const auto& i : by_family(set)) add(i.lo, i.hi);
  return out;
}

std::vector<std::string> texts_of(const AddressSet& set) {
  std::vector<std::string> out;
  if (set.contains(all_v4()) && set.contains(all_v6())) return {"anywhere"};
  const auto one = [&](const AddressSet::Interval& i) {
    const std::vector<Network> networks = networks_of(AddressSet(i.lo, i.hi));
    if (networks.size() == 1) {
      out.push_back(networks[0].to_string());
    } else {
      out.push_back(fmt::format("{}-{}", address_of(i.lo).to_string(), address_of(i.hi).to_string()));
    }
  };
  for (const auto& [family, words] :
       {std::pair{&all_v4(), "any IPv4 address"}, std::pair{&all_v6(), "any IPv6 address"}}) {
    const AddressSet part = set & *family;
    if (part == *family) {
      out.emplace_back(words);
    } else if (family == &all_v6() && part.intervals().size() > 1 &&
               part.contains(number_of(address_of(kV4First - 1))) && part.contains(kV4Last + 1)) {
      // An interval that only the IPv4 range interrupts is one interval to people.
      AddressSet joined = part | all_v4();
      for (const auto& i : joined.intervals()) one(i);
    } else {
      for (const auto& i : part.intervals()) one(i);
    }
  }
  return out;
}

std::string text_of(const AddressSet& set, std::size_t most) {
  if (set.empty()) return "nobody";
  if (set.contains(all_v4()) && set.contains(all_v6())) return "anywhere";
  static const AddressSet kLoopback = set_of({*Network::parse("127.0.0.0/8"), *Network::parse("::1")});
  const auto list = [&](const AddressSet& some) {
    const std::vector<std::string> texts = texts_of(some);
    std::string out;
    for (std::size_t i = 0; i < texts.size() && i < most; ++i) out += (i == 0 ? "" : ", ") + texts[i];
    if (texts.size() > most) out += fmt::format(" and {} more", texts.size() - most);
    return out;
  };
  std::string out;
  for (const auto& [family, name] : {std::pair{&all_v4(), "IPv4"}, std::pair{&all_v6(), "IPv6"}}) {
    const AddressSet part = set & *family;
    if (part.empty()) continue;
    // What leaves out little is told by what it leaves out; loopback is nobody.
    const AddressSet rest = family->minus(part).minus(kLoopback);
    const bool most_of_it = share_of(part, *family) > 0.5 && rest.intervals().size() <= part.intervals().size() + 1;
    if (!out.empty()) out += "; ";
    if (!most_of_it) {
      out += list(part);
    } else {
      out +=
          rest.empty() ? fmt::format("any {} address", name) : fmt::format("any {} address but {}", name, list(rest));
    }
  }
  return out;
}

std::uint64_t count_of(const AddressSet& set) {
  AddressNumber sum = 0;
  for (const auto& i : set.intervals()) {
    const AddressNumber size = i.hi - i.lo;
    if (size >= AddressNumber{std::numeric_limits<std::uint64_t>::max()})
      return std::numeric_limits<std::uint64_t>::max();
    sum += size + 1;
  }
  return sum > AddressNumber{std::numeric_limits<std::uint64_t>::max()} ? std::numeric_limits<std::uint64_t>::max()
                                                                        : static_cast<std::uint64_t>(sum);
}

}  // namespace gatepost::gate
