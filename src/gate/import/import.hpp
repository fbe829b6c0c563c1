#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "gate/import/rule_list.hpp"
#include "gate/policy/policy.hpp"

// Another firewall's rules as a policy of Gatepost: who may connect to which port, proposed as a configuration, and
// what of them could not be carried over.
namespace gatepost::gate {

struct ImportFormat {
  std::string_view name;
  std::string_view help;  // which files it reads
  Result<importing::Material> (*read)(const std::vector<importing::File>&);
};
const std::vector<ImportFormat>& import_formats();

struct Proposal {
  config::Gate::Scope scope = config::Gate::Scope::own_ports;  // host: what no rule names is dropped
  std::vector<PortIntent> ports;                               // those that are open to somebody, by port
  AddressSet management;                                       // who may use SSH, where that is limited
  std::vector<std::string> losses;
};

// Walks the rules for every port they name. Never takes for open what may be closed for other reasons than a rate.
Proposal propose(importing::Material material);

// The proposal as a piece of gatepost.toml, its losses as comments.
std::string configuration_text(const Proposal&, std::string_view format);

}  // namespace gatepost::gate
