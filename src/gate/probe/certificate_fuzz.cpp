#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "gate/probe/certificate.hpp"

using namespace gatepost;
using namespace gatepost::gate::probe;

// First octet: where the rest is cut into a leaf, its issuer and an OCSP response. Whatever they are, something is
// said.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t leaf = rest.size() * data[0] / 256, issuer = (rest.size() - leaf) * data[1] / 256;
  TlsSeen seen;
  seen.done = true;
  seen.chain = {rest.substr(0, leaf), rest.substr(leaf, issuer)};
  seen.staple = rest.substr(leaf + issuer);
  seen.chain_errors = {20, data[1]};
  PortReport report;
  judge_certificate(seen, {"mail.example.org", rest.substr(0, leaf)}, TimePoint(std::chrono::seconds(1'794'000'000)),
                    report);
  GP_ASSERT(!report.findings.empty());
  Report whole;
  whole.ports.push_back(report);
  for (const char c : format_text(whole, true)) GP_ASSERT(c == '\n' || (c >= 0x20 && c < 0x7f));
  return 0;
}
