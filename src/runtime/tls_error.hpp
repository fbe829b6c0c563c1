#pragma once

#include <string>

struct ssl_st;

namespace gatepost::runtime {

// Empties this thread's OpenSSL error queue into words; "" when it is empty. With `ssl`, a refused certificate is
// explained.
std::string tls_failure_words(const ssl_st* ssl = nullptr);

}  // namespace gatepost::runtime
