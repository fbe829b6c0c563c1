#include "base/sha1.hpp"

#include <openssl/evp.h>

#include "base/result.hpp"

namespace gatepost {

Sha1Value sha1(std::string_view bytes) {
  Sha1Value out{};
  unsigned int size = 0;
  GP_ASSERT(EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_sha1(), nullptr) == 1);
  GP_ASSERT(size == out.size());
  return out;
}

}  // namespace gatepost
