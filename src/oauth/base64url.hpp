#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace gatepost::oauth {

// RFC 7515 2: RFC 4648 5 without padding, line breaks or other characters.
Result<std::string> from_base64url(std::string_view text);

}  // namespace gatepost::oauth
