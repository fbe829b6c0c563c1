#pragma once

#include <filesystem>

#include "config/config.hpp"

namespace gatepost::daemon {

// The store within the data directory, which also holds control.sock, gatepost.pid and decoy.key.
std::filesystem::path store_directory(const config::Config&);
// Keys and certificates that the server got or made itself.
std::filesystem::path certificates_directory(const config::Config&);
// The search indexes, which are made again when they are missing.
std::filesystem::path search_directory(const config::Config&);
// Those of attachments, and the texts that were found in them.
std::filesystem::path attachments_directory(const config::Config&);

}  // namespace gatepost::daemon
