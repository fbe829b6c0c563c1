#include "gate/bans/offence.hpp"

#include <array>

namespace gatepost::gate {
namespace {

struct Row {
  std::string_view words;
  Cause cause;
  double points;
};

// A hundred points are a ban, and half of them are forgotten in an hour. So a person who mistypes is never near it, one
// who guesses names or passwords gets some dozens of tries, and what no mail program ever does counts most.
constexpr std::array<Row, kOffences> kRows{{
    {"wrong password", Cause::sign_in, 2},
    {"wrong password for a name nobody has", Cause::sign_in, 5},
    // A device with an old password gets there, too: alone it must not shut out the office it stands in.
    {"too many wrong passwords for one account", Cause::sign_in, 30},
    {"too many wrong passwords over all accounts", Cause::sign_in, 100},
    {"connected without a word", Cause::scanner, 2},
    {"spoke another protocol", Cause::scanner, 30},
    {"no TLS where TLS is spoken", Cause::scanner, 25},
    {"tried the ports of several services without a word", Cause::scanner, 40},
    // RFC 5321 4.3.1: a client waits for the greeting. Programs that do not read replies are in a hurry.
    {"spoke before the greeting", Cause::protocol, 10},
    {"too many failed commands", Cause::protocol, 30},
    {"mail for an address that is not there", Cause::harvest, 2},
    {"banned by an administrator", Cause::by_hand, 0},
    {"requests that break the protocol", Cause::protocol, 5},
}};

}  // namespace

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::sign_in:
      return "sign-in";
    case Cause::scanner:
      return "scanner";
    case Cause::protocol:
      return "protocol";
    case Cause::harvest:
      return "harvest";
    case Cause::by_hand:
      return "by hand";
  }
  return "?";
}

std::optional<Cause> cause_numbered(std::uint8_t number) {
  if (number >= kCauses) return std::nullopt;
  return static_cast<Cause>(number);
}

std::string_view to_string(Offence offence) { return kRows[static_cast<std::size_t>(offence)].words; }
Cause cause_of(Offence offence) { return kRows[static_cast<std::size_t>(offence)].cause; }
double points_of(Offence offence) { return kRows[static_cast<std::size_t>(offence)].points; }

std::optional<Offence> offence_numbered(std::uint8_t number) {
  if (number >= kOffences) return std::nullopt;
  return static_cast<Offence>(number);
}

}  // namespace gatepost::gate
