#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gatepost::imap::server {

// Every capability that the command table announces: name, command, document, test. It makes docs/imap.md.
std::string extensions_page();
// Capabilities of the command table that extensions.cpp has no row for.
std::vector<std::string_view> undocumented_capabilities();

}  // namespace gatepost::imap::server
