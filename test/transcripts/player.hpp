#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace gatepost::transcripts {

// Plays a transcript against sessions in memory, the client's octets cut into pieces of at most `chunk`; 0: whole. The
// error says what went wrong in which line.
Result<> play(const std::filesystem::path& file, std::size_t chunk);

}  // namespace gatepost::transcripts
