#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "converter/agent/kinds.hpp"
#include "converter/protocol/message.hpp"

namespace gatepost::converter {

struct ConversionLimits {
  std::chrono::seconds time{30};            // of one attachment, and as much of the processor's
  std::uint64_t memory_octets = 512 << 20;  // address space of the process that reads it
};

// The text of what is in `file` (which it reads from the beginning), by a process of its own that may nothing but that:
// no network, no files but programs and libraries, no other processes, and not more than the limits. Whatever happens
// to it, the answer says so. Blocks. One thread, in a process that has no other one.
Answer convert(int file, const Way& way, const ConversionLimits& limits);

// What a program wrote, as text to search in: valid UTF-8, white space as one space or, at the end of a paragraph, one
// line feed. `keep_lines`: each line is a paragraph; otherwise lines belong together until an empty one.
std::string tidy_text(std::string_view text, bool keep_lines);

}  // namespace gatepost::converter
