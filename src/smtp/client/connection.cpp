#include "smtp/client/connection.hpp"

#include <span>
#include <utility>

namespace gatepost::smtp::client {
namespace {

constexpr std::size_t kReadOctets = 4 << 10;
constexpr std::chrono::seconds kQuitPatience{5};

}  // namespace

Connection::Connection(std::unique_ptr<runtime::Stream> stream, const Clock& clock)
    : stream_(std::move(stream)), clock_(clock) {}

Task<Result<>> Connection::send(std::string_view octets, std::chrono::seconds timeout) {
  within(timeout);
  co_return co_await stream_->write_all(octets);
}

Task<Result<Reply>> Connection::reply(std::chrono::seconds timeout) {
  within(timeout);
  while (true) {
    if (!unread_.empty()) {
      GP_CO_TRY(std::optional<Reply> reply, reader_.read(unread_));
      if (reply) co_return *std::move(reply);
    }
    buffer_.resize(kReadOctets);
    const std::span<char> room(buffer_);
    auto got = co_await stream_->read_some(room);
    if (!got) co_return std::unexpected(std::move(got).error());
    if (*got == 0) co_return fail(Errc::closed, "the server closed the connection");
    unread_ = std::string_view(buffer_).substr(0, *got);
  }
}

Task<Result<Reply>> Connection::ask(std::string command, std::chrono::seconds timeout) {
  auto sent = co_await send(command, timeout);
  if (!sent) co_return std::unexpected(std::move(sent).error());
  co_return co_await reply(timeout);
}

Task<Result<runtime::TlsFacts>> Connection::start_tls(runtime::TlsClient& tls, std::string server_name,
                                                      std::chrono::seconds timeout) {
  unread_ = {};
  reader_ = ReplyReader();
  within(timeout);
  co_return co_await stream_->start_tls_client(tls, server_name);
}

Task<> Connection::quit() {
  std::string command = "QUIT\r\n";
  auto said = co_await ask(std::move(command), kQuitPatience);
  if (said) {
    co_await stream_->shutdown();
  } else {
    stream_->close();
  }
}

}  // namespace gatepost::smtp::client
