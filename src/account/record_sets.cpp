#include <algorithm>
#include <array>
#include <limits>

#include "account/record_codec.hpp"

// Sets of UIDs.
namespace gatepost::account::records {

// Each range by its distance from the one before and its length, less one.
std::string encode_uids(std::span<const NumberSet::Range> uids) {
  std::string out = start(2 + uids.size() * 4);
  put_varint(out, uids.size());
  Uid before = 0;
  for (const NumberSet::Range& r : uids) {
    put_varint(out, r.first - before - 1);
    put_varint(out, r.last - r.first);
    before = r.last;
  }
  return out;
}

Result<> decode_uids(std::string_view value, NumberSet& into) {
  GP_TRY(ByteReader in, begin(value, "set of UIDs"));
  const std::uint64_t count = in.varint();
  std::uint64_t before = 0;
  bool fits = count <= in.rest().size();
  for (std::uint64_t i = 0; i < count && fits && in.ok(); ++i) {
    const std::uint64_t first = before + in.varint() + 1;
    const std::uint64_t last = first + in.varint();
    fits = first > before && last >= first && last <= std::numeric_limits<Uid>::max();
    if (fits) into.add(static_cast<Uid>(first), static_cast<Uid>(last));
    before = last;
  }
  if (!fits || !in.ok() || !in.at_end()) return fail(Errc::corrupt, "set of UIDs");
  return {};
}

// A bit for each UID, least significant first, without the zero octets at the end; none at all means all UIDs.
std::optional<std::string> encode_uid_set(const NumberSet& uids, std::uint32_t chunk) {
  const Uid first = chunk * kChunkUids;
  const NumberSet here = uids.intersect(NumberSet::of(first, first + (kChunkUids - 1)));
  if (here.empty()) return std::nullopt;
  std::string out = start(1 + kChunkUids / 8);
  // UID 0 is none, so the first chunk is full without it.
  if (here.size() == (chunk == 0 ? kChunkUids - 1 : kChunkUids)) return out;
  std::array<std::uint8_t, kChunkUids / 8> bits{};
  here.for_each([&](Uid uid) { bits[(uid - first) / 8] |= static_cast<std::uint8_t>(1U << ((uid - first) % 8)); });
  std::size_t used = bits.size();
  while (bits[used - 1] == 0) --used;
  return out.append(reinterpret_cast<const char*>(bits.data()), used);
}

Result<> decode_uid_set(std::uint32_t chunk, std::string_view value, NumberSet& uids) {
  GP_TRY(ByteReader in, begin(value, "UID set"));
  const std::string_view bits = in.rest();
  const Uid first = chunk * kChunkUids;
  if (bits.size() > kChunkUids / 8) return damaged("UID set");
  if (bits.empty()) {
    uids.add(std::max<Uid>(first, 1), first + (kChunkUids - 1));
    return {};
  }
  for (Uid n = 0; n < bits.size() * 8; ++n) {
    if ((static_cast<std::uint8_t>(bits[n / 8]) >> (n % 8) & 1) != 0 && first + n != 0) uids.add(first + n);
  }
  return {};
}

}  // namespace gatepost::account::records
