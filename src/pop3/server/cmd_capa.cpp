// CAPA (RFC 2449 5). What is there in the AUTHORIZATION state is announced in both states.

#include <fmt/format.h>

#include "pop3/protocol/reply.hpp"
#include "pop3/server/commands.hpp"
#include "pop3/server/session.hpp"

namespace gatepost::pop3::server {
namespace {

bool knows(Verb verb) { return find_command(verb) != nullptr; }

}  // namespace

Task<Next> Session::capa(Command) {
  const directory::DoorContext context = door_context();
  const directory::Door& door = shared_.services.door;
  std::string& reply = out();
  write_ok(reply, "Capabilities");
  if (knows(Verb::user) && door.takes_passwords(context)) write_line(reply, "USER");
  std::string mechanisms;
  for (const sasl::Mechanism mechanism : door.mechanisms(context)) {
    mechanisms.append(" ").append(to_string(mechanism));
  }
  if (knows(Verb::auth) && !mechanisms.empty()) write_line(reply, "SASL" + mechanisms);
  if (knows(Verb::stls) && may_start_tls()) write_line(reply, "STLS");  // RFC 2595 4
  if (knows(Verb::top)) write_line(reply, "TOP");
  if (knows(Verb::uidl)) write_line(reply, "UIDL");
  write_line(reply, "RESP-CODES");      // RFC 2449 6.4
  write_line(reply, "AUTH-RESP-CODE");  // RFC 3206
  write_line(reply, "PIPELINING");
  write_line(reply, settings_->expire_days ? fmt::format("EXPIRE {}", *settings_->expire_days) : "EXPIRE NEVER");
  write_line(reply, fmt::format("LOGIN-DELAY {}", settings_->login_delay.count()));
  if (knows(Verb::utf8)) write_line(reply, "UTF8 USER");  // RFC 6856 2, 2.2
  if (knows(Verb::lang)) write_line(reply, "LANG");       // RFC 6856 3
  write_line(reply, "IMPLEMENTATION Gatepost");
  write_end(reply);
  co_return Next::more;
}

}  // namespace gatepost::pop3::server
