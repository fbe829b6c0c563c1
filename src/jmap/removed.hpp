#pragma once

#include "jmap/context.hpp"

// Messages that were removed and can be brought back (docs/jmap.md, "Removed messages").
namespace gatepost::jmap {

// Nothing is found behind so many of the newest, neither by a filter nor by a position.
inline constexpr std::size_t kMostRemoved = 50'000;

Answer removed_query(Call& call);
Answer removed_get(Call& call);
Answer removed_restore(Call& call);
Answer removed_set(Call& call);

}  // namespace gatepost::jmap
