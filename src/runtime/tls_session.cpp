#include "runtime/tls_session.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/tls_client_names.hpp"
#include "runtime/tls_context.hpp"
#include "runtime/tls_error.hpp"

namespace gatepost::runtime {

namespace {

// RFC 9266 4.1: label "EXPORTER-Channel-Binding", zero-length context, 32 octets.
std::string channel_binding(SSL* ssl) {
  // RFC 9266 4.2: before TLS 1.3 only with the extended master secret, else two connections could be given the same
  // value.
  if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1) return {};
  constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
  std::string out(32, '\0');
  const int ok =
      SSL_export_keying_material(ssl, reinterpret_cast<unsigned char*>(out.data()), out.size(), kLabel.data(),
                                 kLabel.size(), reinterpret_cast<const unsigned char*>(""), 0, 1);
  return ok == 1 ? out : std::string();
}

std::string subject_of(const X509* certificate) {
  if (certificate == nullptr) return {};
  BIO* const memory = BIO_new(BIO_s_mem());
  std::string out;
  if (memory != nullptr && X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory, &text);
    if (size > 0) out.assign(text, static_cast<std::size_t>(size));
  }
  BIO_free(memory);
  return out;
}

bool validates(const SSL* ssl) {
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  return SSL_is_server(ssl) == 1 && std::string_view(reinterpret_cast<const char*>(protocol), size) == kAcmeProtocol;
}

// Before each call, so that what it says is its own. Looking is cheaper than clearing what is empty.
void clear_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
  errno = 0;
}

}  // namespace

TlsSession::TlsSession(ssl_st* ssl, std::shared_ptr<const void> context) : ssl_(ssl), context_(std::move(context)) {}

TlsSession::~TlsSession() { SSL_free(ssl_); }

TlsProgress TlsSession::progress(int result) {
  if (result == 1) return TlsProgress::done;
  const int saved = errno;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_NONE:
      return TlsProgress::done;
    case SSL_ERROR_WANT_READ:
      return TlsProgress::want_read;
    case SSL_ERROR_WANT_WRITE:
      return TlsProgress::want_write;
    case SSL_ERROR_ZERO_RETURN:
      ERR_clear_error();
      return TlsProgress::ended;
    default: {
      const bool no_tls = tls_failure_is_no_tls();
      std::string words = tls_failure_words(ssl_);
      // The first failure is the cause; OpenSSL has no words for what follows it.
      if (!failure_.empty()) return TlsProgress::failed;
      if (words.empty()) words = saved == 0 ? "the peer closed the connection" : std::strerror(saved);
      failure_ = std::move(words);
      no_tls_ = no_tls;
      return TlsProgress::failed;
    }
  }
}

TlsProgress TlsSession::handshake() {
  clear_errors();
  const TlsProgress at = progress(SSL_do_handshake(ssl_));
  if (at == TlsProgress::ended) failure_ = "the peer closed the connection in the middle of the handshake";
  if (at == TlsProgress::done && validates(ssl_)) {
    // RFC 8737 3: no data is exchanged after this handshake.
    SSL_shutdown(ssl_);
    ERR_clear_error();
    failure_ = "an authority has looked at the certificate for its validation";
    return TlsProgress::ended;
  }
  return at;
}

Errc TlsSession::failure_code() const {
  if (no_tls_) return Errc::invalid;
  const BIO* const input = SSL_get_rbio(ssl_);
  return input != nullptr && BIO_number_read(const_cast<BIO*>(input)) == 0 ? Errc::closed : Errc::unsupported;
}

TlsProgress TlsSession::read(std::span<char> into, std::size_t& got) {
  clear_errors();
  got = 0;
  return progress(SSL_read_ex(ssl_, into.data(), into.size(), &got));
}

TlsProgress TlsSession::write(std::string_view octets, std::size_t& put) {
  clear_errors();
  put = 0;
  return progress(SSL_write_ex(ssl_, octets.data(), octets.size(), &put));
}

bool TlsSession::holds_input() const { return SSL_has_pending(ssl_) == 1; }

TlsProgress TlsSession::peek() {
  if (SSL_pending(ssl_) > 0) return TlsProgress::done;
  clear_errors();
  char octet = 0;
  std::size_t got = 0;
  return progress(SSL_peek_ex(ssl_, &octet, 1, &got));
}

void TlsSession::send_close_notify() {
  ERR_clear_error();
  // Not after a fatal error: OpenSSL forbids it, and the peer would not understand.
  if (failure_.empty() && SSL_is_init_finished(ssl_) == 1) SSL_shutdown(ssl_);
  ERR_clear_error();
}

TlsFacts TlsSession::facts() const {
  TlsFacts facts;
  facts.version = SSL_get_version(ssl_);
  facts.cipher = SSL_get_cipher_name(ssl_);
  if (const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name)) facts.server_name = name;
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl_, &alpn, &alpn_size);
  if (alpn_size != 0) facts.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  facts.tls_exporter = channel_binding(ssl_);
  facts.resumed = SSL_session_reused(ssl_) == 1;
  const X509* const peer = SSL_get0_peer_certificate(ssl_);
  facts.peer_verified = peer != nullptr && SSL_is_server(ssl_) == 0 && SSL_get_verify_result(ssl_) == X509_V_OK &&
                        SSL_get0_peername(ssl_) != nullptr;
  facts.peer_subject = subject_of(peer);
  // A certificate that is not good does not end the handshake (tls_context.cpp); it just counts for nothing.
  if (peer != nullptr && SSL_is_server(ssl_) == 1 && SSL_get_verify_result(ssl_) == X509_V_OK) {
    facts.client_names = mail_names(const_cast<X509*>(peer));
    facts.client_until = good_until(const_cast<X509*>(peer));
  }
  return facts;
}

}  // namespace gatepost::runtime
