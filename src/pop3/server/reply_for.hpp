#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace gatepost::pop3::server {

// How a failure is told to a POP3 client: the response code (RFC 2449 8, RFC 3206), or "", and the words behind it.
struct Words {
  std::string_view code;
  std::string_view text;
};
Words words_for(Errc code);
// The same when signing in failed: most is about the credentials then.
Words words_for_sign_in(Errc code);

// Appends "-ERR [CODE] text".
void write_failure(std::string& out, const Words& words);

}  // namespace gatepost::pop3::server
