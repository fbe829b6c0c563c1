#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/result.hpp"
#include "runtime/unique_fd.hpp"

// What a process and the one that takes its place tell each other over a stream socket of their own, from the moment
// the listening sockets are handed over. The old one says how it drained, before it closes the store; the new one says
// when it serves. Whoever dies closes its end, so that the old one knows when it has to go on itself.
namespace gatepost::daemon {

// How the sessions of the old process ended.
struct DrainFacts {
  std::size_t told = 0;  // connections when it began
  std::size_t cut = 0;   // of them, not done in time
  std::chrono::milliseconds took{0};
};

// The old process's end and the new one's.
Result<std::pair<runtime::UniqueFd, runtime::UniqueFd>> make_succession_channel();

// By the old process.
void tell_drained(int channel, const DrainFacts& facts);
enum class Heir { working, serves, gone };
Heir look_at_heir(int channel);  // does not wait

// By the new process.
std::optional<DrainFacts> drained_before(int channel);  // does not wait; none: the old one has said nothing
void tell_serving(int channel);

}  // namespace gatepost::daemon
