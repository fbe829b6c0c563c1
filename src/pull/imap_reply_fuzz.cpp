#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "pull/folder_map.hpp"
#include "pull/imap_reply.hpp"

using namespace gatepost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)pull::literal_at_end(text);
  (void)pull::backoff_of(text);
  if (const auto status = pull::parse_status(text)) (void)pull::is_temporary(*status);
  (void)pull::parse_exists(text);
  (void)pull::parse_capabilities(text);
  const auto personal = pull::parse_namespace(text, false);
  for (const bool utf8 : {false, true}) {
    const auto listed = pull::parse_list(text, utf8);
    if (!listed) continue;
    for (const pull::PulledFolder& folder : pull::map_folders({*listed, *listed}, personal, {}, {})) {
      GP_ASSERT(!folder.path.empty());
    }
  }
  if (const auto fetched = pull::parse_fetch(text)) GP_ASSERT(!fetched->literal || text.ends_with('}'));
  return 0;
}
