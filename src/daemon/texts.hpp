#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

// Texts for people and logs.
namespace gatepost::daemon {

inline std::string errno_text() { return std::strerror(errno); }
inline std::string joined(const std::vector<std::string>& texts) { return fmt::format("{}", fmt::join(texts, ", ")); }

}  // namespace gatepost::daemon
