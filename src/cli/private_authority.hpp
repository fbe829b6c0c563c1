#pragma once

#include <string>
#include <vector>

namespace gatepost::cli {

// Both print what they made or what went wrong, and return an exit code.

// DIRECTORY/ca.pem and ca.key; refuses to write over them.
int make_authority(const std::string& directory, const std::string& name);

struct PrivateOrder {
  std::string directory;
  std::vector<std::string> names;
  std::string certificate, key;  // files; empty: called by the first name, in the directory
  int days = 397;
};
int issue_privately(const PrivateOrder& order);

}  // namespace gatepost::cli
