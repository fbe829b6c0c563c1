#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pull/imap_reply.hpp"

namespace gatepost::pull {

// A folder of the other server, and where its messages go here.
struct PulledFolder {
  std::string name;  // there, UTF-8
  std::string path;  // here: "Projects/2026"
  bool operator==(const PulledFolder&) const = default;
};

// Which of the listed folders to fetch: those that hold messages, each once, the inbox first. What a folder is for is
// known by its special use (RFC 6154), else by the names that Exchange gives such folders in several languages; those
// and what lies below them get the names they have here. Folders that show all messages again are left out (\All,
// \Flagged, \Important: Gmail), and so are those named in `skip`, with what lies below; of `only` the same, when there
// are any.
std::vector<PulledFolder> map_folders(const std::vector<Listed>& listed, const std::optional<Namespace>& personal,
                                      const std::vector<std::string>& only, const std::vector<std::string>& skip);

}  // namespace gatepost::pull
