#include "admin/verbs.hpp"

// What the running server knows of those who connect, and of mail on its way.
namespace gatepost::admin {
namespace {

Reply of_server(Services& services, const Request& request, std::stop_token) {
  if (!services.server.gate) return failure({Errc::unsupported, "not on this server"}, request.verb);
  return services.server.gate(request);
}

}  // namespace

std::vector<Verb> gate_verbs() {
  return {
      {"gate policy", "Who may connect to which port, by the configuration, and what of it needs a person.", true,
       of_server},
      {"gate apply", "Puts the policy into the firewall, until it is confirmed from a new connection, or undone.", true,
       of_server},
      {"gate audit", "Whether listeners, policy and ruleset agree.", true, of_server},
      {"gate confirm", "Keeps what was applied.", true, of_server},
      {"gate history", "The last revisions of the rules, and what waits for its confirmation.", true, of_server},
      {"gate plan", "What applying the policy would change: who gains and who loses access.", true, of_server},
      {"gate rollback", "Undoes what waits for its confirmation, or brings back a revision.", true, of_server},
      {"gate show", "Every port: who may connect, and whether the firewall agrees.", true, of_server},
      {"gate who", "Who can reach a port, with the rules that decide.", true, of_server},
      {"gate top", "Who connects at the moment, and who is refused.", true, of_server},
      {"gate peer", "What the server knows of an address.", true, of_server},
      {"mail explain", "What became of a mail, as far as the server remembers.", true, of_server},
  };
}

}  // namespace gatepost::admin
