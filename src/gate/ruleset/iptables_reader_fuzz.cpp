#include <cstddef>
#include <cstdint>

#include "base/result.hpp"
#include "gate/ruleset/hidden.hpp"
#include "gate/ruleset/reader.hpp"

// Any octets are refused or give a ruleset that can be walked, in bounded time; the regions cover what was asked.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  using namespace gatepost::gate;
  if (size == 0) return 0;
  std::string text(reinterpret_cast<const char*>(data + 1), size - 1), sets;
  if (text.starts_with("create ")) {
    sets = text.substr(0, text.find('*'));
    text.erase(0, sets.size());
  }
  const bool v6 = (data[0] & 1) != 0;
  const auto rules = read_iptables(v6 ? IptablesListings{"", text, sets} : IptablesListings{text, "", sets});
  if (!rules) return 0;
  Host host;
  host.interfaces = {"lo", "eth0"};
  host.addresses =
      set_of({*Network::parse("127.0.0.0/8"), *Network::parse("192.0.2.1"), *Network::parse("2001:db8::1")});
  Question question;
  question.ports = Values::of(993);
  const Answer answer = reach(*rules, host, question);
  bool complete = false;
  const auto hidden = hidden_rules(*rules, host, complete);
  for (const Hidden& h : hidden) GP_ASSERT(!h.by.empty());
  if (!answer.complete) return 0;
  AddressSet sources;
  for (const Region& r : answer.regions) sources = sources | r.sources;
  GP_ASSERT(sources.is_all());
  return 0;
}
