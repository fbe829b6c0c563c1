#include "gate/import/import.hpp"

#include "gate/import/readers.hpp"

namespace gatepost::gate {

const std::vector<ImportFormat>& import_formats() {
  static const std::vector<ImportFormat> all = {
      {"nftables", "`nft list ruleset`, as text or with -j", importing::read_nftables},
      {"iptables", "of iptables-save, ip6tables-save and `ipset save`, those there are", importing::read_iptables},
      {"ufw", "/etc/ufw/user.rules and user6.rules", importing::read_ufw},
      {"firewalld", "a zone of /etc/firewalld/zones, and the ipsets it names", importing::read_firewalld},
      {"pf", "pf.conf, or an anchor's rules", importing::read_pf},
      {"windows", "PowerShell lines of New-NetFirewallRule", importing::read_windows},
      {"aws", "JSON of `aws ec2 describe-security-groups`, or of IpPermissions", importing::read_aws},
      {"azure", "JSON of `az network nsg show`, or of securityRules", importing::read_azure},
      {"kubernetes", "NetworkPolicies, YAML or JSON", importing::read_kubernetes},
  };
  return all;
}

}  // namespace gatepost::gate
