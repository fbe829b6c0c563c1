#pragma once

#include <chrono>
#include <cstddef>

// What of one message's attachments is searched, so that nobody fills memory or holds up others by sending many.
namespace gatepost::search {

inline constexpr std::size_t kMaxAttachments = 100;             // that can be converted
inline constexpr std::size_t kMaxAttachmentText = 16 << 20;     // octets; what is begun is taken whole
inline constexpr std::chrono::seconds kMaxAttachmentTime{120};  // for their conversion

}  // namespace gatepost::search
