#pragma once

#include <cstddef>
#include <cstring>
#include <string>

namespace gatepost::imap::server {

// No string of IMAP but literal8 may hold NUL (RFC 9051 4.3); 0x80 is what takes its place.
inline void hide_nul(std::string& text, std::size_t from) {
  while (from < text.size()) {
    void* const nul = std::memchr(text.data() + from, '\0', text.size() - from);
    if (nul == nullptr) return;
    *static_cast<char*>(nul) = '\x80';
    from = static_cast<std::size_t>(static_cast<char*>(nul) - text.data()) + 1;
  }
}

}  // namespace gatepost::imap::server
