#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "directory/directory.hpp"
#include "http/server/exchange.hpp"
#include "jmap/server.hpp"

// JMAP over WebSocket (RFC 8887).
namespace gatepost::jmap {

// What a client's message asks for.
struct Spoken {
  std::string reply;  // a message; "": none
  // Of WebSocketPushEnable and WebSocketPushDisable.
  enum class Push : std::uint8_t { as_before, on, off } push = Push::as_before;
  std::vector<std::string> types;         // that it wants to hear of; none: all
  std::optional<std::string> push_state;  // what it knows already
};
// Does what one message says. Blocks.
Spoken hear(Server& server, const directory::Principal& user, std::string_view message);

// A StateChange (RFC 8620 7.1) with its pushState (RFC 8887 4.3.5.1), from what Server::states() says.
std::string push_state_of(std::string_view states);
std::string state_change(std::string_view states);

// How the client reaches us: URLs that it is told are absolute.
std::string origin_of(const http::server::Request& request);

// The handler of its route.
runtime::Task<> serve_websocket(Server& server, http::server::Exchange& exchange);

}  // namespace gatepost::jmap
