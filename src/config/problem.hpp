#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatepost::config {

enum class Severity : std::uint8_t { error, warning };

// Something in the file, or in what the file names, that has to be changed (error) or should be looked at (warning).
struct Problem {
  Severity severity = Severity::error;
  std::string file;
  std::uint32_t line = 0;  // 0: the file as a whole
  std::string where;       // "[smtp] max_mesage_size"
  std::string what;        // "unknown key"
  std::string cause;       // why that matters; may be empty
  std::string cure;        // what to write
  // "gatepost.toml:12: [smtp] max_mesage_size: unknown key. Did you mean max_message_size?"
  std::string text() const;
};

// Text of a file inside a problem: its beginning, one line, printable.
std::string printable(std::string_view text);

}  // namespace gatepost::config
