#include "search/merge.hpp"

#include <algorithm>
#include <limits>

namespace gatepost::search {
namespace {

constexpr std::uint32_t kDropped = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kTermsBetweenQuestions = 4'096;

struct Source {
  Source(const MergeInput& in) : cursor(in.contents, in.get), items(in.contents.size()) {}
  SegmentCursor cursor;
  std::uint32_t items;
  std::vector<std::uint32_t> place;  // of its items in the result
  bool more = true;
};

}  // namespace

Result<Merged> merge(std::span<const MergeInput> inputs, const std::function<bool(std::uint64_t item)>& keep,
                     const PutBlock& put, const std::function<bool()>& go_on) {
  std::vector<SegmentItem> items;
  std::vector<Source> sources;
  sources.reserve(inputs.size());
  for (const MergeInput& input : inputs) {
    Source& source = sources.emplace_back(input);
    source.place.reserve(input.contents.size());
    for (const SegmentItem& item : input.contents.items()) {
      if (!items.empty() && item.id <= items.back().id) return fail(Errc::corrupt, "segments overlap");
      const bool kept = keep(item.id);
      source.place.push_back(kept ? static_cast<std::uint32_t>(items.size()) : kDropped);
      if (kept) items.push_back(item);
    }
    GP_TRY(source.more, source.cursor.next());
  }
  if (items.size() > kMaxItems) return fail(Errc::limit, "too many items for a segment");

  Merged out{.items = items.size()};
  SegmentWriter writer(std::move(items), put);
  std::vector<Posting> read, postings;
  for (std::size_t terms = 1;; ++terms) {
    if (terms % kTermsBetweenQuestions == 0 && !go_on()) return fail(Errc::closed, "merging was ended");
    const std::string* least = nullptr;
    for (const Source& source : sources) {
      if (source.more && (least == nullptr || source.cursor.key() < *least)) least = &source.cursor.key();
    }
    if (least == nullptr) break;
    const std::string key = *least;
    postings.clear();
    for (Source& source : sources) {
      if (!source.more || source.cursor.key() != key) continue;
      read.clear();
      if (!read_postings(source.cursor.postings(), source.items, read)) return fail(Errc::corrupt, "postings");
      for (const Posting& posting : read) {
        const std::uint32_t place = source.place[posting.item];
        if (place != kDropped) postings.push_back({place, posting.fields});
      }
      GP_TRY(source.more, source.cursor.next());
    }
    if (postings.empty()) continue;
    std::ranges::sort(postings, {}, &Posting::item);
    GP_CHECK(writer.add(key, postings));
  }
  GP_CHECK(writer.finish());
  out.octets = writer.octets();
  return out;
}

}  // namespace gatepost::search
