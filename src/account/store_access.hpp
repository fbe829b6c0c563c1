#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "account/records.hpp"
#include "account/types.hpp"
#include "base/bytes.hpp"
#include "base/number_set.hpp"
#include "store/key_value.hpp"

// How the files of this layer read and write the store.
namespace gatepost::account {

inline constexpr std::size_t kScanPage = 512;         // rows read at once
inline constexpr std::size_t kLongScanPage = 1'024;   // of those that are small, or read all through
inline constexpr std::size_t kBatchOctets = 1 << 20;  // of one commit of what can be made again
inline constexpr int kCommitTries = 100;              // when others write to the same partition
inline constexpr std::chrono::seconds kSnapshotAge{300};

inline std::uint32_t folder_number(FolderId id) { return static_cast<std::uint32_t>(id); }
inline std::uint64_t item_number(ItemId id) { return static_cast<std::uint64_t>(id); }
inline store::BlobId blob_of(const Body& body) { return {body.sha256, body.size}; }
// The key of what is derived of an account, or how its keys begin.
inline std::string account_key(char kind, AccountId account) {
  std::string key(1, kind);
  put_u64(key, static_cast<std::uint64_t>(account));
  return key;
}
// The UIDs of one chunk of a folder.
inline NumberSet chunk_uids(std::uint32_t chunk) {
  return NumberSet::of(chunk * records::kChunkUids, chunk * records::kChunkUids + (records::kChunkUids - 1));
}

}  // namespace gatepost::account
