#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "imap/protocol/command_search.hpp"
#include "imap/protocol/response.hpp"
#include "mime/structure.hpp"

namespace gatepost::imap::server {

inline constexpr std::size_t kMaxThreadNodes = 8'000'000;

// A digest of a text, which nobody can make the same for two texts.
using TextDigest = std::array<std::uint64_t, 2>;

// Numbers by digest, side by side in one piece of memory: a hundred thousand messages mention several times as many.
class DigestNumbers {
 public:
  // The number of the digest, which is `fresh` when it has none yet. UINT32_MAX is no number.
  struct Found {
    std::uint32_t& number;
    bool is_new;
  };
  Found find_or_add(const TextDigest& digest, std::uint32_t fresh);
  std::uint32_t& at(const TextDigest& digest);  // is there
  void clear() { *this = {}; }

 private:
  struct Slot {
    TextDigest digest{};
    std::uint32_t number = UINT32_MAX;  // none: the slot is free
  };
  std::size_t place_of(const TextDigest& digest) const;
  void grow();
  std::vector<Slot> slots_;  // a power of two, less than three quarters full
  std::size_t used_ = 0;
};

// Puts messages into threads (RFC 5256 3; REFS: draft-ietf-morg-inthread). Texts are kept as digests, so that a message
// costs about a hundred octets. Linear in what the messages say, times a logarithm for putting them in order.
class ThreadTree {
 public:
  explicit ThreadTree(Thread::Algorithm algorithm);

  // Errc::limit: too many messages, or ids they mention.
  Result<> add(const account::Row& row, const mime::Structure& head);

  struct Forest {
    std::vector<ThreadNode> nodes;  // numbers are UIDs
    std::uint32_t root = ThreadNode::kNone;
  };
  // Once, at the end.
  Forest finish();

 private:
  static constexpr std::uint32_t kNone = ThreadNode::kNone;
  using Digest = TextDigest;
  struct Node {
    account::Uid uid = 0;  // 0: only mentioned
    bool is_reply = false;
    bool has_references = false;
    std::uint32_t parent = kNone;
    std::uint32_t set = kNone;  // union-find over what hangs together; itself: kNone
    std::int64_t seconds = 0;
    Digest subject{};  // {}: an empty one
  };

  static Digest digest_of(std::string_view text);
  std::uint32_t node_of(std::string_view id);
  std::uint32_t top_of(std::uint32_t node);
  void link(std::uint32_t parent, std::uint32_t child);
  void link_by_references();
  void link_by_subject();
  void drop_placeholders();
  void merge_subjects();
  void merge(std::uint32_t into, std::uint32_t root, Digest subject);
  std::vector<std::uint32_t> by_parent() const;
  Forest build();

  const Thread::Algorithm algorithm_;
  std::vector<Node> nodes_;
  DigestNumbers known_;  // nodes by message id
  struct Said {
    std::uint32_t node, first, count;  // a run of mentioned_
  };
  std::vector<Said> said_;
  std::vector<std::uint32_t> mentioned_;
  DigestNumbers subjects_;  // roots by subject
};

}  // namespace gatepost::imap::server
