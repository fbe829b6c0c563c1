#include "gate/probe/connection.hpp"

#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "runtime/socket_address.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::gate::probe {

namespace {

using std::chrono::milliseconds;

milliseconds left_until(SteadyPoint at) {
  if (at == SteadyPoint::max()) return milliseconds(60'000);
  return std::max(std::chrono::ceil<milliseconds>(at - std::chrono::steady_clock::now()), milliseconds(0));
}

// RFC 792, RFC 4443 3.1; RFC 1812 5.2.7.1 for the prohibitions.
std::string unreachable_words(const sock_extended_err& error) {
  if (error.ee_origin == SO_EE_ORIGIN_ICMP && error.ee_type == ICMP_DEST_UNREACH) {
    switch (error.ee_code) {
      case ICMP_NET_UNREACH:
        return "network unreachable";
      case ICMP_HOST_UNREACH:
        return "host unreachable";
      case ICMP_PROT_UNREACH:
        return "protocol unreachable";
      case ICMP_PORT_UNREACH:
        return "port unreachable";
      case ICMP_NET_ANO:
      case ICMP_HOST_ANO:
      case ICMP_PKT_FILTERED:
        return "administratively prohibited";
      default:
        return fmt::format("unreachable, code {}", error.ee_code);
    }
  }
  if (error.ee_origin == SO_EE_ORIGIN_ICMP6 && error.ee_type == ICMP6_DST_UNREACH) {
    switch (error.ee_code) {
      case ICMP6_DST_UNREACH_NOROUTE:
        return "no route";
      case ICMP6_DST_UNREACH_ADMIN:
        return "administratively prohibited";
      case ICMP6_DST_UNREACH_ADDR:
        return "address unreachable";
      case ICMP6_DST_UNREACH_NOPORT:
        return "port unreachable";
      default:
        return fmt::format("unreachable, code {}", error.ee_code);
    }
  }
  return {};
}

// What a router or rule told the kernel about this connection, if anything.
void read_icmp(int fd, Connected& into) {
  alignas(cmsghdr) char control[512];
  char octets[64];
  iovec data{octets, sizeof octets};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    const bool v4 = header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR;
    const bool v6 = header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR;
    if (!v4 && !v6) continue;
    sock_extended_err error{};
    std::memcpy(&error, CMSG_DATA(header), sizeof error);
    const std::string words = unreachable_words(error);
    if (words.empty()) continue;
    into.how = Connected::How::unreachable;
    into.icmp_type = error.ee_type;
    into.icmp_code = error.ee_code;
    runtime::SocketAddress offender;
    offender.size = v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&offender.storage, CMSG_DATA(header) + sizeof error, offender.size);
    const auto who = runtime::to_endpoint(offender);
    into.detail = who ? fmt::format("{}, says {}", words, who->address.to_string()) : words;
  }
}

Connected judge_errno(int error) {
  Connected out;
  out.detail = std::strerror(error);
  if (error == ECONNREFUSED) {
    out.how = Connected::How::refused;
  } else if (error == ETIMEDOUT) {
    out.how = Connected::How::silent;
  } else if (error == EHOSTUNREACH || error == ENETUNREACH || error == EACCES || error == EPERM || error == ENETDOWN ||
             error == ENOPROTOOPT) {
    out.how = Connected::How::unreachable;
  }
  return out;
}

// How often the kernel has sent its SYN by now.
unsigned syns_sent(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 1;
  return 1U + info.tcpi_total_retrans;
}

}  // namespace

struct Connection::Tls {
  SSL_CTX* context = nullptr;
  SSL* ssl = nullptr;
  TlsSeen seen;
  ~Tls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
};

Connection::Connection(int fd) : fd_(fd) {}
Connection::~Connection() {
  if (tls_) SSL_shutdown(tls_->ssl);
  ERR_clear_error();
  tls_.reset();
  ::close(fd_);
}

bool Connection::encrypted() const { return tls_ && tls_->seen.done; }

Connected Connection::open(const Endpoint& to, const std::optional<IpAddress>& source, milliseconds timeout,
                           std::unique_ptr<Connection>& into) {
  const runtime::SocketAddress address = runtime::to_socket_address(to);
  runtime::UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return judge_errno(errno);
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (address.storage.ss_family == AF_INET) {
    setsockopt(fd.get(), IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  } else {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
  }
  if (source) {
    const runtime::SocketAddress from = runtime::to_socket_address({*source, 0});
    if (::bind(fd.get(), from.raw(), from.size) != 0) {
      Connected out;
      out.detail = fmt::format("{} is not an address of this host: {}", source->to_string(), std::strerror(errno));
      return out;
    }
  }
  Connected out;
  if (::connect(fd.get(), address.raw(), address.size) != 0 && errno != EINPROGRESS) {
    out = judge_errno(errno);
    read_icmp(fd.get(), out);
    return out;
  }
  pollfd wait{fd.get(), POLLOUT, 0};
  const SteadyPoint until = std::chrono::steady_clock::now() + timeout;
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, static_cast<int>(left_until(until).count()));
    // An ICMP error before the end (RFC 1122 4.2.3.9: soft ones do not end the attempt) is worth more than silence.
    if (ready > 0 && (wait.revents & POLLERR) != 0 && (wait.revents & POLLOUT) == 0) break;
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) {
    out.how = Connected::How::silent;
    out.detail = fmt::format("no answer to {} SYN", syns_sent(fd.get()));
    read_icmp(fd.get(), out);
    return out;
  }
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    out = judge_errno(error);
    read_icmp(fd.get(), out);
    return out;
  }
  out.how = Connected::How::open;
  out.local = runtime::local_endpoint(fd.get());
  into.reset(new Connection(fd.release()));
  return out;
}

std::unique_ptr<Connection> Connection::of(int fd) { return std::unique_ptr<Connection>(new Connection(fd)); }

Result<> Connection::wait(short events) {
  for (;;) {
    const milliseconds left = left_until(deadline_);
    if (left == milliseconds(0)) return fail(Errc::timed_out, "no answer in time");
    pollfd poller{fd_, events, 0};
    const int ready = ::poll(&poller, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail(Errc::internal, std::strerror(errno));
  }
}

Result<> Connection::write(std::string_view octets) {
  while (!octets.empty()) {
    if (!tls_) {
      const ssize_t put = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (put >= 0) {
        octets.remove_prefix(static_cast<std::size_t>(put));
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return fail(Errc::closed, std::strerror(errno));
      GP_CHECK(wait(POLLOUT));
      continue;
    }
    ERR_clear_error();
    std::size_t put = 0;
    const int result = SSL_write_ex(tls_->ssl, octets.data(), octets.size(), &put);
    octets.remove_prefix(put);
    if (result == 1) continue;
    GP_CHECK(wait_for_tls(*tls_, result));
  }
  return {};
}

// After a call of OpenSSL that could not go on: waits for what it needs. Errc::closed: it never will.
Result<> Connection::wait_for_tls(Tls& tls, int result) {
  switch (SSL_get_error(tls.ssl, result)) {
    case SSL_ERROR_WANT_READ:
      return wait(POLLIN);
    case SSL_ERROR_WANT_WRITE:
      return wait(POLLOUT);
    default:
      return fail(Errc::closed, "the server ended TLS");
  }
}

// At least one more octet into `unread_`.
Result<> Connection::fill(std::size_t most) {
  if (unread_.size() > most) return fail(Errc::too_large, "an answer that does not end");
  char piece[4096];
  for (;;) {
    if (!tls_) {
      const ssize_t got = ::recv(fd_, piece, sizeof piece, 0);
      if (got > 0) {
        unread_.append(piece, static_cast<std::size_t>(got));
        return {};
      }
      if (got == 0) return fail(Errc::closed, "the server closed the connection");
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return fail(Errc::closed, std::strerror(errno));
      GP_CHECK(wait(POLLIN));
      continue;
    }
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(tls_->ssl, piece, sizeof piece, &got);
    if (result == 1) {
      unread_.append(piece, got);
      return {};
    }
    GP_CHECK(wait_for_tls(*tls_, result));
  }
}

Result<> Connection::read(const std::function<Taken(std::string_view)>& take, std::size_t most) {
  for (;;) {
    const Taken taken = take(unread_);
    if (taken.progress == Taken::Progress::bad) return fail(Errc::invalid, std::string(taken.why));
    if (taken.progress == Taken::Progress::done) {
      unread_.erase(0, taken.octets);
      return {};
    }
    GP_CHECK(fill(most));
  }
}

bool Connection::anything_waits(milliseconds timeout) {
  if (!unread_.empty()) return true;
  if (tls_ && SSL_pending(tls_->ssl) > 0) return true;
  pollfd poller{fd_, POLLIN, 0};
  return ::poll(&poller, 1, static_cast<int>(timeout.count())) > 0;
}

namespace {

// Collects every objection to the chain and lets the handshake go on: the report names them all.
int collect_error(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const seen = static_cast<TlsSeen*>(SSL_get_app_data(ssl));
  const int error = X509_STORE_CTX_get_error(store);
  if (std::ranges::find(seen->chain_errors, error) == seen->chain_errors.end()) seen->chain_errors.push_back(error);
  return 1;
}

std::string failure_words(TlsSeen& seen) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "the server closed the connection in the middle of the handshake";
  const int reason = ERR_GET_REASON(code);
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
      reason == SSL_R_UNEXPECTED_MESSAGE) {
    seen.plain_text = reason != SSL_R_UNEXPECTED_MESSAGE;
  }
  const char* const words = ERR_reason_error_string(code);
  return words != nullptr ? words : "the handshake failed";
}

std::string der_of(const X509* certificate) {
  unsigned char* octets = nullptr;
  const int size = i2d_X509(certificate, &octets);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<const char*>(octets), static_cast<std::size_t>(size));
  OPENSSL_free(octets);
  return out;
}

constexpr int kMaxChain = 20;

void note_facts(SSL* ssl, TlsSeen& seen) {
  seen.version = SSL_get_version(ssl);
  seen.cipher = SSL_get_cipher_name(ssl);
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &name, &size);
  if (name != nullptr) seen.alpn.assign(reinterpret_cast<const char*>(name), size);
  const STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < std::min(sk_X509_num(chain), kMaxChain); ++i)
    seen.chain.push_back(der_of(sk_X509_value(chain, i)));
  const unsigned char* staple = nullptr;
  const long staple_size = SSL_get_tlsext_status_ocsp_resp(ssl, &staple);
  if (staple_size > 0) seen.staple.assign(reinterpret_cast<const char*>(staple), static_cast<std::size_t>(staple_size));
}

bool prepare(SSL_CTX* context, const TlsOffer& offer) {
  // Old versions and weak keys are let in here, for they are what is looked for; the report judges them.
  SSL_CTX_set_security_level(context, 0);
  bool ok = SSL_CTX_set_cipher_list(context, "ALL:!aNULL:!eNULL:@SECLEVEL=0") == 1;
  ok = SSL_CTX_set_min_proto_version(context, offer.minimum != 0 ? offer.minimum : TLS1_VERSION) == 1 && ok;
  ok = SSL_CTX_set_max_proto_version(context, offer.maximum) == 1 && ok;
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, collect_error);
  if (offer.authorities != nullptr) SSL_CTX_set1_cert_store(context, offer.authorities->store());
  std::string alpn;
  for (const std::string& name : offer.alpn) {
    alpn += static_cast<char>(name.size());
    alpn += name;
  }
  if (!alpn.empty()) {
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned>(alpn.size()));
  }
  return ok;
}

}  // namespace

Authorities::Authorities(const std::string& file, const std::string& also) : store_(X509_STORE_new()) {
  GP_ASSERT(store_ != nullptr);
  ERR_clear_error();
  // What the system lacks shows in the chains.
  if (file.empty()) {
    X509_STORE_set_default_paths(store_);
  } else if (X509_STORE_load_locations(store_, file.c_str(), nullptr) != 1) {
    failure_ = file + " cannot be read";
  }
  if (!also.empty() && X509_STORE_load_locations(store_, also.c_str(), nullptr) != 1)
    failure_ = also + " cannot be read";
  ERR_clear_error();
}

Authorities::~Authorities() { X509_STORE_free(store_); }

TlsSeen Connection::start_tls(const TlsOffer& offer) {
  unread_.clear();
  ERR_clear_error();
  auto tls = std::make_unique<Tls>();
  TlsSeen& seen = tls->seen;
  tls->context = SSL_CTX_new(TLS_client_method());
  if (offer.authorities != nullptr) seen.failure = offer.authorities->failure();
  if (!seen.failure.empty()) return seen;
  if (tls->context == nullptr || !prepare(tls->context, offer)) {
    seen.failure = "TLS cannot be set up here";
    return seen;
  }
  tls->ssl = SSL_new(tls->context);
  SSL_set_app_data(tls->ssl, &seen);
  SSL_set_fd(tls->ssl, fd_);
  SSL_set_connect_state(tls->ssl);
  if (!offer.server_name.empty() && !IpAddress::parse(offer.server_name)) {  // RFC 6066 3: no addresses
    SSL_set_tlsext_host_name(tls->ssl, offer.server_name.c_str());
  }
  SSL_set_tlsext_status_type(tls->ssl, TLSEXT_STATUSTYPE_ocsp);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(tls->ssl);
    if (result == 1) break;
    const Result<> waited = wait_for_tls(*tls, result);
    if (!waited && waited.error().code == Errc::closed) {
      seen.failure = failure_words(seen);
      return seen;
    }
    if (!waited) {
      seen.failure = "no answer to the handshake in time";
      return seen;
    }
  }
  seen.done = true;
  note_facts(tls->ssl, seen);
  tls_ = std::move(tls);
  return tls_->seen;
}

}  // namespace gatepost::gate::probe
