#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace gatepost::daemon {

// Which formats on disk (docs/formats/) a program can read, and which it writes. What has none of its own, or is made
// again when it is missing (the search index), is not here.
struct Format {
  std::string name;
  std::uint32_t reads_from = 1, reads_to = 1, writes = 1;
  bool operator==(const Format&) const = default;
};
const std::vector<Format>& formats();

// What one program says of itself: gatepost formats.
struct ProgramFacts {
  std::string version;
  std::vector<Format> formats;
};
ProgramFacts this_program();
std::string to_json(const ProgramFacts&);  // one object
Result<ProgramFacts> program_facts_from_json(std::string_view text);

// Whether `next` may take the place of `running`, and whether there is a way back.
struct UpgradeVerdict {
  enum class Kind { same, upgrade, downgrade, unreadable } kind = Kind::same;
  bool way_back = true;  // the running program reads what the next one writes
  std::string detail;    // the format that decides; empty: none
};
UpgradeVerdict judge_upgrade(const ProgramFacts& running, const ProgramFacts& next);

}  // namespace gatepost::daemon
