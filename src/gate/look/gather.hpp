#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "gate/explain/facts.hpp"

// Collects the facts of an explanation from the live system. What cannot be had, for want of rights or of a running
// server, is named in Facts::missing; the rest is used all the same.
namespace gatepost::gate::look {

// Asks the running server: a verb with its options, for the JSON of its reply. Errc::not_found: no server runs.
using Ask = std::function<Result<std::string>(const std::string& verb,
                                              const std::map<std::string, std::vector<std::string>>& options)>;

struct Request {
  explain::Question question;
  std::string server_name;                    // to verify the certificate by; empty: the configuration's host name
  std::string ca_file;                        // authorities to trust; empty: the system's
  std::vector<std::filesystem::path> logs;    // of firewalls, of any make
  std::vector<std::filesystem::path> probes;  // reports of `gatepost probe --json` from elsewhere
  std::chrono::seconds watch{0};              // look at the wire for so long
  bool probe = true, dns = true;
};

// Blocks, for as long as the probe, DNS and `watch` take. Errc::invalid: a file that was named is not what it should
// be.
Result<explain::Facts> gather(const Request& request, const config::Config& config, const Ask& ask, const Clock& clock);

// The logs of firewalls this host may have, that are there.
std::vector<std::filesystem::path> usual_logs();

// Parts of it, each in a file of its own.
void gather_outbound(const config::Config& config, const Ask& ask, explain::Facts& facts);
void gather_events(const Request& request, const config::Config& config, const Clock& clock, explain::Facts& facts);
void gather_firewall(explain::Facts& facts);
explain::DnsFact look_up(const std::string& name);

}  // namespace gatepost::gate::look
