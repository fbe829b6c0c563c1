#include "pull/channel.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/ip.hpp"

namespace gatepost::pull {
namespace {

constexpr std::size_t kPiece = 64 << 10;
constexpr int kConnectMs = 30'000;  // of each address

std::unexpected<Error> closed(const char* what) { return fail(Errc::closed, what); }

// The first address that answers.
Result<int> connect_to(const Server& server) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(server.port);
  if (const int error = ::getaddrinfo(server.host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return fail(Errc::not_found, fmt::format("{}: {}", server.host, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);
  std::string why = "no address";
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    const int fd = ::socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) continue;
    int error = 0;
    if (::connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
      error = errno;
      if (error == EINPROGRESS) {
        pollfd p{fd, POLLOUT, 0};
        int ready = 0;
        do ready = ::poll(&p, 1, kConnectMs);
        while (ready < 0 && errno == EINTR);
        socklen_t size = sizeof error;
        error = ready > 0 ? 0 : ETIMEDOUT;
        if (ready > 0) ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
      }
    }
    if (error == 0) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return fd;
    }
    why = std::strerror(error);
    ::close(fd);
  }
  return fail(Errc::unavailable, fmt::format("{} port {}: {}", server.host, server.port, why));
}

// Whether the peer is this machine.
bool is_local(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  if (address.ss_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in*>(&address)->sin_addr.s_addr) >> 24) == 127;
  }
  return address.ss_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr) != 0;
}

}  // namespace

struct Channel::Tls {
  SSL_CTX* context = nullptr;
  SSL* ssl = nullptr;
  ~Tls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
};

Channel::Channel(int fd, Server server) : fd_(fd), server_(std::move(server)) {}
Channel::~Channel() { ::close(fd_); }
bool Channel::encrypted() const { return tls_ != nullptr; }

Result<std::unique_ptr<Channel>> Channel::open(const Server& server) {
  GP_TRY(const int fd, connect_to(server));
  std::unique_ptr<Channel> channel(new Channel(fd, server));
  if (server.security == Security::tls) GP_CHECK(channel->start_tls());
  // A password, and all the mail, in clear text is for no network.
  if (server.security == Security::none && !is_local(fd)) {
    return fail(Errc::denied, "without TLS only servers on this machine are spoken to");
  }
  return channel;
}

Result<> Channel::start_tls() {
  unread_.clear();
  at_ = 0;
  auto tls = std::make_unique<Tls>();
  tls->context = SSL_CTX_new(TLS_client_method());
  if (tls->context == nullptr) return fail(Errc::internal, "no TLS");
  SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
  SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(tls->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  const bool trusted = server_.ca_file.empty()
                           ? SSL_CTX_set_default_verify_paths(tls->context) == 1
                           : SSL_CTX_load_verify_locations(tls->context, server_.ca_file.c_str(), nullptr) == 1;
  if (!trusted) return fail(Errc::invalid, "the authorities to trust cannot be read");
  tls->ssl = SSL_new(tls->context);
  if (tls->ssl == nullptr) return fail(Errc::internal, "no TLS");
  // RFC 9525 6: an address is verified as one, and named in no extension.
  const bool address = IpAddress::parse(server_.host).has_value();
  X509_VERIFY_PARAM* const param = SSL_get0_param(tls->ssl);
  const int named = address ? X509_VERIFY_PARAM_set1_ip_asc(param, server_.host.c_str())
                            : SSL_set1_host(tls->ssl, server_.host.c_str());
  if (named != 1) return fail(Errc::invalid, "no name to verify");
  if (!address) SSL_set_tlsext_host_name(tls->ssl, server_.host.c_str());
  SSL_set_fd(tls->ssl, fd_);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(tls->ssl);
    if (result == 1) break;
    const int error = SSL_get_error(tls->ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      GP_CHECK(wait(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT));
      continue;
    }
    const long verified = SSL_get_verify_result(tls->ssl);
    const unsigned long code = ERR_get_error();
    const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return fail(Errc::denied, fmt::format("{}: TLS failed: {}", server_.host,
                                          verified != X509_V_OK ? X509_verify_cert_error_string(verified)
                                          : reason != nullptr   ? reason
                                                                : "the server ended the connection"));
  }
  tls_ = std::move(tls);
  return {};
}

Result<> Channel::wait(short events) {
  const auto until = std::chrono::steady_clock::now() + server_.patience;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return fail(Errc::timed_out, "the server does not answer");
    pollfd p{fd_, events, 0};
    const int ready = ::poll(&p, 1, static_cast<int>(std::min<long long>(left, 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail(Errc::internal, std::strerror(errno));
  }
}

Result<> Channel::write(std::string_view octets) {
  while (!octets.empty()) {
    if (!tls_) {
      const ssize_t put = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (put >= 0) {
        octets.remove_prefix(static_cast<std::size_t>(put));
      } else if (errno == EAGAIN) {
        GP_CHECK(wait(POLLOUT));
      } else if (errno != EINTR) {
        return closed(std::strerror(errno));
      }
      continue;
    }
    ERR_clear_error();
    std::size_t put = 0;
    const int result = SSL_write_ex(tls_->ssl, octets.data(), octets.size(), &put);
    octets.remove_prefix(put);
    if (result == 1) continue;
    const int error = SSL_get_error(tls_->ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return closed("the server has ended TLS");
    GP_CHECK(wait(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT));
  }
  return {};
}

Result<std::size_t> Channel::receive(std::span<char> out) {
  for (;;) {
    if (!tls_) {
      const ssize_t got = ::recv(fd_, out.data(), out.size(), 0);
      if (got > 0) return static_cast<std::size_t>(got);
      if (got == 0) return closed("the server has closed the connection");
      if (errno == EAGAIN) {
        GP_CHECK(wait(POLLIN));
      } else if (errno != EINTR) {
        return closed(std::strerror(errno));
      }
      continue;
    }
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(tls_->ssl, out.data(), out.size(), &got);
    if (result == 1) return got;
    const int error = SSL_get_error(tls_->ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return closed("the server has ended TLS");
    GP_CHECK(wait(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT));
  }
}

Result<std::string> Channel::line() {
  std::string out;
  for (;;) {
    const std::size_t lf = unread_.find('\n', at_);
    const std::size_t end = lf == std::string::npos ? unread_.size() : lf;
    out.append(unread_, at_, end - at_);
    if (out.size() > kMaxLineOctets) return fail(Errc::too_large, "a line that does not end");
    if (lf != std::string::npos) {
      at_ = lf + 1;
      if (out.ends_with('\r')) out.pop_back();
      return out;
    }
    unread_.resize(kPiece);
    at_ = 0;
    auto got = receive(unread_);
    unread_.resize(got ? *got : 0);
    if (!got) return std::unexpected(std::move(got).error());
  }
}

Result<std::size_t> Channel::read(std::span<char> out) {
  if (at_ == unread_.size()) return receive(out);
  const std::size_t n = std::min(out.size(), unread_.size() - at_);
  std::memcpy(out.data(), unread_.data() + at_, n);
  at_ += n;
  return n;
}

}  // namespace gatepost::pull
