#include "imap/server/thread_tree.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "imap/server/sort_order.hpp"
#include "mime/base_subject.hpp"
#include "mime/fold.hpp"
#include "mime/message_ids.hpp"

namespace gatepost::imap::server {

// Where it is, or would be put.
std::size_t DigestNumbers::place_of(TextDigest digest) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = static_cast<std::size_t>(digest) & mask;
  while (slots_[at].number != UINT32_MAX && slots_[at].digest != digest) at = (at + 1) & mask;
  return at;
}

void DigestNumbers::grow() {
  std::vector<Slot> before(slots_.empty() ? 1'024 : slots_.size() * 2);
  before.swap(slots_);
  for (const Slot& slot : before) {
    if (slot.number != UINT32_MAX) slots_[place_of(slot.digest)] = slot;
  }
}

DigestNumbers::Found DigestNumbers::find_or_add(TextDigest digest, std::uint32_t fresh) {
  if (used_ + 1 > slots_.size() / 4 * 3) grow();
  Slot& slot = slots_[place_of(digest)];
  const bool is_new = slot.number == UINT32_MAX;
  if (is_new) {
    slot = {digest, fresh};
    ++used_;
  }
  return {slot.number, is_new};
}

std::uint32_t& DigestNumbers::at(TextDigest digest) {
  GP_ASSERT(!slots_.empty());
  Slot& slot = slots_[place_of(digest)];
  GP_ASSERT(slot.number != UINT32_MAX);
  return slot.number;
}

namespace {

TextDigest digest_of(std::string_view text, const SipKey& secret) {
  return text.empty() ? 0 : std::max<TextDigest>(siphash(secret, text), 1);
}

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T take(std::string_view& in) {
  T value{};
  GP_ASSERT(in.size() >= sizeof value);
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return value;
}

}  // namespace

// When it was sent, whether its subject says that it replies, its subject, its id, and those it mentions.
std::string thread_key(const account::Row& row, const mime::Structure& head, const SipKey& secret,
                       mime::Casemap casemap) {
  const mime::Envelope& envelope = head.envelope();
  const mime::BaseSubject subject = mime::base_subject(envelope.subject.value_or(""));
  std::string out;
  put(out, sent_seconds(head, row));
  put(out, static_cast<std::uint8_t>(subject.is_reply));
  put(out, digest_of(mime::fold(subject.text, casemap), secret));
  const auto own = mime::MessageIds(envelope.message_id.value_or("")).next();
  put(out, own ? digest_of(*own, secret) : TextDigest{0});
  const std::size_t mentions = out.size();
  mime::MessageIds references(envelope.references.value_or(""));
  while (const auto id = references.next()) put(out, digest_of(*id, secret));
  if (out.size() > mentions) return out;
  if (const auto id = mime::MessageIds(envelope.in_reply_to.value_or("")).next()) put(out, digest_of(*id, secret));
  return out;
}

ThreadTree::ThreadTree(Thread::Algorithm algorithm) : algorithm_(algorithm) {}

std::uint32_t ThreadTree::node_of(Digest id) {
  const auto [number, is_new] = known_.find_or_add(id, static_cast<std::uint32_t>(nodes_.size()));
  if (is_new) nodes_.emplace_back();
  return number;
}

Result<> ThreadTree::add(const account::Row& row, std::string_view key) {
  if (nodes_.size() + mentioned_.size() > kMaxThreadNodes) return fail(Errc::limit, "too much to be threaded");
  const auto sent = take<std::int64_t>(key);
  const bool is_reply = take<std::uint8_t>(key) != 0;
  const auto subject = take<Digest>(key);
  const auto own = take<Digest>(key);
  std::uint32_t node = kNone;
  if (algorithm_ != Thread::Algorithm::ordered_subject && own != 0) node = node_of(own);
  // RFC 5256 3: a message without an id of its own, or with that of another, has one that nobody mentions.
  if (node == kNone || nodes_[node].uid != 0) {
    node = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  }
  nodes_[node].uid = row.uid;
  const bool refs = algorithm_ == Thread::Algorithm::refs;
  nodes_[node].seconds =
      refs ? std::chrono::floor<std::chrono::seconds>(row.received).time_since_epoch().count() : sent;
  if (!refs) {
    nodes_[node].subject = subject;
    nodes_[node].is_reply = is_reply;
  }
  if (algorithm_ == Thread::Algorithm::ordered_subject) return {};
  nodes_[node].has_references = !key.empty();
  const auto first = static_cast<std::uint32_t>(mentioned_.size());
  while (!key.empty()) mentioned_.push_back(node_of(take<Digest>(key)));
  said_.push_back({node, first, static_cast<std::uint32_t>(mentioned_.size()) - first});
  return {};
}

std::uint32_t ThreadTree::top_of(std::uint32_t node) {
  std::uint32_t top = node;
  while (nodes_[top].set != kNone) top = nodes_[top].set;
  while (nodes_[node].set != kNone) node = std::exchange(nodes_[node].set, top);
  return top;
}

// Unless the child has a parent, or a loop would come of it: a child without parent is the root of all it hangs
// together with.
void ThreadTree::link(std::uint32_t parent, std::uint32_t child) {
  if (nodes_[child].parent != kNone) return;
  const std::uint32_t above = top_of(parent), below = top_of(child);
  if (above == below) return;
  nodes_[child].parent = parent;
  nodes_[below].set = above;
}

// RFC 5256 3, REFERENCES (1). What a message says of itself counts before what others say of it; one that names no
// parent loses the one which messages before it gave to it (1.B), and may get one from those after it.
void ThreadTree::link_by_references() {
  for (const Said& said : said_) {
    if (said.count > 0) link(mentioned_[said.first + said.count - 1], said.node);
  }
  for (const Said& said : said_) {
    for (std::uint32_t i = 1; i < said.count; ++i) {
      const std::uint32_t child = mentioned_[said.first + i];
      const Node& node = nodes_[child];
      const bool is_later = node.uid > nodes_[said.node].uid;
      const bool breaks = algorithm_ == Thread::Algorithm::references && is_later && !node.has_references;
      if (!breaks) link(mentioned_[said.first + i - 1], child);
    }
  }
  known_.clear();
  said_ = {};
  mentioned_ = {};
}

// RFC 5256 3, ORDEREDSUBJECT: the first of a subject is the parent of all others.
void ThreadTree::link_by_subject() {
  std::vector<std::uint32_t> order(nodes_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [this](std::uint32_t a, std::uint32_t b) {
    const Node &x = nodes_[a], &y = nodes_[b];
    return x.seconds != y.seconds ? x.seconds < y.seconds : x.uid < y.uid;
  });
  for (const std::uint32_t node : order) {
    const auto [first, is_new] = subjects_.find_or_add(nodes_[node].subject, node);
    if (!is_new) nodes_[node].parent = first;
  }
}

// RFC 5256 3, REFERENCES (3): what is only mentioned gives its place to its children; a root does so when it has one
// child, and stays when it has more.
void ThreadTree::drop_placeholders() {
  const auto count = static_cast<std::uint32_t>(nodes_.size());
  // The nearest message above, or the placeholder that is the root.
  std::vector<std::uint32_t> above(count, kNone), path;
  std::vector<bool> known(count, false);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t at = i;
    for (path.clear(); at != kNone && !known[at]; at = nodes_[at].parent) path.push_back(at);
    for (auto n = path.rbegin(); n != path.rend(); ++n) {
      const std::uint32_t parent = nodes_[*n].parent;
      known[*n] = true;
      if (parent == kNone) continue;
      above[*n] = nodes_[parent].uid != 0 || above[parent] == kNone ? parent : above[parent];
    }
  }
  std::vector<std::uint32_t> children(count, 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (nodes_[i].uid != 0 && above[i] != kNone) ++children[above[i]];
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t parent = above[i];
    nodes_[i].parent = parent != kNone && nodes_[parent].uid == 0 && children[parent] < 2 ? kNone : parent;
  }
  // Placeholders that are left without children are nobody's parent, and no roots: build() passes them over.
}

void ThreadTree::sort(std::vector<Placed>& nodes) {
  std::ranges::sort(nodes, [](const Placed& a, const Placed& b) {
    if (a.parent != b.parent) return a.parent < b.parent;
    return a.seconds != b.seconds ? a.seconds < b.seconds : a.uid < b.uid;
  });
}

// The nodes that are shown, by parent and then in order (RFC 5256 3 (6)); roots come last.
std::vector<ThreadTree::Placed> ThreadTree::by_parent() const {
  std::vector<Placed> order;
  order.reserve(nodes_.size());
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    if (node.uid != 0) order.push_back({node.parent, i, node.seconds, node.uid});
  }
  sort(order);
  return order;
}

// RFC 5256 3, REFERENCES (5): threads of the same subject become one.
void ThreadTree::merge_subjects() {
  // (4): the roots by date; a placeholder has the date, subject and mark of its first child.
  std::vector<Placed> roots;
  std::vector<std::uint32_t> first(nodes_.size(), kNone);
  for (const Placed& placed : by_parent()) {
    if (placed.parent == kNone) {
      roots.push_back(placed);
    } else if (nodes_[placed.parent].uid == 0 && first[placed.parent] == kNone) {
      first[placed.parent] = placed.node;
      roots.push_back({kNone, placed.parent, placed.seconds, placed.uid});
    }
  }
  const auto shown = [&](std::uint32_t root) -> const Node& {
    return nodes_[first[root] == kNone ? root : first[root]];
  };
  sort(roots);
  for (const auto& [parent, root, seconds, uid] : roots) {
    const Node& node = shown(root);
    if (node.subject == 0) continue;
    const auto [number, is_new] = subjects_.find_or_add(node.subject, root);
    if (is_new) continue;
    const std::uint32_t other = number;
    const bool placeholder = nodes_[root].uid == 0, other_placeholder = nodes_[other].uid == 0;
    if ((placeholder && !other_placeholder) ||
        (placeholder == other_placeholder && shown(other).is_reply && !node.is_reply)) {
      number = root;
    }
  }
  std::vector<std::uint32_t> moved(nodes_.size(), kNone);  // placeholders whose children go elsewhere
  for (const auto& [parent, root, seconds, uid] : roots) {
    const Digest subject = shown(root).subject;
    if (subject == 0) continue;
    const std::uint32_t into = subjects_.at(subject);
    if (into == root) continue;
    if (nodes_[root].uid == 0) {
      moved[root] = into;
    } else {
      merge(into, root, subject);
    }
  }
  for (Node& node : nodes_) {
    if (node.parent != kNone && node.parent < moved.size() && moved[node.parent] != kNone) {
      node.parent = moved[node.parent];
    }
  }
}

void ThreadTree::merge(std::uint32_t into, std::uint32_t root, Digest subject) {
  if (nodes_[into].uid == 0 || (nodes_[root].is_reply && !nodes_[into].is_reply)) {
    nodes_[root].parent = into;
    return;
  }
  const auto both = static_cast<std::uint32_t>(nodes_.size());
  nodes_.emplace_back();
  nodes_[into].parent = nodes_[root].parent = both;
  subjects_.at(subject) = both;
}

ThreadTree::Forest ThreadTree::build() {
  Forest out;
  out.nodes.resize(nodes_.size());
  std::vector<Placed> roots;
  std::vector<std::uint32_t> last(nodes_.size(), kNone);
  const std::vector<Placed> order = by_parent();
  for (const Placed& placed : order) {
    out.nodes[placed.node].number = placed.uid;
    if (placed.parent == kNone) {
      roots.push_back(placed);
      continue;
    }
    std::uint32_t& before = last[placed.parent];
    if (before != kNone) {
      out.nodes[before].next = placed.node;
    } else {
      out.nodes[placed.parent].child = placed.node;
      if (nodes_[placed.parent].uid == 0) roots.push_back({kNone, placed.parent, placed.seconds, placed.uid});
    }
    before = placed.node;
  }
  if (algorithm_ == Thread::Algorithm::refs) {
    // The thread with the newest message comes last. What hangs together is one thread here.
    struct Newest {
      std::int64_t seconds = std::numeric_limits<std::int64_t>::min();
      account::Uid uid = 0;
    };
    std::vector<Newest> newest(nodes_.size());
    for (const Placed& placed : order) {
      Newest& so_far = newest[top_of(placed.node)];
      if (placed.seconds > so_far.seconds || (placed.seconds == so_far.seconds && placed.uid > so_far.uid)) {
        so_far = {placed.seconds, placed.uid};
      }
    }
    for (Placed& root : roots) {
      const Newest& all = newest[top_of(root.node)];
      root.seconds = all.seconds;
      root.uid = all.uid;
    }
  }
  sort(roots);
  for (std::size_t i = 0; i + 1 < roots.size(); ++i) out.nodes[roots[i].node].next = roots[i + 1].node;
  if (!roots.empty()) out.root = roots.front().node;
  return out;
}

ThreadTree::Forest ThreadTree::finish() {
  if (algorithm_ == Thread::Algorithm::ordered_subject) {
    link_by_subject();
    return build();
  }
  link_by_references();
  drop_placeholders();
  if (algorithm_ == Thread::Algorithm::references) merge_subjects();
  return build();
}

}  // namespace gatepost::imap::server
