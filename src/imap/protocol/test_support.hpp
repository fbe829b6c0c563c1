#pragma once

#include <string>
#include <string_view>

#include "imap/protocol/command.hpp"

// For tests and fuzz targets, here and in layers above; not part of the server.
namespace gatepost::imap::test {

// The command as a client would write it, without the last line end, literals inline. parse_command(write(c)) == c.
std::string write(const Command& command, bool utf8 = false);

}  // namespace gatepost::imap::test
