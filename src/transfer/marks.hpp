#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "transfer/message.hpp"

// Flags as letters behind a file's name (Maildir's "info", ":2,FS"): D draft, F flagged, P passed on, R answered, S
// seen, T deleted; a to z are keywords, which a file beside says ("dovecot-keywords": lines of a number, a blank and a
// name).
namespace gatepost::transfer {

inline constexpr std::string_view kForwarded = "$Forwarded";  // what P stands for
inline constexpr std::size_t kKeywordLetters = 26;

// Keywords by letter, "a" first; a name may be empty.
using KeywordLetters = std::vector<std::string>;
// Lines that say nothing are passed over.
KeywordLetters parse_keyword_letters(std::string_view file);
std::string format_keyword_letters(const KeywordLetters& letters);

// Letters that mean nothing are passed over.
Marks marks_of(std::string_view letters, const KeywordLetters& keywords);
// In ASCII order, as Maildir wants it. New keywords are added to `keywords` while there are letters; others are left
// out.
std::string letters_of(const Message& message, KeywordLetters& keywords);

}  // namespace gatepost::transfer
