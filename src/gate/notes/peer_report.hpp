#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gate/notes/line_ring.hpp"
#include "gate/notes/peer_notes.hpp"

namespace gatepost::gate::notes {

// What a running server knows about a peer, as it goes over the control socket.
struct PeerReport {
  TimePoint since{};  // nothing older is known
  std::optional<PeerSummary> peer;
  std::vector<Note> notes;         // the newest first
  std::vector<std::string> lines;  // of the server's log, oldest first
};
std::string to_json(const PeerReport&);
// Errc::invalid: it is not that.
Result<PeerReport> peer_report_from_json(std::string_view);

std::string to_json(const std::vector<Note>&);
std::string to_json(const std::vector<PeerSummary>&);

// For people and for the JSON of others.
std::string sentence(const Note&);  // "refused at imaps: outside of its audience, 12 times"

}  // namespace gatepost::gate::notes
