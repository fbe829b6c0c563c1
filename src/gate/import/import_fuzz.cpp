#include <cstddef>
#include <cstdint>

#include "config/load.hpp"
#include "gate/import/import.hpp"

// Any octets are refused or give a proposal, in bounded time; what is written of it is TOML.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  if (size == 0) return 0;
  const auto& formats = gate::import_formats();
  const gate::ImportFormat& format = formats[data[0] % formats.size()];
  auto material = format.read({{"file", std::string(reinterpret_cast<const char*>(data + 1), size - 1)}});
  if (!material) return 0;
  const gate::Proposal proposal = gate::propose(*std::move(material));
  for (const gate::PortIntent& port : proposal.ports) {
    GP_ASSERT(!port.openings.empty() && !port.destinations.empty());
  }
  const auto loaded = config::load_text("[server]\nhostname = \"mail.example.org\"\ndata_dir = \"/d\"\n" +
                                            gate::configuration_text(proposal, format.name),
                                        "f");
  for (const auto& problem : loaded.problems) GP_ASSERT(!problem.what.starts_with("not TOML"));
  return 0;
}
