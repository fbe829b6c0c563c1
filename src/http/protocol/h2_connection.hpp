#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "http/protocol/head.hpp"

namespace gatepost::http {

using StreamId = std::int32_t;

// RFC 9113 7, those used here.
enum class H2Error : std::uint32_t {
  none = 0,
  protocol_error = 1,
  internal_error = 2,
  refused_stream = 7,
  cancel = 8,
  enhance_your_calm = 11,
};

// The server's end of one HTTP/2 connection (RFC 9113), octets in and out; no sockets and no clock of its own. What
// breaks the rules of messages (order and set of pseudo fields, fields of a connection, upper case, a length that does
// not fit: RFC 9113 8.1 to 8.3) ends the stream before anybody hears of it.
class H2Connection {
 public:
  struct Limits {
    std::size_t header_octets = 32 << 10;  // RFC 9113 10.5.1: names, values, and 32 for each field
    std::size_t fields = 100;
    std::uint32_t streams = 100;
    bool extended_connect = false;  // RFC 8441: announced only where something answers it
  };
  // Called from within receive() and write().
  class Events {
   public:
    virtual ~Events() = default;
    virtual void request(StreamId id, RequestHead head) = 0;
    // Over a limit (431) or its fields contradict each other (400): answer and forget.
    virtual void refused(StreamId id, int status) = 0;
    virtual void content(StreamId id, std::string_view octets) = 0;
    virtual void content_ended(StreamId id) = 0;
    // Done, reset by the peer, or cut off: the stream is gone. Only for streams that request() or refused() told of.
    virtual void closed(StreamId id) = 0;
  };

  H2Connection(Limits limits, Events& events);
  ~H2Connection();
  H2Connection(const H2Connection&) = delete;
  H2Connection& operator=(const H2Connection&) = delete;

  // Takes all octets. `now`: for the count of streams that are opened and reset (CVE-2023-44487).
  void receive(std::string_view octets, SteadyPoint now);
  // Appends what is to be sent, until `out` has `most` octets or there is nothing more.
  void write(std::string& out, std::size_t most);
  bool wants_write() const;
  // Nothing more will be said or understood: close the connection once all is written.
  bool ended() const;
  // What the peer did that no proper client does, and that ended the connection; once it has ended.
  struct Misconduct {
    bool flood = false;     // of frames that each are allowed; otherwise something is broken
    std::string_view what;  // lives for ever
  };
  std::optional<Misconduct> misconduct() const;
  // A request's fields have begun and not ended.
  bool in_the_middle() const;

  // The answer's head; `ends`: no content follows. Once for a stream, but for those below 200, which go before it.
  void respond(StreamId id, const ResponseHead& head, bool ends);
  void append(StreamId id, std::string_view content);
  // The last of its content, which is not copied: it stays where it is for as long as `keeps` lives.
  void append(StreamId id, std::string_view content, std::shared_ptr<const void> keeps);
  void finish(StreamId id);
  // Appended and not yet sent: who appends waits while it is much.
  std::size_t pending(StreamId id) const;
  // Gives the peer room for so many more octets of content (RFC 9113 5.2).
  void consume(StreamId id, std::size_t octets);
  void reset(StreamId id, H2Error error);
  // RFC 9113 6.8: no further streams; those that are there go on.
  void shut_down();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatepost::http
