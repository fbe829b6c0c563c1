#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "store/root_keys.hpp"

// Keys and values of rows that a broken disk changed: read or refused; what is read is written the same.
using namespace gatepost;
using namespace gatepost::store;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view row(reinterpret_cast<const char*>(data), size);
  if (const auto p = partition_of(row)) GP_ASSERT(version_key(*p) == row || dropping_key(*p) == row);
  if (const auto n = segment_of(row)) GP_ASSERT(segment_key(*n) == row);
  if (const auto id = digest_of(row)) GP_ASSERT(body_key(*id) == row || garbage_key(*id) == row);
  if (const auto r = parse_reference_key(row)) GP_ASSERT(reference_key(r->id, r->partition, r->item) == row);
  if (const auto v = decode_location(row)) GP_ASSERT(decode_location(encode(*v)) == v);
  if (const auto v = decode_segment_row(row)) {
    const auto again = decode_segment_row(encode(*v));
    GP_ASSERT(again && again->end == v->end && again->live == v->live);
  }
  if (const auto v = decode_garbage_row(row)) {
    const auto again = decode_garbage_row(encode(*v));
    GP_ASSERT(again && again->since == v->since && again->size == v->size);
  }
  if (const auto v = decode_restores(row)) GP_ASSERT(decode_restores(encode(*v)) == v);
  if (const auto v = decode_version(row)) GP_ASSERT(decode_version(encode_version(*v)) == v);
  if (const auto v = decode_size(row)) GP_ASSERT(decode_size(encode_size(*v)) == v);
  return 0;
}
