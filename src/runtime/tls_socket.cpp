#include "runtime/tls_socket.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <span>
#include <string_view>

#include "runtime/waited_socket.hpp"

namespace gatepost::runtime {

namespace {

WaitedSocket& socket_of(BIO* bio) { return *static_cast<WaitedSocket*>(BIO_get_data(bio)); }

bool in_vain() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// What BIO_s_socket() does, by the socket's own calls.
int read_bio(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const auto got = static_cast<int>(socket_of(bio).receive(std::span(into, static_cast<std::size_t>(size))));
  if (got < 0 && in_vain()) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return got;
}

int write_bio(BIO* bio, const char* octets, int size) {
  BIO_clear_retry_flags(bio);
  const auto put = static_cast<int>(socket_of(bio).send(std::string_view(octets, static_cast<std::size_t>(size))));
  if (put < 0 && in_vain()) BIO_set_retry_write(bio);
  return put;
}

long control_bio(BIO* bio, int what, long, void*) {
  if (what == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return what == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* method() {
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* const out = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "waited socket");
    if (out == nullptr) return out;
    BIO_meth_set_read(out, read_bio);
    BIO_meth_set_write(out, write_bio);
    BIO_meth_set_ctrl(out, control_bio);
    return out;
  }();
  return made;
}

}  // namespace

bool set_socket(ssl_st* ssl, WaitedSocket& socket) {
  BIO* const bio = method() != nullptr ? BIO_new(method()) : nullptr;
  if (bio == nullptr) return false;
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  return true;
}

}  // namespace gatepost::runtime
