#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gatepost::pop3::server {

// Finds where TOP ends (RFC 1939 7): after the header, the blank line and `lines` lines of the body. Fed with the
// message in pieces of any size; the same end however cut.
class TopCut {
 public:
  explicit TopCut(std::uint32_t lines) : lines_(lines) {}
  // How many octets of `piece` belong to the answer; fewer than all of them when the end was found.
  std::size_t take(std::string_view piece);
  bool done() const { return done_; }

 private:
  std::uint32_t lines_;
  bool in_header_ = true;
  bool line_is_blank_ = true;  // nothing but CR so far in this line
  bool done_ = false;
};

}  // namespace gatepost::pop3::server
