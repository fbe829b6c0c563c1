#pragma once

#include <expected>
#include <string>
#include <utility>

namespace gatepost::sieve {

// Why a script cannot be taken, or why a run of it ended. `cause` is for the person who wrote it.
struct ScriptError {
  unsigned line = 0;  // from 1
  std::string cause;
  bool of_extension = false;  // something nobody knows here; with "ihave" an error only when it is reached (RFC 5463 4)
  std::string text() const { return "line " + std::to_string(line) + ": " + cause; }
};

template <class T = void>
using Parsed = std::expected<T, ScriptError>;

inline std::unexpected<ScriptError> wrong(unsigned line, std::string cause) {
  return std::unexpected(ScriptError{line, std::move(cause)});
}
inline std::unexpected<ScriptError> unknown(unsigned line, std::string cause) {
  return std::unexpected(ScriptError{line, std::move(cause), true});
}

}  // namespace gatepost::sieve
