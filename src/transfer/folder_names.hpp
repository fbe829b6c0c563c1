#pragma once

#include <optional>
#include <string>
#include <string_view>

// How folders are named where each is a directory. The inbox is "INBOX"; names of other programs that cannot be read as
// they should are taken as they are, octets that are no UTF-8 replaced.
namespace gatepost::transfer {

// Maildir++: ".Projects.2026", in modified UTF-7 (RFC 3501 5.1.3), levels parted by dots; a dot within a name is "%2E".
std::string maildir_name(std::string_view path);
std::string path_of_maildir(std::string_view name);

// One name of a path as the name of a directory: not hidden, not "..".
std::string directory_name(std::string_view name);
std::string name_of_directory(std::string_view directory);

// "INBOX" in any case is the inbox; what a path cannot hold (controls, empty names) is made harmless.
std::string clean_path(std::string_view path);

}  // namespace gatepost::transfer
