#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace gatepost::daemon {

struct ProgramRun {
  int exit_code = 0;   // 128 + number when a signal ended it
  std::string output;  // standard output and error
};

// Runs a program with nothing on its standard input and waits for its end, `limit` at most; then it is killed
// (Errc::timed_out). `name`: what it hears as its own name. Output beyond `most` octets is dropped. Errc::denied: it
// cannot be started. For the command line; a server has given up starting programs.
Result<ProgramRun> run_program(const std::filesystem::path& program, const std::string& name,
                               const std::vector<std::string>& arguments, std::chrono::seconds limit,
                               std::size_t most = 64 << 10);

}  // namespace gatepost::daemon
