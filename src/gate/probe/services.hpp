#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace gatepost::gate::probe {

enum class Protocol : std::uint8_t { smtp, imap, pop3, http, ldap, other };
enum class Tls : std::uint8_t { none, starttls, implicit };
// What a stranger, somebody out on the internet, should find.
enum class Expect : std::uint8_t { open, either, closed };

// One port and what should be behind it.
struct Service {
  std::string name;
  std::uint16_t port = 0;
  Protocol protocol = Protocol::other;
  Tls tls = Tls::none;
  Expect expect = Expect::either;
  std::string why = {};        // closed: whose port it is, and what to do when it is open
  bool relay_test = false;     // mail comes in from everywhere: who may send on through it is tried
  bool users_sign_in = false;  // sign-in has to be offered, and after TLS only
  bool required_tls = false;   // without TLS nothing of use may be possible
};

// "gatepost": a mail server of any make, its eleven ports. "exchange2016": Exchange 2016 and 2019 with everything they
// bind, most of it meant for the organisation alone. nullopt: no such profile.
std::optional<std::vector<Service>> profile(std::string_view name);
// The service a port number or a name ("imaps") stands for, of any profile; a number nobody knows is `other`.
std::optional<Service> service_named(std::string_view word);
// Those of a profile, or of it and of others those that `words` name; what the profile says of a port counts.
// Errc::not_found: no such profile, no such port.
Result<std::vector<Service>> services_for(std::string_view profile_name, const std::vector<std::string>& words);

}  // namespace gatepost::gate::probe
