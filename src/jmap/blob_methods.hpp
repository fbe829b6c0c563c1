#pragma once

#include "jmap/standard.hpp"

// Blobs by method calls: Blob/copy (RFC 8620 6.3), and RFC 9404.
namespace gatepost::jmap {

Answer blob_copy(Call& call);
Answer blob_upload(Call& call);
Answer blob_get(Call& call);
Answer blob_lookup(Call& call);

}  // namespace gatepost::jmap
