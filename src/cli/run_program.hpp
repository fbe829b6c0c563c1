#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace gatepost::cli {

struct ProgramLimits {
  std::chrono::seconds time;
  std::size_t octets;  // of what it says, kept; the rest is read and dropped
};

// How a program ended.
struct Ran {
  std::optional<int> status;  // its exit code; none: it was not started, was killed, or took too long
  std::string out, errors;    // what it wrote, the beginning of each
  std::string why;            // without a status
};

// Runs a program to its end, with nothing to read, and waits. `arguments`: the first is the program, looked for in
// PATH. `environment`: "NAME=value" in place of ours. Past its time it is killed.
Ran run_program(const std::vector<std::string>& arguments, const std::optional<std::vector<std::string>>& environment,
                const ProgramLimits& limits);

}  // namespace gatepost::cli
