#pragma once

#include <vector>

#include "base/result.hpp"
#include "gate/import/rule_list.hpp"

// The readers of all formats. Each takes whole files, refuses what is none of its format with Errc::invalid, says what
// it leaves out, and is safe on any octets.
namespace gatepost::gate::importing {

Result<Material> read_nftables(const std::vector<File>&);  // nft's JSON
Result<Material> read_iptables(const std::vector<File>&);
Result<Material> read_ufw(const std::vector<File>&);
Result<Material> read_firewalld(const std::vector<File>&);
Result<Material> read_pf(const std::vector<File>&);
Result<Material> read_windows(const std::vector<File>&);
Result<Material> read_aws(const std::vector<File>&);
Result<Material> read_azure(const std::vector<File>&);
Result<Material> read_kubernetes(const std::vector<File>&);

}  // namespace gatepost::gate::importing
