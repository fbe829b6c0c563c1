#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gatepost::pop3 {

inline constexpr std::size_t kMaxCommandOctets = 1024;  // RFC 2449 4 asks for 255 with CRLF; long names come with UTF8
inline constexpr std::size_t kMaxSaslLineOctets = 12288;  // as RFC 4954 4; RFC 5034 4 lifts the limit of 255

// Finds the lines in what a POP3 client sends. The same items come however the input is cut. Lines end with CRLF; LF
// alone is accepted too, since nothing that a POP3 client sends is passed on (content only comes from the server). NUL
// passes. Text views point into `input`.
class Receiver {
 public:
  enum class Kind : std::uint8_t {
    need_more,  // drop `consumed` octets (they are part of a line already refused) and read more
    line,       // a line, without its end
    too_long,   // a line over the limit: told once, its rest is dropped silently
  };
  struct Item {
    Kind kind = Kind::need_more;
    std::string_view text;
    std::size_t consumed = 0;  // octets of the input that are done with
  };

  // `input`: all octets not yet consumed. Call again with the rest after each item.
  Item next(std::string_view input);
  void expect_line();       // a command (the state at the start, and after STLS)
  void expect_sasl_line();  // one answer to a challenge (RFC 5034 4); then commands again

 private:
  std::size_t limit(std::string_view input) const;

  bool sasl_ = false;
  bool dropping_ = false;
  std::size_t scanned_ = 0;  // octets known to hold no LF
};

}  // namespace gatepost::pop3
