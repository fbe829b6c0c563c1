#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// What is held against an address. Values and tables alone.
namespace gatepost::gate {

// Why somebody is banned, as people and programs read it.
enum class Cause : std::uint8_t { sign_in, scanner, protocol, harvest, by_hand };
inline constexpr std::size_t kCauses = 5;
std::string_view to_string(Cause cause);  // "sign-in"
std::optional<Cause> cause_numbered(std::uint8_t number);

// What was seen. The numbers are on disk (docs/formats/bans.md): new ones go to the end.
enum class Offence : std::uint8_t {
  wrong_password,     // a wrong password that was not counted before
  unknown_name,       // likewise, for an account nobody has
  pair_refused,       // the sign-in limits closed one account to the address
  address_refused,    // ... or all of them
  silent,             // connected, said nothing, went
  foreign_protocol,   // another protocol than the port's: HTTP at 25
  no_tls,             // something else than TLS at a port for TLS
  many_ports,         // ports of several services without a word of their protocols
  early_talk,         // spoke before the greeting
  bad_commands,       // the limit of failed commands
  unknown_recipient,  // mail for an address that is not there
  by_hand,            // an administrator
  bad_request,        // what is no request at all, and ended the connection
};
inline constexpr std::size_t kOffences = 13;
std::string_view to_string(Offence offence);  // a sentence's part: "wrong password"
Cause cause_of(Offence offence);
std::optional<Offence> offence_numbered(std::uint8_t number);

// What one of them counts; BanRules::points of them are a ban.
double points_of(Offence offence);

}  // namespace gatepost::gate
