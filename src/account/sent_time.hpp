#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "account/types.hpp"

namespace gatepost::account {

// What Row::sent is of a message with that summary (as of an item) that came at that time. None: the summary was too
// large to be kept, or cannot be read. Pure.
std::optional<std::int64_t> sent_time(std::string_view summary, TimePoint received);

}  // namespace gatepost::account
