#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace gatepost::account {

inline constexpr std::size_t kMaxThreadMarks = 24;

// What a message has in common with others of its conversation: hashes of the message ids that it has and mentions,
// each together with the subject without the marks of replies, so that an old message that is answered only to save
// typing an address begins a new conversation (RFC 8621 3). Its own id first, then those nearest to it; none of a
// message that says nothing. `summary`: as of an item. Pure.
std::vector<std::uint64_t> thread_marks(std::string_view summary);

}  // namespace gatepost::account
