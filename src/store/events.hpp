#pragma once

#include <array>

#include "base/log.hpp"

namespace gatepost::store::event {

inline constexpr Event kOpened{"store.opened", Level::info, "The store was opened.",
                               "Keys and bodies are ready; `cut` octets of unfinished bodies were dropped.",
                               "Nothing."};
inline constexpr Event kTailCut{
    "store.tail_cut", Level::notice, "The unfinished end of a segment was cut off.",
    "The server ended while bodies were being written. Nothing that was acknowledged is in it.", "Nothing."};
inline constexpr Event kSegmentMissing{"store.segment_missing", Level::error, "A segment file of the store is missing.",
                                       "The bodies in it cannot be read.",
                                       "Restore the file from a backup, then run `gatepost store check`."};
inline constexpr Event kSegmentShort{"store.segment_short", Level::error, "A segment file is shorter than it was.",
                                     "Bodies that were durable are no longer there.",
                                     "Run `gatepost store check` and restore the file from a backup."};
inline constexpr Event kOrphanRemoved{"store.orphan_removed", Level::notice, "The file of a deleted body was removed.",
                                      "The server ended while the body was being deleted.", "Nothing."};
inline constexpr Event kSyncFailed{"store.sync_failed", Level::error,
                                   "The disk refused to make written bodies durable.",
                                   "The commits that needed them were refused; nothing acknowledged is affected.",
                                   "Look for disk errors in the kernel log."};
inline constexpr Event kWriteFailed{
    "store.write_failed", Level::error, "The key engine refused a group of commits.",
    "The commits were refused, nothing of them is visible. The engine is tried again with the "
    "next commit.",
    "Free space when the disk is full; otherwise look for disk errors in the kernel log."};
inline constexpr Event kWritingStopped{
    "store.writing_stopped", Level::error, "The key engine could not write or sync its log.",
    "What of the log has reached the disk is unknown, so nothing more is written until the server is started again. "
    "Reading goes on; everything acknowledged before is safe if the disk is.",
    "Look for disk errors in the kernel log, replace the disk if it fails, then restart the server."};
inline constexpr Event kDiskLow{
    "store.disk_low", Level::warning, "Free space is below the reserve.",
    "New mail is refused with a temporary failure; reading, deleting and flag changes go on.",
    "Free space, or lower storage.reserve. Mail is accepted again by itself."};
inline constexpr Event kDiskEnough{"store.disk_enough", Level::notice, "Free space is above the reserve again.",
                                   "New mail is accepted.", "Nothing."};
inline constexpr Event kRewriteSkipped{
    "store.rewrite_skipped", Level::warning, "A segment was not rewritten completely.",
    "Some of its bodies could not be found by walking it; it stays as it is.", "Run `gatepost store check`."};
inline constexpr Event kDropResumed{"store.drop_resumed", Level::notice, "An interrupted deletion was completed.",
                                    "The server ended while an account was being deleted.", "Nothing."};

inline constexpr Event kRestored{
    "store.restored", Level::notice, "A backup was put in the place of the store.",
    "What was committed in the `lost` seconds before is not in it. Clients that had heard of it are told so when they "
    "come back; no number of it is given again.",
    "Nothing."};

inline constexpr std::array kAll{kOpened,       kTailCut,       kSegmentMissing, kSyncFailed,  kWriteFailed,
                                 kDiskLow,      kDiskEnough,    kRewriteSkipped, kDropResumed, kWritingStopped,
                                 kSegmentShort, kOrphanRemoved, kRestored};

}  // namespace gatepost::store::event
