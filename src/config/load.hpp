#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/problem.hpp"

namespace gatepost::config {

struct LoadOutcome {
  Config config;  // complete only when ok()
  std::vector<Problem> problems;
  std::map<std::string, std::uint32_t> lines;  // "[smtp] banner" -> where the file says it
  bool ok() const;                             // no errors; warnings may be there
};

inline constexpr std::size_t kMaxFileOctets = 1 << 20;

// Reads the file and reports every problem of it, not only the first: syntax, unknown keys, wrong types, values out of
// range. What the values mean together is looked at by check.hpp. Relative paths in the file count from the file's own
// folder.
LoadOutcome load(const std::filesystem::path& file);
// The same from a text; `filename` is for the problems' text and for relative paths.
LoadOutcome load_text(std::string_view text, std::string_view filename);

// load(), then check() of check.hpp when there were no errors; its problems get their lines too. For start, reload and
// `gatepost config check`.
LoadOutcome load_and_check(const std::filesystem::path& file);

// The manual of all keys in Markdown (docs/configuration.md), made from the table that reads them.
std::string manual();

}  // namespace gatepost::config
