#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::search::event {

inline constexpr Event kDamaged{
    "search.damaged", Level::warning, "The search index of an account was damaged and is made again.",
    "`detail` says what was found. Searches read the messages themselves until the index is complete again; what they "
    "find is right all the time.",
    "Nothing, unless it comes again: then look at the disk."};
inline constexpr Event kFailed{"search.failed", Level::warning, "The search index of an account could not be written.",
                               "`detail` says why. It is tried again; searches take longer meanwhile.",
                               "Look at the disk: space and rights of the directory `search` of the data directory."};
inline constexpr Event kBuilt{"search.built", Level::info, "Many messages were indexed for searches.",
                              "`messages` of one account, in `ms` milliseconds.", "Nothing."};

inline constexpr std::array kAll{kDamaged, kFailed, kBuilt};

}  // namespace gatepost::search::event
