#include "store/blob_store.hpp"

#include "base/bytes.hpp"

namespace gatepost::store {

std::string BlobId::to_hex() const { return gatepost::to_hex(digest()); }

Result<std::string> read_all(BlobStore& bodies, const BlobId& id) {
  std::string text(id.size, '\0');
  GP_CHECK(bodies.read(id, 0, std::span(text)));
  return text;
}

}  // namespace gatepost::store
