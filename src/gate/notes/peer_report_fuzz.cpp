#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gate/notes/peer_report.hpp"
#include "gate/notes/uses.hpp"

using namespace gatepost;
using namespace gatepost::gate::notes;

// Any octets as what a server reports and as counts of use; what is taken for one is the same after it was written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto report = peer_report_from_json(text)) {
    // Times are written to the millisecond, so the second round is compared.
    const auto once = peer_report_from_json(to_json(*report));
    GP_ASSERT(once && once->notes.size() == report->notes.size());
    const auto again = peer_report_from_json(to_json(*once));
    GP_ASSERT(again && again->notes == once->notes && again->peer == once->peer && again->lines == once->lines);
    for (const Note& note : report->notes) (void)sentence(note);
  }
  if (const auto uses = uses_from_json(text)) {
    ManualClock clock;
    Uses kept(clock);
    kept.restore(*uses);
    const auto once = kept.all();
    Uses again(clock);
    again.restore(once);
    GP_ASSERT(again.all() == once && once.size() <= Uses::kListeners);
  }
  return 0;
}
