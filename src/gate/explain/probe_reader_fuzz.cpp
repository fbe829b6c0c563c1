#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gate/explain/explain.hpp"
#include "gate/explain/probe_reader.hpp"

using namespace gatepost;
using namespace gatepost::gate;

// Any octets as a probe's report from elsewhere, and what the engine makes of it: nothing of it reaches a terminal raw.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto report = explain::read_probe_report({reinterpret_cast<const char*>(data), size});
  if (!report) return 0;
  explain::Facts facts;
  facts.question.from = IpAddress::parse("203.0.113.9");
  facts.question.port = 993;
  facts.daemon_runs = true;
  facts.sockets_known = true;
  facts.sockets = {{IpAddress::v4(0), 993}};
  facts.served = {{IpAddress::v4(0), 993}};
  facts.firewall.emplace();
  facts.firewall->fate = Fate::open;
  for (std::size_t i = 0; i < report->ports.size(); ++i) {
    facts.probes.push_back({i == 0 ? "this host" : "elsewhere", i != 0, report->ports[i]});
  }
  const auto diagnoses = explain::explain(facts);
  GP_ASSERT(!diagnoses.empty());
  const Report said = explain::report(facts, diagnoses);
  for (const char c : said.text) GP_ASSERT(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  return 0;
}
