#pragma once

#include <string>

struct ssl_st;

namespace gatepost::runtime {

// Whether the oldest error of this thread's OpenSSL queue says that the peer did not speak TLS at all. Leaves the queue
// as it is.
bool tls_failure_is_no_tls();

// Empties this thread's OpenSSL error queue into words; "" when it is empty. With `ssl`, a refused certificate is
// explained.
std::string tls_failure_words(const ssl_st* ssl = nullptr);

}  // namespace gatepost::runtime
