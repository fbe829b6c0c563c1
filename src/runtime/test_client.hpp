#pragma once

// Tests only: a blocking client on plain sockets and OpenSSL, so that the runtime is not tested by itself.

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::runtime::test {

struct ClientTls {
  std::string server_name = {};
  int version = 0;                // 0: whatever; else exactly this one
  const char* ciphers = nullptr;  // TLS 1.2
  SSL_SESSION* resume = nullptr;
  std::string alpn = {};  // wire form: length, name, ...
};

class TestClient {
 public:
  explicit TestClient(const Endpoint& to, int receive_buffer = 0) {
    const SocketAddress address = to_socket_address(to);
    fd_.reset(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_buffer != 0) setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval limit{10, 0};  // a test never hangs on a silent server
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    connected_ = ::connect(fd_.get(), address.raw(), address.size) == 0;
  }
  ~TestClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_.get(); }
  SSL* ssl() { return ssl_; }

  bool start_tls(const ClientTls& how = {}) {
    context_ = SSL_CTX_new(TLS_client_method());
    if (how.version != 0) {
      SSL_CTX_set_min_proto_version(context_, how.version);
      SSL_CTX_set_max_proto_version(context_, how.version);
    }
    if (how.version != 0 && how.version < TLS1_2_VERSION) SSL_CTX_set_security_level(context_, 0);
    if (how.ciphers != nullptr) SSL_CTX_set_cipher_list(context_, how.ciphers);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_.get());
    if (!how.server_name.empty()) SSL_set_tlsext_host_name(ssl_, how.server_name.c_str());
    if (how.resume != nullptr) SSL_set_session(ssl_, how.resume);
    if (!how.alpn.empty()) {
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(how.alpn.data()),
                          static_cast<unsigned>(how.alpn.size()));
    }
    return SSL_connect(ssl_) == 1;
  }
  std::string peer_subject() const {
    X509* const certificate = SSL_get1_peer_certificate(ssl_);
    if (certificate == nullptr) return {};
    char text[256];
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, sizeof text);
    X509_free(certificate);
    return text;
  }
  std::string alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  std::string exporter() const {
    std::string out(32, '\0');
    SSL_export_keying_material(ssl_, reinterpret_cast<unsigned char*>(out.data()), 32, "EXPORTER-Channel-Binding", 24,
                               reinterpret_cast<const unsigned char*>(""), 0, 1);
    return out;
  }

  bool send(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t put = ssl_ != nullptr ? SSL_write(ssl_, octets.data(), static_cast<int>(octets.size()))
                                          : ::send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  // Whatever comes next; "" at the end of the stream or after ten seconds.
  std::string read_some(std::size_t at_most = 64 << 10) {
    std::string out(at_most, '\0');
    const ssize_t got = ssl_ != nullptr ? SSL_read(ssl_, out.data(), static_cast<int>(out.size()))
                                        : ::recv(fd_.get(), out.data(), out.size(), 0);
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
  }
  // Up to and including `end`; what came when the stream ended first.
  std::string read_to(std::string_view end) {
    while (held_.find(end) == std::string::npos) {
      const std::string more = read_some();
      if (more.empty()) return std::exchange(held_, {});
      held_ += more;
    }
    const std::size_t size = held_.find(end) + end.size();
    std::string out = held_.substr(0, size);
    held_.erase(0, size);
    return out;
  }
  std::string line() { return read_to("\r\n"); }
  std::string read_rest() {
    std::string out = std::exchange(held_, {});
    for (std::string more = read_some(); !more.empty(); more = read_some()) out += more;
    return out;
  }
  void end_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }

 private:
  UniqueFd fd_;
  bool connected_ = false;
  std::string held_;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
};

}  // namespace gatepost::runtime::test
