#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/load.hpp"

namespace gatepost::config {

// One key with what it is set to, and where.
struct Setting {
  std::string table;       // "[limits]", "[listener.imaps]", "[[tls.certificate]] 1"
  std::string name;        // of the key
  std::string value;       // as the file would spell it, or in words where it follows from others
  std::string preset;      // what it is when nobody says anything; "": it has to be said
  std::string type;        // "size, 1 KiB to 2 GiB"
  std::string meaning;     // of the manual
  std::uint32_t line = 0;  // of the file; 0: the file does not say it
  bool operator==(const Setting&) const = default;
};

// All keys, in the order of the manual; of tables that may be there several times, each that is there. `lines`: as
// LoadOutcome has them; none: nothing is said by a file.
std::vector<Setting> settings(const Config& config, const std::map<std::string, std::uint32_t>& lines);

}  // namespace gatepost::config
