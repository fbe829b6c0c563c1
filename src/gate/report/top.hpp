#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace gatepost::gate {

// The screen of `gatepost gate top`, without any control sequence: the caller places it. `now` and `before` are the
// server's answers to "gate top" (`before`: an earlier one, for rates). `rows`, `columns`: what there is room for; 0:
// any. Every text in it is safe on a terminal, whatever a peer or a rule's name holds. Errc::invalid: `now` is no such
// answer.
Result<std::string> render_top(std::string_view now, std::optional<std::string_view> before, std::size_t rows,
                               std::size_t columns);

}  // namespace gatepost::gate
