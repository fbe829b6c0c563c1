#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "runtime/stream.hpp"
#include "runtime/task.hpp"
#include "smtp/protocol/reply.hpp"

namespace gatepost::smtp::client {

using runtime::Task;

// Commands to a server and its replies. After an error the connection is of no more use. Belongs to one I/O thread.
class Connection {
 public:
  Connection(std::unique_ptr<runtime::Stream> stream, const Clock& clock);

  Task<Result<>> send(std::string_view octets, std::chrono::seconds timeout);  // owner outlives the call
  Task<Result<Reply>> reply(std::chrono::seconds timeout);
  Task<Result<Reply>> ask(std::string command, std::chrono::seconds timeout);  // with CRLF
  // RFC 3207 4.2: what was read before the handshake is dropped.
  Task<Result<runtime::TlsFacts>> start_tls(runtime::TlsClient& tls, std::string server_name,
                                            std::chrono::seconds timeout);
  // Says QUIT and closes, without much patience.
  Task<> quit();

 private:
  void within(std::chrono::seconds timeout) { stream_->set_deadline(clock_.steady() + timeout); }

  std::unique_ptr<runtime::Stream> stream_;
  const Clock& clock_;
  ReplyReader reader_;
  std::string buffer_;         // octets read
  std::string_view unread_{};  // those of them not yet looked at
};

}  // namespace gatepost::smtp::client
