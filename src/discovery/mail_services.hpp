#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost::discovery {

enum class Kind : std::uint8_t { imap, pop3, submission };
enum class Tls : std::uint8_t { implicit, starttls };

// A port that a mail program can be pointed at.
struct MailService {
  Kind kind = Kind::imap;
  Tls tls = Tls::implicit;
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const MailService&) const = default;
};
using MailServices = std::vector<MailService>;

// TLS from the start before STARTTLS (RFC 8314 3), IMAP before POP3; one port of each kind and TLS mode.
void put_in_order(MailServices& services);
// The first of that kind; null: none.
const MailService* best(const MailServices& services, Kind kind);

// Character data and attribute values: what would end them is written as references; what XML 1.0 2.2 has no place for
// is left out.
std::string xml_escaped(std::string_view text);

}  // namespace gatepost::discovery
