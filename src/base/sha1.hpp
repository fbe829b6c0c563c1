#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gatepost {

using Sha1Value = std::array<std::uint8_t, 20>;

// For protocols that name it and do not lean on it (RFC 6455 4.2.2).
Sha1Value sha1(std::string_view bytes);

}  // namespace gatepost
