#include "search/segment.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace gatepost::search {
namespace {

constexpr std::uint8_t kSegmentFormat = 1;
constexpr std::size_t kDictionaryOctets = 16 << 10;
constexpr std::size_t kPostingOctets = 64 << 10;  // of all posting blocks but the last
// A key is a kind and the characters of a word.
constexpr std::size_t kMaxKeyOctets = 1 + 4 * kMaxWordCharacters;

// Numbers of blocks. 0 is the contents.
std::uint32_t dictionary_number(std::size_t i) { return static_cast<std::uint32_t>(1 + 2 * i); }
std::uint32_t posting_number(std::size_t i) { return static_cast<std::uint32_t>(2 + 2 * i); }

std::unexpected<Error> damaged(const char* what) { return fail(Errc::corrupt, what); }

// One entry of a dictionary block: how much of the key before it is shared, the rest, and the octets of its postings.
bool read_entry(ByteReader& in, std::string& key, std::uint64_t& octets) {
  const std::uint64_t shared = in.varint();
  const std::string_view rest = in.text();
  octets = in.varint();
  if (!in.ok() || shared > key.size() || shared + rest.size() > kMaxKeyOctets || shared + rest.size() < 2) return false;
  key.resize(shared);
  key.append(rest);
  return true;
}

}  // namespace

std::uint32_t item_check(std::uint64_t octets, std::uint64_t received_seconds) {
  std::string both;
  put_u64(both, octets);
  put_u64(both, received_seconds);
  return crc32c(both);
}

std::string term_key(TermKind kind, std::string_view text) {
  std::string key(1, static_cast<char>(kind));
  return key.append(text);
}

SegmentWriter::SegmentWriter(std::vector<SegmentItem> items, PutBlock put)
    : items_(std::move(items)), put_(std::move(put)) {}

Result<> SegmentWriter::put(std::uint32_t number, std::string_view block) {
  octets_ += block.size();
  return put_(number, block);
}

Result<> SegmentWriter::add(std::string_view key, std::span<const Posting> postings) {
  const bool first = dictionary_.empty();
  if (first) directory_.push_back({std::string(key), postings_begin_ + postings_.size()});
  std::size_t shared = 0;
  while (!first && shared < key.size() && shared < last_.size() && key[shared] == last_[shared]) ++shared;
  put_varint(dictionary_, shared);
  put_text(dictionary_, key.substr(shared));
  last_ = key;
  const std::size_t before = postings_.size();
  put_postings(postings_, postings, static_cast<std::uint32_t>(items_.size()));
  put_varint(dictionary_, postings_.size() - before);
  if (dictionary_.size() >= kDictionaryOctets) GP_CHECK(end_dictionary_block());
  return put_full_postings(false);
}

Result<> SegmentWriter::end_dictionary_block() {
  if (dictionary_.empty()) return {};
  GP_CHECK(put(dictionary_number(directory_.size() - 1), dictionary_));
  dictionary_.clear();
  return {};
}

Result<> SegmentWriter::put_full_postings(bool all) {
  std::size_t at = 0;
  while (postings_.size() - at >= kPostingOctets || (all && at < postings_.size())) {
    const std::string_view block = std::string_view(postings_).substr(at, kPostingOctets);
    GP_CHECK(put(posting_number(posting_blocks_++), block));
    at += block.size();
  }
  postings_.erase(0, at);
  postings_begin_ += at;
  return {};
}

Result<> SegmentWriter::finish() {
  GP_CHECK(end_dictionary_block());
  GP_CHECK(put_full_postings(true));
  std::string out;
  put_u8(out, kSegmentFormat);
  put_varint(out, items_.size());
  std::uint64_t next = 0;
  for (const SegmentItem& item : items_) {
    put_varint(out, (item.id - next) << 1 | (item.incomplete ? 1 : 0));
    put_u32(out, item.check);
    next = item.id + 1;
  }
  put_varint(out, directory_.size());
  std::uint64_t begin = 0;
  for (const Entry& entry : directory_) {
    put_text(out, entry.first);
    put_varint(out, entry.postings - begin);
    begin = entry.postings;
  }
  put_varint(out, postings_begin_);
  return put(0, out);
}

Result<SegmentContents> SegmentContents::read(const GetBlock& get) {
  GP_TRY(const std::string block, get(0));
  ByteReader in(block);
  if (in.u8() != kSegmentFormat) return fail(Errc::unsupported, "a segment of an unknown format");
  SegmentContents out;
  const std::uint64_t items = in.varint();
  if (!in.ok() || items > kMaxItems || items > block.size() / 5) return damaged("a segment's items");
  out.items_.reserve(items);
  std::uint64_t next = 0;
  for (std::uint64_t i = 0; i < items; ++i) {
    const std::uint64_t step = in.varint();
    SegmentItem item{.id = next + (step >> 1), .check = in.u32(), .incomplete = (step & 1) != 0};
    if (!in.ok() || item.id < next) return damaged("a segment's items");
    next = item.id + 1;
    out.items_.push_back(item);
  }
  const std::uint64_t entries = in.varint();
  if (!in.ok() || entries > block.size()) return damaged("a segment's directory");
  std::uint64_t begin = 0;
  for (std::uint64_t i = 0; i < entries; ++i) {
    Entry entry;
    entry.first = in.text();
    const std::uint64_t step = in.varint();
    begin += step;
    entry.postings = begin;
    if (!in.ok() || step > begin || entry.first.size() < 2 || entry.first.size() > kMaxKeyOctets ||
        (i > 0 && entry.first <= out.directory_.back().first)) {
      return damaged("a segment's directory");
    }
    out.directory_.push_back(std::move(entry));
  }
  out.posting_octets_ = in.varint();
  if (!in.ok() || !in.at_end() || begin > out.posting_octets_) return damaged("a segment's directory");
  return out;
}

Result<std::string_view> SegmentReader::postings(std::uint64_t begin, std::uint64_t octets) {
  if (begin > contents_.posting_octets_ || octets > contents_.posting_octets_ - begin)
    return damaged("postings' place");
  joined_.clear();
  for (;;) {
    const std::uint32_t number = posting_number(begin / kPostingOctets);
    if (number != kept_number_) {
      kept_number_ = 0;
      GP_TRY(kept_, get_(number));
      kept_number_ = number;
    }
    const std::size_t at = begin % kPostingOctets;
    if (at > kept_.size()) return damaged("a posting block is short");
    const std::string_view here = std::string_view(kept_).substr(at, octets);
    if (here.size() == octets && joined_.empty()) return here;
    if (here.empty()) return damaged("a posting block is short");
    joined_ += here;
    begin += here.size();
    octets -= here.size();
    if (octets == 0) return joined_;
    if (begin % kPostingOctets != 0) return damaged("a posting block is short");
  }
}

Result<> SegmentReader::add(std::uint64_t begin, std::uint64_t octets, std::span<const Target> targets) {
  if (octets == 0) return damaged("a term without postings");
  GP_TRY(const std::string_view list, postings(begin, octets));
  for (const Target& target : targets) {
    if (!add_postings(list, contents_.size(), target.fields, *target.items)) return damaged("postings");
  }
  return {};
}

Result<> SegmentReader::find(TermKind kind, std::string_view text, Match match, std::span<const Target> targets) {
  const bool looks_up = match == Match::equal || match == Match::begins;
  const std::string from = term_key(kind, looks_up ? text : std::string_view());
  const auto& directory = contents_.directory_;
  // The last block that begins at or before what is looked for.
  auto block = std::ranges::upper_bound(directory, from, {}, &SegmentContents::Entry::first);
  if (block != directory.begin()) --block;
  std::string key;
  for (; block != directory.end(); ++block) {
    if (block->first > from && !block->first.starts_with(from)) return {};
    GP_TRY(const std::string entries, get_(dictionary_number(static_cast<std::size_t>(block - directory.begin()))));
    ByteReader in(entries);
    key.clear();
    std::uint64_t begin = block->postings, octets = 0;
    for (bool first = true; !in.at_end(); begin += octets, first = false) {
      if (!read_entry(in, key, octets) || (first && key != block->first)) return damaged("a dictionary block");
      if (key < from) continue;
      if (!key.starts_with(from)) return {};
      const std::string_view term = std::string_view(key).substr(1);
      const bool matches = match == Match::begins || (match == Match::equal && term.size() == text.size()) ||
                           (match == Match::ends && term.ends_with(text)) ||
                           (match == Match::contains && term.find(text) != std::string_view::npos);
      if (matches) GP_CHECK(add(begin, octets, targets));
      if (match == Match::equal) return {};
    }
  }
  return {};
}

Result<> SegmentReader::words(const std::function<void(std::string_view, std::uint64_t)>& visit) {
  const std::string from = term_key(TermKind::word, {});
  const auto& directory = contents_.directory_;
  auto block = std::ranges::upper_bound(directory, from, {}, &SegmentContents::Entry::first);
  if (block != directory.begin()) --block;
  std::string key;
  for (; block != directory.end(); ++block) {
    GP_TRY(const std::string entries, get_(dictionary_number(static_cast<std::size_t>(block - directory.begin()))));
    ByteReader in(entries);
    key.clear();
    for (bool first = true; !in.at_end(); first = false) {
      std::uint64_t octets = 0;
      if (!read_entry(in, key, octets) || (first && key != block->first)) return damaged("a dictionary block");
      if (key < from) continue;
      if (!key.starts_with(from)) return {};
      visit(std::string_view(key).substr(1), octets);
    }
  }
  return {};
}

Result<bool> SegmentCursor::next() {
  if (at_ == dictionary_.size()) {
    if (block_ == contents_.directory_.size()) return false;
    GP_TRY(dictionary_, get_(dictionary_number(block_++)));
    at_ = 0;
    key_.clear();
  }
  ByteReader in(std::string_view(dictionary_).substr(at_));
  const std::string before = key_;
  std::uint64_t octets = 0;
  if (!read_entry(in, key_, octets) || key_ <= before || octets == 0 || octets > contents_.posting_octets_)
    return damaged("a dictionary block");
  at_ = dictionary_.size() - in.rest().size();
  GP_CHECK(more_postings(octets));
  postings_ = std::string_view(buffer_).substr(used_, octets);
  used_ += octets;
  return true;
}

Result<> SegmentCursor::more_postings(std::size_t octets) {
  if (buffer_.size() - used_ >= octets) return {};
  buffer_.erase(0, used_);
  used_ = 0;
  while (buffer_.size() < octets) {
    GP_TRY(const std::string block, get_(posting_number(next_postings_++)));
    if (block.empty()) return damaged("a posting block is empty");
    buffer_ += block;
  }
  return {};
}

}  // namespace gatepost::search
