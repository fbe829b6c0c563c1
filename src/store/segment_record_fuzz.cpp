#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "store/body_codec.hpp"

// A segment's tail as a crash may leave it: whole records in front of what is not one are found, each once and in
// order. The input: what follows two good records, after an octet that says at which length the second is cut.
namespace {

using namespace gatepost;
using namespace gatepost::store;

std::string good_record(std::string_view body) {
  std::string out;
  BodyCodec(1).encode_record({sha256(body), body.size()}, body, out);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static BodyCodec codec(1);
  static const std::string first = good_record("a body that was committed"),
                           second = good_record(std::string(400, 'b'));
  const std::string garbage(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = data[0] % (second.size() + 1);
  const std::string tail = first + second.substr(0, cut) + garbage;
  std::size_t at = 0;
  std::vector<BlobId> found;
  while (at < tail.size()) {
    const auto header = verify_record(std::string_view(tail).substr(at), codec);
    if (!header) break;
    const std::uint64_t octets = record::record_octets(header->id.size, header->stored);
    GP_ASSERT(octets >= record::kHeaderOctets && octets <= tail.size() - at);
    found.push_back(header->id);
    at += octets;
  }
  GP_ASSERT(!found.empty() && found[0].size == 25);
  if (cut == second.size()) GP_ASSERT(found.size() >= 2 && found[1].size == 400);
  return 0;
}
