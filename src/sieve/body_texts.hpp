#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/program.hpp"

namespace gatepost::sieve {

// What a body test compares (RFC 5173 5), text by text, until `visit` says true, which is then the result. `types`: of
// BodyTransform::content. Of text/* as UTF-8.
bool any_body_text(std::string_view message, BodyTransform transform, const std::vector<std::string>& types,
                   const std::function<bool(std::string_view)>& visit);

}  // namespace gatepost::sieve
