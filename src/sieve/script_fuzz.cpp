#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "sieve/interpreter.hpp"
#include "sieve/limits.hpp"
#include "sieve/test_support.hpp"

// A script, a NUL, and the message it runs on: bounded, never a crash, and a message is never lost without a word.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::sieve;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\0');
  const auto program = compile(input.substr(0, end));
  if (!program) {
    GP_ASSERT(program.error().line > 0 && !program.error().cause.empty());
    return 0;
  }
  TextMessage message(std::string(end == std::string_view::npos ? std::string_view() : input.substr(end + 1)));
  FixedSurroundings surroundings;
  const Actions actions = run(**program, message, {"a@example.org", "b+c@example.org"}, surroundings);
  GP_ASSERT(actions.filings.size() <= kMaxActions + 1 && actions.redirections.size() <= kMaxRedirects);
  GP_ASSERT(!actions.filings.empty() || !actions.redirections.empty() || actions.rejection || actions.discarded);
  GP_ASSERT(!actions.error || (actions.filings.size() == 1 && actions.redirections.empty() && !actions.rejection));
  return 0;
}
