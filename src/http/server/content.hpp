#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/protocol/etag.hpp"
#include "http/server/exchange.hpp"

namespace gatepost::http::server {

// A representation that is there, whole or in parts: a file, a message, an attachment.
struct Content {
  std::string type;  // Content-Type
  std::uint64_t size = 0;
  Validators validators;
  Fields more;  // Cache-Control, Content-Disposition, Content-Encoding, ...
  // Octets from `at` on, at most `most` and at least one; may run on a worker. Called only within `size`.
  std::function<runtime::Task<Result<std::string>>(std::uint64_t at, std::size_t most)> read;
};

// Answers GET and HEAD for it: conditions (RFC 9110 13), one range (14), the content piece by piece in bounded memory.
// A failure to read cuts the answer off. `content` outlives the call.
runtime::Task<> send_content(Exchange& exchange, const Content& content);

// The same where all of its octets are at hand, for as long as `keeps` lives: never waits, and asks no `content.read`.
void send_content(Exchange& exchange, const Content& content, std::string_view octets,
                  std::shared_ptr<const void> keeps);

// Where conditions already give the answer: 304 or 412; false: go on. For handlers that make what they send.
bool answer_by_conditions(Exchange& exchange, const Validators& validators);

}  // namespace gatepost::http::server
