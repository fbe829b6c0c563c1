#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "converter/agent/conversion.hpp"
#include "converter/agent/kinds.hpp"

namespace gatepost::converter {

struct AgentOptions {
  std::filesystem::path listen;         // a socket is made here
  std::optional<uid_t> user;            // who may ask, beside root; none: who runs it
  std::vector<Way> ways;                // as ways() makes them
  ConversionLimits limits;              // of each attachment
  std::uint64_t max_octets = 64 << 20;  // of an attachment
  std::size_t most = 4;                 // connections at one time; further ones wait
};

// The process that turns attachments into text: takes connections, each in a process of its own, and answers one
// request after the other (converter/protocol/message.hpp). Becomes nobody when root started it. Ends by a signal. The
// exit code.
int run_agent(const AgentOptions& options);

// One connection, to its end. Blocks.
void serve(int socket, const AgentOptions& options);

}  // namespace gatepost::converter
