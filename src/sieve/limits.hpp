#pragma once

#include <cstddef>
#include <cstdint>

// What scripts of people, and the mail that they look at, may cost.
namespace gatepost::sieve {

inline constexpr std::uint64_t kDay = 24 * 60 * 60;  // in seconds

inline constexpr std::size_t kMaxScriptOctets = 128 << 10;
inline constexpr std::size_t kMaxNesting = 32;     // of blocks and tests together; RFC 5228 2.10.5 asks for 15
inline constexpr std::size_t kMaxNodes = 10'000;   // commands and tests of a script
inline constexpr std::size_t kMaxActions = 32;     // that one run may take
inline constexpr std::size_t kMaxRedirects = 5;    // of those
inline constexpr std::size_t kMaxVariables = 256;  // RFC 5229 6 asks for 128
inline constexpr std::size_t kMaxVariableName = 64;
inline constexpr std::size_t kMaxVariableOctets = 8 << 10;  // RFC 5229 6: a value beyond is cut
inline constexpr std::size_t kMaxTextOctets = 64 << 10;  // of one text after variables were put in; beyond, it is cut
inline constexpr std::size_t kMaxMatchVariable = 99;
inline constexpr std::size_t kMaxFlags = 50;
inline constexpr std::size_t kMaxFlagOctets = 100;
inline constexpr std::size_t kMaxHeaderOctets = 256 << 10;  // of a message's header that tests see
inline constexpr std::size_t kMaxBodyOctets = 1 << 20;      // of a message that tests of its body see
// What a run may do: a unit is a command, a test, sixteen octets looked through or one step of a wildcard.
inline constexpr std::uint64_t kMaxSteps = 10'000'000;

}  // namespace gatepost::sieve
