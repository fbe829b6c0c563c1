#pragma once

#include <string>
#include <vector>

#include "admin/command.hpp"
#include "base/clock.hpp"
#include "base/ip.hpp"
#include "config/config.hpp"
#include "discovery/mail_services.hpp"
#include "runtime/resolver.hpp"

// What DNS says of a mail domain, beside what it should say so that mail arrives and is believed.
namespace gatepost::daemon {

struct DomainToCheck {
  std::string domain;
  std::string hostname;              // of this server
  std::vector<IpAddress> sent_from;  // outgoing mail; empty: from the host name's addresses
  bool by_smart_host = false;        // outgoing mail goes by another server, whose names are its own business
  discovery::MailServices services;  // offered to strangers
  std::uint16_t https = 0;           // the web's port for them; 0: none
  std::string postmaster;
};

// What the configuration says of it.
DomainToCheck domain_to_check(const config::Config& config, std::string_view domain, const Clock& clock);

struct DnsFinding {
  enum class State : std::uint8_t {
    good,     // as it should be
    wrong,    // there, and not as it should be
    missing,  // not there
    unknown,  // could not be asked
  };
  enum class Weight : std::uint8_t { needed, advised, comfort };
  std::string subject;  // "MX", "SPF", "PTR of 192.0.2.7"
  std::string name, type;
  State state = State::good;
  Weight weight = Weight::needed;
  std::vector<std::string> found;
  std::string expected;  // the record's value, as a zone file has it; "": whatever is there is right
  std::string why;       // one sentence: what it is for, or what is wrong
};

// Asks for all of it at one time. Blocks as long as the two slowest look-ups.
std::vector<DnsFinding> check_domain(runtime::Resolver& resolver, const DomainToCheck& domain);

// For people and programs; the exit code is 0 whatever was found.
admin::Reply domain_reply(const DomainToCheck& domain, const std::vector<DnsFinding>& findings);

}  // namespace gatepost::daemon
