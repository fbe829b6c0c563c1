#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gate/explain/facts.hpp"
#include "gate/report/report.hpp"

// From facts to causes. Pure.
namespace gatepost::gate::explain {

enum class Certainty : std::uint8_t { possible, likely, certain };
enum class Fault : std::uint8_t {
  policy,    // this host's rules do what its policy says
  rules,     // this host's rules are not what its policy says
  server,    // this server
  product,   // another product on this host
  provider,  // before this host: a provider, a router, a network
  client,    // whoever connects
  dns,
  nobody,  // it works, or works now
  unknown,
};
std::string_view to_string(Certainty);
std::string_view to_string(Fault);

struct Evidence {
  std::optional<TimePoint> at;
  std::string source;  // "firewall's rules", "probe from this host"
  std::string text;
};

struct Diagnosis {
  std::string cause;  // stable: "not_in_audience"
  Certainty certainty = Certainty::possible;
  Fault fault = Fault::unknown;
  std::string summary;  // one sentence
  std::vector<Evidence> evidence;
  std::vector<std::string> remedies;  // each a command or a line of configuration, with what it does
};

// The surest first; of equal ones, the one nearest to the client. Never empty: what cannot be told is said to be so,
// with what would tell.
std::vector<Diagnosis> explain(const Facts& facts);

// Exit code 0: nothing is wrong, 1: a cause was found, 2: it cannot be told.
Report report(const Facts& facts, const std::vector<Diagnosis>& diagnoses);

}  // namespace gatepost::gate::explain
