#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/key_value.hpp"

// What all partitions share: which numbers are taken, and how a key range is named. The keys inside a partition belong
// to the layer that owns it (account, directory, mailflow); docs/formats/keys.md has the whole table.
namespace gatepost::store {

inline constexpr Partition kNoPartition{0};            // never used: a zeroed number is a mistake, not an account
inline constexpr Partition kDirectoryPartition{1};     // domains, principals, addresses, verifiers
inline constexpr Partition kPlacementPartition{2};     // which engine and node serves which account
inline constexpr Partition kServerPartition{3};        // what the server as a whole remembers
inline constexpr Partition kBanPartition{4};           // who may not connect
inline constexpr Partition kWebSessionPartition{6};    // browsers that are signed in
inline constexpr std::uint64_t kFirstQueueShard = 16;  // the outbound queue, cut into shards
inline constexpr std::uint64_t kQueueShards = 240;
inline constexpr std::uint64_t kFirstAccount = 1024;  // accounts from here up

// `shard` counts from 0 and wraps at kQueueShards.
constexpr Partition queue_partition(std::uint64_t shard) { return Partition{kFirstQueueShard + shard % kQueueShards}; }
constexpr std::uint64_t number(Partition p) { return static_cast<std::uint64_t>(p); }
constexpr bool is_account(Partition p) { return number(p) >= kFirstAccount; }

// The smallest key greater than every key that starts with `prefix`: scan(prefix, prefix_end(prefix), ...). Empty,
// which scan() takes as the partition's end, when there is none (all octets 0xff).
std::string prefix_end(std::string_view prefix);

// First octet of each value we write, by record family; a reader that meets a larger one answers Errc::unsupported.
inline constexpr std::uint8_t kRecordFormat = 1;

}  // namespace gatepost::store
