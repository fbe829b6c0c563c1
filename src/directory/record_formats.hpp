#pragma once

#include <cstdint>
#include <string>

#include "store/keys.hpp"

// What the files that write and read records share; nobody else includes it (docs/formats/directory.md).
namespace gatepost::directory {

// Records that say more than version 1 could have a second form: of a principal its role, last change and contact; a
// third one its home, rule and picture. What is newer than all of version 1 begins with the second.
inline constexpr std::uint8_t kSecondFormat = 2;
inline constexpr std::uint8_t kThirdFormat = 3;
inline constexpr std::uint8_t kPrincipalFormat = kSecondFormat;
inline constexpr std::uint8_t kSendAsBit = 1, kOnBehalfBit = 2;

inline std::string begin_value() { return std::string(1, static_cast<char>(store::kRecordFormat)); }

}  // namespace gatepost::directory
