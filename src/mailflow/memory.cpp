#include "mailflow/memory.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace gatepost::mailflow {
namespace {

constexpr account::Reader kMemoryReader = std::numeric_limits<account::Reader>::max() - 5;
constexpr std::uint8_t kMemoryFormat = 1;
constexpr std::size_t kMaxEntries = 2'000;  // below what an annotation may have; RFC 5230 4.2 asks for 1,000

struct KeptHash {
  std::uint64_t hash = 0, until = 0;  // until: seconds since 1970
};

std::uint64_t hash_of(std::string_view id) {
  const Sha256Value hash = sha256(id);
  return ByteReader({reinterpret_cast<const char*>(hash.data()), hash.size()}).u64();
}

// Those that have not ended. What cannot be read is forgotten: an answer too many is better than no mail.
Result<std::vector<KeptHash>> entries_of(account::Account& account, std::string_view memory, TimePoint now) {
  GP_TRY(const auto kept, account.annotations(account::kRoot, kMemoryReader));
  std::vector<KeptHash> out;
  const auto found = std::ranges::find(kept, memory, &account::Annotation::name);
  if (found == kept.end()) return out;
  ByteReader in(found->value);
  if (in.u8() != kMemoryFormat) return out;
  while (!in.at_end() && in.ok()) {
    KeptHash e;
    e.hash = in.u64();
    e.until = in.u64();
    if (in.ok() && e.until > seconds_of(now)) out.push_back(e);
  }
  return out;
}

}  // namespace

Result<bool> remembers(account::Account& account, std::string_view memory, std::string_view id, TimePoint now) {
  GP_TRY(const auto entries, entries_of(account, memory, now));
  return std::ranges::find(entries, hash_of(id), &KeptHash::hash) != entries.end();
}

Result<> remember(account::Account& account, std::string_view memory, std::span<const Remembered> what, TimePoint now) {
  GP_TRY(auto entries, entries_of(account, memory, now));
  for (const Remembered& one : what) {
    const std::uint64_t hash = hash_of(one.id);
    const std::uint64_t until =
        seconds_of(now) + static_cast<std::uint64_t>(std::max<std::int64_t>(one.keep.count(), 0));
    const auto known = std::ranges::find(entries, hash, &KeptHash::hash);
    if (known == entries.end()) {
      entries.push_back({hash, until});
    } else if (one.renew) {
      known->until = until;
    }
  }
  if (entries.size() > kMaxEntries) {
    std::ranges::sort(entries, {}, &KeptHash::until);
    entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(kMaxEntries));
  }
  std::string value;
  put_u8(value, kMemoryFormat);
  for (const KeptHash& e : entries) {
    put_u64(value, e.hash);
    put_u64(value, e.until);
  }
  const account::AnnotationChange change{
      .reader = kMemoryReader, .name = std::string(memory), .value = std::move(value)};
  return account.set_annotations(account::kRoot, std::span(&change, 1), 0);
}

}  // namespace gatepost::mailflow
