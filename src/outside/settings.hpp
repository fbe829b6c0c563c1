#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/secret.hpp"

// Directories that others run, Active Directory or OpenLDAP, as a source of sign-in and of people.
namespace gatepost::outside {

enum class Tls : std::uint8_t { none, starttls, implicit };

struct Server {
  std::string host;  // what its certificate has to name
  std::uint16_t port = 636;
  Tls tls = Tls::implicit;
  bool operator==(const Server&) const = default;
  std::string to_string() const;  // as a URL
};

// How to talk to the servers of one directory.
struct Access {
  std::filesystem::path ca_file;  // PEM; empty: the system's authorities
  std::chrono::seconds connect_timeout{5};
  std::chrono::seconds answer_timeout{10};  // of one answer of a server
  std::size_t message_octets = 4 << 20;     // of one message of a server, beyond which it is closed
  std::size_t answer_octets = 64 << 20;     // of one answer, all its messages together
  std::size_t page_size = 500;
};

// Which attributes mean what.
struct Attributes {
  std::string address;                 // the primary mail address
  std::vector<std::string> addresses;  // others; "SMTP:" and "smtp:" before them as Active Directory has it
  std::string display_name;
  std::string unique_id;         // never changes, whatever the entry is called
  std::string disabled;          // its presence says: no sign-in; empty: none such
  bool account_control = false;  // userAccountControl and accountExpires count (MS-ADTS 2.2.16)
};

// One directory. Immutable once it is used.
struct Settings {
  std::string name;             // in logs, metrics, commands
  std::vector<Server> servers;  // in order: the first that answers is asked
  Access access;
  std::string bind_dn;  // the service account; empty: anonymous
  Secret bind_password;
  std::string base;
  std::string people_filter;   // who is a person at all
  std::string address_filter;  // finds {address}, a name with @
  std::string login_filter;    // finds {user}, a name without @; empty: there are none
  Attributes attributes;
  bool sign_in = true;
  bool people = false;  // accounts are added and kept in step
  bool groups = false;  // likewise groups
  std::string group_base, group_filter;
  std::string changed_attribute;      // the time of the last change of an entry; empty: every look is at all of them
  std::chrono::seconds refresh{300};  // between looks at what changed
  std::chrono::seconds full_refresh{3600};  // between looks at all, which alone see who is gone
  std::uint32_t disable_after = 2;          // looks at all without somebody, until the account is disabled
  std::uint32_t most_gone_percent = 10;     // more accounts at once are not disabled
  std::size_t most_people = 200'000;
  std::vector<std::string> domains;  // of the addresses it speaks for; empty: all
  std::size_t connections = 8;       // at one time
  std::chrono::seconds remember_right{60}, remember_wrong{30};
  std::chrono::seconds outlast_outage{0};  // how old a proof may be that counts while no server answers; 0: none does
};

}  // namespace gatepost::outside
