#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gate/backend/export.hpp"

// What the writers of other formats share.
namespace gatepost::gate::exporting {

// What a product can express; each thing it cannot, and the intent asks for, is a loss.
struct Abilities {
  std::string_view product;
  bool per_source_rate = false, connection_cap = false, destinations = false, logging = false, expiry = false;
  bool egress = false, host_scope = false, deny = true;
};
std::vector<std::string> losses(const Intent&, const Abilities&);

// The losses as comment lines.
std::string commented(const std::vector<std::string>& losses, std::string_view mark = "# ");

// `name`, or, where it has more than `most` letters, as much of it as leaves room for a digest that keeps it unlike
// others that begin the same.
std::string short_name(std::string_view name, std::size_t most);

struct Line {
  const PortIntent* port;
  const Opening* opening;
  std::vector<Network> networks;  // of one family, or of both
};
// One for each opening and family that has addresses.
std::vector<Line> by_family(const Intent&, bool v6);

Export iptables(const Intent&, TimePoint);
Export ip6tables(const Intent&, TimePoint);
Export firewalld(const Intent&, TimePoint);
Export ufw(const Intent&, TimePoint);
Export pf(const Intent&, TimePoint);
Export windows(const Intent&, TimePoint);
Export aws(const Intent&, TimePoint);
Export azure(const Intent&, TimePoint);
Export kubernetes(const Intent&, TimePoint);

}  // namespace gatepost::gate::exporting
