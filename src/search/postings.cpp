#include "search/postings.hpp"

#include <array>
#include <bit>

#include "base/bytes.hpp"

namespace gatepost::search {
namespace {

constexpr std::uint64_t kAsBits = 256;  // above the fields; then how many

// Calls `visit(item, fields)`.
template <class Visit>
bool walk(std::string_view in, std::uint32_t items, Visit&& visit) {
  ByteReader reader(in);
  while (!reader.at_end()) {
    const std::uint64_t head = reader.varint();
    const auto fields = static_cast<Fields>(head & 0xff);
    const std::uint64_t count = head >> 9;
    if (!reader.ok() || fields == 0 || count == 0 || count > items) return false;
    if ((head & kAsBits) != 0) {
      const std::string_view bits = reader.take((items + 7) / 8);
      if (!reader.ok()) return false;
      for (std::uint32_t i = 0; i < bits.size(); ++i) {
        for (auto octet = static_cast<unsigned char>(bits[i]); octet != 0; octet &= octet - 1) {
          const std::uint32_t item = i * 8 + static_cast<std::uint32_t>(std::countr_zero(octet));
          if (item >= items) return false;
          visit(item, fields);
        }
      }
      continue;
    }
    std::uint64_t next = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t step = reader.varint();
      if (!reader.ok() || step >= items || next + step >= items) return false;
      next += step;
      visit(static_cast<std::uint32_t>(next), fields);
      ++next;
    }
  }
  return reader.ok();
}

}  // namespace

void put_postings(std::string& out, std::span<const Posting> postings, std::uint32_t items) {
  std::array<std::uint32_t, 256> counts{};
  for (const Posting& posting : postings) ++counts[posting.fields];
  for (std::size_t fields = 1; fields < counts.size(); ++fields) {
    if (counts[fields] == 0) continue;
    const bool as_bits = counts[fields] > items / 8;
    put_varint(out, fields | (as_bits ? kAsBits : 0) | std::uint64_t{counts[fields]} << 9);
    const std::size_t at = out.size();
    if (as_bits) out.append((items + 7) / 8, '\0');
    std::uint32_t next = 0;
    for (const Posting& posting : postings) {
      if (posting.fields != fields) continue;
      if (as_bits) {
        out[at + posting.item / 8] =
            static_cast<char>(static_cast<unsigned char>(out[at + posting.item / 8]) | 1U << (posting.item % 8));
      } else {
        put_varint(out, posting.item - next);
        next = posting.item + 1;
      }
    }
  }
}

bool read_postings(std::string_view in, std::uint32_t items, std::vector<Posting>& out) {
  return walk(in, items, [&](std::uint32_t item, Fields fields) { out.push_back({item, fields}); });
}

bool add_postings(std::string_view in, std::uint32_t items, Fields fields, Bits& out) {
  return walk(in, items, [&](std::uint32_t item, Fields f) {
    if ((f & fields) != 0) out.set(item);
  });
}

}  // namespace gatepost::search
