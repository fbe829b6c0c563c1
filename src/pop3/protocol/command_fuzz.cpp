#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "pop3/protocol/command.hpp"

// Parse, write, parse again: the same command.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::pop3;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  if (line.contains('\n')) return 0;  // lines have none
  const auto first = parse_command(line);
  if (!first) return 0;
  GP_ASSERT(verb(*first) == verb_of(line));
  std::string out;
  write(out, *first);
  GP_ASSERT(out.ends_with("\r\n") && out.find_first_of("\r\n") == out.size() - 2);
  const auto second = parse_command(std::string_view(out).substr(0, out.size() - 2));
  GP_ASSERT(second && *second == *first);
  return 0;
}
