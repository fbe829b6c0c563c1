#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatepost::imap {

// How to read. What an extension adds to the grammar is always read; whether it may be used the session decides.
struct ParseOptions {
  bool utf8 = false;           // IMAP4rev2 or UTF8=ACCEPT was enabled: mailbox names and quoted strings are UTF-8
  char delimiter = '/';        // between levels of mailbox names
  bool trailing_space = true;  // "A1 NOOP ": Outlook and scripts
  bool quoted_8bit = true;  // octets over 127 in quoted strings without `utf8`: passwords and searches of old clients
};

enum class Fault : std::uint8_t {
  unknown_command,   // BAD
  syntax,            // BAD
  bad_mailbox_name,  // BAD or NO [CANNOT]: not modified UTF-7, or not UTF-8, or with controls
  limit,             // BAD or NO [LIMIT]: well-formed, but over one of our limits
};

// Why a command could not be read.
struct SyntaxError {
  Fault fault = Fault::syntax;
  std::string tag;          // "" when it was not readable: answer "* BAD"
  std::string_view detail;  // constant English sentence of ours, no octets of the peer: may go into the answer
};

}  // namespace gatepost::imap
