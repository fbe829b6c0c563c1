#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "imap/protocol/command_fetch.hpp"

namespace gatepost::imap {

inline constexpr std::size_t kMaxUrlOctets = 8 << 10;

// What an IMAP URL without its server names: a message or a part of one (RFC 5092 5, 7).
struct MessageUrl {
  std::string mailbox;  // UTF-8
  std::optional<std::uint32_t> uid_validity;
  std::uint32_t uid = 0;
  Section section;                 // default: all of it
  std::optional<Partial> partial;  // octets 0: up to the end
  bool operator==(const MessageUrl&) const = default;
};

// "/" enc-mailbox [";UIDVALIDITY=" nz-number] "/;UID=" nz-number ["/;SECTION=" enc-section] ["/;PARTIAL=" number ["."
// nz-number]]: the form of absolute paths, which CATENATE takes (RFC 4469 3). nullopt: anything else.
std::optional<MessageUrl> parse_message_url(std::string_view url);

// A URL of a message that carries the right to read it, or that will (RFC 4467 3, RFC 5092 11).
struct AuthUrl {
  enum class Access : std::uint8_t { submit, user, auth_user, anonymous };
  std::string user, host;  // of the server: whose message it is; UTF-8, and as written, without a port
  MessageUrl message;
  std::optional<TimePoint> expires;
  Access access = Access::anonymous;
  std::string access_user;       // of submit and user
  std::string mechanism, token;  // lower case; "": the URL is not signed yet
  std::size_t rump_octets = 0;   // what is signed: so much of the URL
};
// authimapurlfull and authimapurlrump. nullopt: anything else.
std::optional<AuthUrl> parse_auth_url(std::string_view url);

}  // namespace gatepost::imap
