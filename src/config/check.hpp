#pragma once

#include <vector>

#include "config/config.hpp"
#include "config/load.hpp"

namespace gatepost::config {

// What the values mean together, and whether the files they name are there: certificates and keys, two listeners on one
// port, audiences without networks, combinations that are unsafe. Reads files; no lines (line = 0), `file` is empty.
std::vector<Problem> check(const Config& config);
// Only the part that reads no files.
std::vector<Problem> check_values(const Config& config);

// The parts that are about [acme]; what is found is added.
void check_acme_values(const Config& config, std::vector<Problem>& problems);
void check_outside_values(const Config& config, std::vector<Problem>& problems);
void check_outside_files(const Config& config, std::vector<Problem>& problems);
void check_acme_files(const Config& config, std::vector<Problem>& problems);

// Likewise about [[oauth.provider]].
void check_oauth_values(const Config& config, std::vector<Problem>& problems);
void check_oauth_files(const Config& config, std::vector<Problem>& problems);
// Likewise about [kerberos].
void check_kerberos_values(const Config& config, std::vector<Problem>& problems);
void check_kerberos_files(const Config& config, std::vector<Problem>& problems);

}  // namespace gatepost::config
