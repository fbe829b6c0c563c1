#include <cstddef>
#include <cstdint>

#include "gate/ruleset/reach.hpp"
#include "gate/ruleset/reader.hpp"

// Any octets are refused or give a ruleset that can be walked, in bounded time; the regions are disjoint and cover what
// was asked.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  using namespace gatepost::gate;
  const auto rules = read_ruleset({reinterpret_cast<const char*>(data), size});
  if (!rules) return 0;
  Host host;
  host.interfaces = {"lo", "eth0"};
  host.addresses =
      set_of({*Network::parse("127.0.0.0/8"), *Network::parse("192.0.2.1"), *Network::parse("2001:db8::1")});
  Question question;
  question.ports = Values::of(993);
  const Answer answer = reach(*rules, host, question);
  if (!answer.complete) return 0;
  // One packet of each family lies in exactly one region.
  for (const char* source : {"10.0.0.1", "2001:db8::9"}) {
    const IpAddress from = *IpAddress::parse(source);
    int found = 0;
    for (const Region& r : answer.regions) {
      if (r.v6 == from.is_v4() || !r.sources.contains(number_of(from))) continue;
      const AddressNumber to = number_of(*IpAddress::parse(from.is_v4() ? "192.0.2.1" : "2001:db8::1"));
      if (r.destinations.contains(to) && r.source_ports.contains(AddressNumber{40000}) &&
          r.ports.contains(AddressNumber{993}) && r.interfaces.contains(AddressNumber{1}))
        ++found;
    }
    GP_ASSERT(found == 1);
  }
  return 0;
}
