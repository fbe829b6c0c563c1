#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "converter/agent/conversion.hpp"

// What a process that reads an attachment gives up first. Each is for good.
namespace gatepost::converter {

// Processor, address space, files.
Result<> limit_resources(const ConversionLimits& limits);
// Of files nothing but reading programs and libraries, and starting them; on a kernel without Landlock, what its user
// may. `program`: beside those of the system.
Result<> limit_files(const std::filesystem::path& program);
// Of system calls what a program needs that reads its input and writes its output: no network, no other process, no
// namespaces, no debugging.
Result<> limit_calls_of_program();
// Only memory, reading and writing what is open.
Result<> limit_calls_of_reader();

}  // namespace gatepost::converter
