#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http/protocol/head.hpp"

namespace gatepost::http {

// Finds where the requests of an HTTP/1.x connection begin and end (RFC 9112). What a proxy in front could read in
// another way is refused, never guessed at: bare CR or LF, folded fields, blanks before a colon, more than one length,
// a length beside a transfer coding (RFC 9112 2.2, 5.1, 5.2, 6.3, 11.2).
class H1Receiver {
 public:
  struct Limits {
    std::size_t head_octets = 32 << 10;  // also of trailers, and of all chunk extensions of one request
    std::size_t fields = 100;
  };
  enum class Kind : std::uint8_t {
    need_more,
    head,     // take_head() has it
    content,  // `content`: the next octets of it, never none
    end,      // of the request; the next one may follow
    refused,  // status() says why; where the next request would begin is not known
  };
  struct Item {
    Kind kind = Kind::need_more;
    std::string_view content;  // a view into the input
    std::size_t consumed = 0;
  };

  explicit H1Receiver(Limits limits);
  ~H1Receiver();

  // `input`: all octets not yet consumed. The same items however the input is cut, but for the sizes of `content`.
  Item next(std::string_view input);
  RequestHead take_head();

  int status() const { return status_; }  // 400, 414, 431, 501, 505
  std::string_view why() const { return why_; }
  bool between_requests() const { return state_ == State::start; }
  // Octets of content that are still to come, or that more chunks may come.
  bool awaits_content() const { return state_ == State::content; }

 private:
  enum class State : std::uint8_t { start, content, end, refused };
  class Parser;
  Item look_for_head(std::string_view input);
  Item parse_head(std::string_view head);
  Item more_content(std::string_view input);
  Item refuse(int status, std::string_view why);

  Limits limits_;
  State state_ = State::start;
  std::size_t scanned_ = 0;
  int status_ = 0;
  std::string_view why_;
  std::unique_ptr<Parser> parser_;  // while a request is being read
};

}  // namespace gatepost::http
