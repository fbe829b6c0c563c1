#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "smtp/protocol/command.hpp"

// Parse, write, parse again: the same command. The first octet chooses the tolerances.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::smtp;
  if (size == 0) return 0;
  const std::uint8_t bits = data[0];
  const ParseOptions options{.space_after_colon = (bits & 1) == 0,
                             .trailing_space = (bits & 2) == 0,
                             .any_hello_name = (bits & 4) == 0,
                             .underscore_in_domain = (bits & 8) == 0,
                             .missing_brackets = (bits & 16) != 0,
                             .loose_dots_in_local_part = (bits & 32) != 0,
                             .dsn = (bits & 64) == 0,
                             .future_release = (bits & 128) != 0};
  const std::string_view line(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto first = parse_command(line, options);
  if (!first) {
    GP_ASSERT(reply_for(first.error()).permanent());
    return 0;
  }
  GP_ASSERT(verb(*first) == verb_of(line));
  std::string out;
  write(out, *first);
  GP_ASSERT(out.ends_with("\r\n") && out.find_first_of("\r\n") == out.size() - 2);
  const auto second = parse_command(std::string_view(out).substr(0, out.size() - 2), options);
  GP_ASSERT(second && *second == *first);
  return 0;
}
