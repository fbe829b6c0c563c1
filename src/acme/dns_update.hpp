#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "acme/dns_message.hpp"
#include "acme/solver.hpp"
#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/random.hpp"

namespace gatepost::acme {

struct DnsSettings {
  Endpoint server;                         // takes the updates
  std::optional<dns::TsigKey> key;         // signs them; none: loopback alone should be trusted so far
  std::string zone;                        // empty: found by asking the server for SOA records
  std::vector<Endpoint> resolvers;         // asked for CNAME records that `server` does not know; may be none
  std::vector<Endpoint> check;             // have to show a record before the authority is told; empty: `server`
  std::chrono::seconds wait{10};           // after that
  std::chrono::seconds patience{120};      // for them to show it
  std::chrono::milliseconds answer{5000};  // for one answer; three tries by UDP
};

// One message to a name server and its answer: UDP, or TCP when that is cut. Errc::timed_out, unavailable.
Result<std::string> ask_name_server(const Endpoint& server, std::string_view message,
                                    std::chrono::milliseconds timeout);

// Where the CNAME records at `name` lead, in the end; `name` itself when there are none, or when nobody answers. Each
// step asks `servers` in turn, the first that has a CNAME record counts. Blocks, `timeout` for each answer.
Outcome<std::string> name_behind_aliases(const std::vector<Endpoint>& servers, const std::string& name, Random& random,
                                         std::chrono::milliseconds timeout);

// dns-01 by updates (RFC 2136) to the zone's own server, signed with TSIG. Where the record's name is an alias (CNAME),
// the record is made at the name it stands for, as the authority follows it (RFC 8555 8.4): so the zone of the host
// itself needs no updates. Not thread-safe.
class DnsUpdateSolver final : public Solver {
 public:
  DnsUpdateSolver(DnsSettings settings, const Clock& clock, Random& random)
      : settings_(std::move(settings)), clock_(clock), random_(random) {}
  std::string_view type() const override { return "dns-01"; }
  Outcome<> present(const Proof& proof, std::stop_token stop) override;
  Outcome<> settle(const std::vector<Proof>& proofs, std::stop_token stop) override;
  void remove(const Proof& proof) override;

 private:
  std::uint16_t id() { return static_cast<std::uint16_t>(random_.u64()); }
  Outcome<std::string> target_of(const std::string& name);
  Outcome<std::string> zone_of(const std::string& name);
  Outcome<> change(const std::string& name, const std::string& text, bool add);

  const DnsSettings settings_;
  const Clock& clock_;
  Random& random_;
};

// Whether `server` answers a TXT question for `name` with `text`, for DnsUpdateSolver and the hook's.
Result<bool> shows_text(const Endpoint& server, const std::string& name, const std::string& text, std::uint16_t id,
                        std::chrono::milliseconds timeout);
struct ShownText {
  std::string name, text;
};
// Until every one of `servers` shows all of the records; then `wait` more.
Outcome<> wait_for_records(const std::vector<Endpoint>& servers, const std::vector<ShownText>& records,
                           const DnsSettings& settings, const Clock& clock, Random& random, std::stop_token stop);

}  // namespace gatepost::acme
