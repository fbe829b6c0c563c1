#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "base/siphash.hpp"
#include "imap/protocol/command_search.hpp"
#include "imap/protocol/response.hpp"
#include "mime/fold.hpp"
#include "mime/structure.hpp"

namespace gatepost::imap::server {

inline constexpr std::size_t kMaxThreadNodes = 8'000'000;

// A hash of a text, of which nobody knows the key. 0: an empty text.
using TextDigest = std::uint64_t;

// What threads are made of, of one message: what it calls itself and its subject, and what it mentions. Written for
// this process alone, whose secret is in it.
std::string thread_key(const account::Row& row, const mime::Structure& head, const SipKey& secret,
                       mime::Casemap casemap = mime::Casemap::unicode);

// Numbers by digest, side by side in one piece of memory: a hundred thousand messages mention several times as many.
class DigestNumbers {
 public:
  // The number of the digest, which is `fresh` when it has none yet. UINT32_MAX is no number.
  struct Found {
    std::uint32_t& number;
    bool is_new;
  };
  Found find_or_add(TextDigest digest, std::uint32_t fresh);
  std::uint32_t& at(TextDigest digest);  // is there
  void clear() { *this = {}; }

 private:
  struct Slot {
    TextDigest digest{};
    std::uint32_t number = UINT32_MAX;  // none: the slot is free
  };
  std::size_t place_of(TextDigest digest) const;
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
  // `key`: what thread_key() wrote of the message, with one secret for all.
  Result<> add(const account::Row& row, std::string_view key);

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
    Digest subject = 0;
  };

  std::uint32_t node_of(Digest id);
  std::uint32_t top_of(std::uint32_t node);
  void link(std::uint32_t parent, std::uint32_t child);
  void link_by_references();
  void link_by_subject();
  void drop_placeholders();
  void merge_subjects();
  void merge(std::uint32_t into, std::uint32_t root, Digest subject);
  // A node and where it belongs, side by side so that sorting goes through memory in order.
  struct Placed {
    std::uint32_t parent = kNone, node = kNone;
    std::int64_t seconds = 0;
    account::Uid uid = 0;
  };
  std::vector<Placed> by_parent() const;
  static void sort(std::vector<Placed>& nodes);
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
