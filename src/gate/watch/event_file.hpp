#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gate/watch/event_record.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::gate::watch {

// The last firewall events in a file of fixed size (docs/formats/gate-events.md), for when no server runs that could be
// asked, and over a restart. One writer; readers see each event whole or not at all, for every record has a sum.
class EventFile {
 public:
  static constexpr std::size_t kEvents = 32'768;  // 8 MiB
  // Goes on in the file that is there. Errc::denied, invalid (not a file of ours), conflict (another writer has it).
  static Result<EventFile> open(const std::filesystem::path& path, TimePoint now, std::size_t events = kEvents);

  // `event.number` is given by the file.
  Result<> add(KeptEvent event);
  // That the writer lives, and how much it lost: what happened since `opened` and before `now` would be here.
  Result<> alive(TimePoint now, std::uint64_t gaps);

 private:
  EventFile(runtime::UniqueFd fd, std::size_t events, std::uint64_t number, TimePoint opened)
      : fd_(std::move(fd)), events_(events), number_(number), opened_(opened) {}
  runtime::UniqueFd fd_;
  std::size_t events_;
  std::uint64_t number_;
  TimePoint opened_;
};

struct EventsRead {
  std::vector<KeptEvent> events;  // oldest first
  TimePoint opened{}, alive{};    // between these all was heard, but for the gaps; epoch: never
  std::uint64_t gaps = 0;
};
// Errc::not_found, denied, invalid. Safe on any octets.
Result<EventsRead> read_event_file(const std::filesystem::path& path);
Result<EventsRead> read_events(std::string_view octets);

// Within the directory of the gate's state.
std::filesystem::path event_file_path(const std::filesystem::path& state_dir);

}  // namespace gatepost::gate::watch
