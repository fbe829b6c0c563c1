#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gate/policy/policy.hpp"

namespace gatepost::gate {

// An intent in another product's words.
struct Export {
  std::string text;                 // with the losses as comments where the format has comments
  std::vector<std::string> losses;  // what the product cannot say
};

struct Format {
  std::string_view name;  // "nftables", "ufw"
  std::string_view help;  // "nft -f FILE"
  Export (*write)(const Intent&, TimePoint now);
};

const std::vector<Format>& formats();

}  // namespace gatepost::gate
