#include "runtime/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace gatepost::runtime {

namespace {

struct Words {
  int reason;
  std::string_view text;
};

// OpenSSL's reasons that admins meet, as a cause they can act on.
constexpr std::array kWords{
    Words{SSL_R_WRONG_VERSION_NUMBER, "the peer sent something that is not TLS, or a TLS version we do not allow"},
    Words{SSL_R_HTTP_REQUEST, "the peer spoke plain HTTP"},
    Words{SSL_R_PACKET_LENGTH_TOO_LONG, "the peer sent something that is not TLS"},
    Words{SSL_R_UNSUPPORTED_PROTOCOL, "the peer only offers TLS versions below the configured minimum"},
    Words{SSL_R_VERSION_TOO_LOW, "the peer only offers TLS versions below the configured minimum"},
    Words{SSL_R_NO_SHARED_CIPHER, "the peer and we have no cipher in common"},
    Words{SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, "the peer accepts no signature that our certificate can make"},
    Words{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "the peer accepts no signature that our certificate can make"},
    Words{SSL_R_NO_SUITABLE_KEY_SHARE, "the peer and we have no key exchange group in common"},
    Words{SSL_R_NO_SUITABLE_GROUPS, "the peer and we have no key exchange group in common"},
    Words{SSL_R_CERTIFICATE_VERIFY_FAILED, "the peer's certificate was not accepted"},
    Words{SSL_R_UNEXPECTED_EOF_WHILE_READING, "the peer closed the connection in the middle of the handshake"},
    Words{SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "the peer ended the handshake: it found no common parameters"},
    Words{SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the peer does not allow the TLS versions we offer"},
    Words{SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the peer does not trust the authority that signed our certificate"},
    Words{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the peer refused our certificate"},
    Words{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "the peer refused our certificate"},
    Words{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the peer says our certificate has expired"},
    Words{SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "the peer does not support our kind of certificate"},
    Words{SSL_R_TLSV1_UNRECOGNIZED_NAME, "the peer does not know the name we asked for"},
    Words{SSL_R_TLSV1_ALERT_USER_CANCELLED, "the peer's user cancelled"},
    Words{SSL_R_TLSV1_ALERT_INTERNAL_ERROR, "the peer reports an internal error"},
};

}  // namespace

bool tls_failure_is_no_tls() {
  const unsigned long code = ERR_peek_error();
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return false;
  const int reason = ERR_GET_REASON(code);
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST ||
         reason == SSL_R_PACKET_LENGTH_TOO_LONG;
}

std::string tls_failure_words(const ssl_st* ssl) {
  std::string out;
  while (const unsigned long code = ERR_get_error()) {
    if (!out.empty()) continue;  // the first is the cause, the rest its consequences
    const int reason = ERR_GET_REASON(code);
    const auto* const row =
        ERR_GET_LIB(code) == ERR_LIB_SSL ? std::ranges::find(kWords, reason, &Words::reason) : kWords.end();
    const char* const raw = ERR_reason_error_string(code);
    if (row != kWords.end()) {
      out = fmt::format("{} ({})", row->text, raw != nullptr ? raw : "?");
    } else if (raw != nullptr) {
      out = raw;
    } else {
      out = fmt::format("OpenSSL error {:#x}", code);
    }
    if (ssl != nullptr && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
      out += fmt::format(": {}", X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
    }
  }
  return out;
}

}  // namespace gatepost::runtime
