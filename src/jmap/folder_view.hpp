#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "account/types.hpp"
#include "jmap/lines.hpp"

namespace gatepost::jmap {

// The messages of a folder, newest first, as they were at one version. Immutable, so shared between threads. Messages
// with \Deleted are not there (RFC 8621 4.1.1).
struct FolderView {
  account::FolderId folder{};
  account::Modseq at = 0;
  Lines lines;
  std::vector<std::vector<account::KeywordId>> keywords;  // [0] is empty
  std::uint32_t unread = 0;                               // without $seen and $draft
  std::uint32_t threads = 0, unread_threads = 0;
  std::vector<account::ItemId> copied;  // emails of lines that are copies, sorted, each once
  std::uint32_t repeats = 0;            // lines without which each email would be here once
  // No conversation in it is beyond them.
  std::uint64_t lowest_thread = std::numeric_limits<std::uint64_t>::max(), highest_thread = 0;
};

}  // namespace gatepost::jmap
