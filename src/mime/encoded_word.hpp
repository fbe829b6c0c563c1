#pragma once

#include <string>
#include <string_view>

namespace gatepost::mime {

// A header value as people read it, in valid UTF-8: unfolded, RFC 2047 words decoded (6.2: blanks between adjacent
// words go; a character cut between two words of one charset and encoding is joined; RFC 2231 5 language tags are
// dropped). What is no well-formed word, or in a charset nobody knows, stays as it is. 8-bit octets outside words are
// read as UTF-8 where that is what they are, else as windows-1252. Linear time.
std::string decode_words(std::string_view value);

}  // namespace gatepost::mime
