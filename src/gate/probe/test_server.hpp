#pragma once

// Tests only: servers with whatever fault is wanted, and certificates for them.

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"

namespace gatepost::gate::probe::test {

struct Identity {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;
};

struct Wish {
  std::string name = "mail.example.org";
  long from_days = -1, until_days = 90;
  bool authority = false;
};

// Signed by `issuer`, or by itself.
inline Identity make_identity(const Wish& wish, const Identity* issuer = nullptr) {
  static std::atomic<long> serial = 1;
  Identity out{{X509_new(), X509_free}, {EVP_EC_gen("P-256"), EVP_PKEY_free}};
  X509* const certificate = out.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wish.from_days * 86'400);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wish.until_days * 86'400);
  X509_set_pubkey(certificate, out.key.get());
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1,
                             -1, 0);
  X509_set_issuer_name(certificate, issuer != nullptr ? X509_get_subject_name(issuer->certificate.get()) : subject);
  const auto extend = [&](int nid, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  };
  if (wish.authority) {
    extend(NID_basic_constraints, "critical,CA:TRUE");
  } else {
    extend(NID_subject_alt_name, "DNS:" + wish.name);
  }
  X509_sign(certificate, issuer != nullptr ? issuer->key.get() : out.key.get(), EVP_sha256());
  return out;
}

inline void write_pem(const Identity& identity, const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  PEM_write_X509(file, identity.certificate.get());
  std::fclose(file);
}

using Context = std::shared_ptr<SSL_CTX>;
inline Context make_context(const Identity& leaf, const std::vector<Identity>& chain = {}, int newest = 0) {
  Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
  SSL_CTX_set_min_proto_version(context.get(), newest != 0 ? TLS1_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), newest);
  SSL_CTX_use_certificate(context.get(), leaf.certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), leaf.key.get());
  for (const Identity& above : chain) SSL_CTX_add1_chain_cert(context.get(), above.certificate.get());
  return context;
}

// One accepted connection.
class Peer {
 public:
  Peer(int fd, const std::atomic<bool>& stopping) : fd_(fd), stopping_(stopping) {}
  ~Peer() {
    SSL_free(ssl_);
    ::close(fd_);
  }
  void send(const std::string& text) {
    if (ssl_ != nullptr) {
      SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
    } else {
      (void)!::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    }
  }
  std::optional<std::string> octets() {
    for (;;) {
      if (ssl_ == nullptr || SSL_pending(ssl_) == 0) {
        pollfd wait{fd_, POLLIN, 0};
        const int ready = ::poll(&wait, 1, 50);
        if (stopping_) return std::nullopt;
        if (ready == 0) continue;
      }
      char piece[4096];
      const auto got = ssl_ != nullptr ? SSL_read(ssl_, piece, sizeof piece) : ::recv(fd_, piece, sizeof piece, 0);
      if (got <= 0) return std::nullopt;
      return std::string(piece, static_cast<std::size_t>(got));
    }
  }
  std::optional<std::string> line() {
    std::size_t end = 0;
    while ((end = unread_.find('\n')) == std::string::npos) {
      const auto more = octets();
      if (!more) return std::nullopt;
      unread_ += *more;
    }
    std::string out = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    if (out.ends_with('\r')) out.pop_back();
    return out;
  }
  bool start_tls(const Context& context) {
    ssl_ = SSL_new(context.get());
    SSL_set_fd(ssl_, fd_);
    const bool ok = SSL_accept(ssl_) == 1;
    if (!ok) {
      SSL_free(ssl_);
      ssl_ = nullptr;
    }
    return ok;
  }
  bool encrypted() const { return ssl_ != nullptr; }
  void reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  void wait_until_stopped() {
    while (!stopping_) ::poll(nullptr, 0, 20);
  }

 private:
  int fd_;
  const std::atomic<bool>& stopping_;
  SSL* ssl_ = nullptr;
  std::string unread_;
};

// Listens on a port of 127.0.0.1; `serve` runs for each connection in a thread of its own.
class FakeServer {
 public:
  explicit FakeServer(std::function<void(Peer&)> serve) : serve_(std::move(serve)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    GP_ASSERT(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 && ::listen(fd_, 64) == 0);
    socklen_t size = sizeof at;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~FakeServer() {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
    ::close(fd_);
  }
  std::uint16_t port() const { return port_; }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, 20) <= 0) continue;
      const int fd = ::accept(fd_, nullptr, nullptr);
      if (fd < 0) continue;
      threads_.emplace_back([this, fd] {
        Peer peer(fd, stopping_);
        serve_(peer);
      });
    }
  }
  std::function<void(Peer&)> serve_;
  int fd_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread acceptor_;
  std::vector<std::thread> threads_;
};

}  // namespace gatepost::gate::probe::test
