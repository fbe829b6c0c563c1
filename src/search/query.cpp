#include "search/query.hpp"

#include <algorithm>
#include <chrono>

namespace gatepost::search {
namespace {

// Several queries for the same text, in one segment.
class Looker {
 public:
  struct Found {
    Bits yes, maybe;
  };
  Looker(const SegmentContents& contents, const GetBlock& get, std::span<const Fields> fields)
      : reader_(contents, get), size_(contents.size()), fields_(fields) {}

  // Of each field set. `yes`: those that have the piece; `maybe`: those that have all it is made of.
  Result<std::vector<Found>> find(const Piece& piece) {
    std::vector<Found> out(fields_.size(), {Bits(size_), Bits(size_)});
    using enum SegmentReader::Match;
    const std::size_t gram = piece.ideographs ? 2 : 3;
    const TermKind kind = piece.ideographs ? TermKind::ideographs : TermKind::gram;
    if (!piece.ideographs) GP_CHECK(look(TermKind::word, piece.text, match_of(piece), out));
    if (piece.characters < gram) {
      GP_CHECK(look(kind, piece.text, contains, out));
    } else {
      GP_CHECK(look_for_grams(kind, piece, gram, out));
    }
    return out;
  }

 private:
  static SegmentReader::Match match_of(const Piece& piece) {
    using enum SegmentReader::Match;
    if (piece.open_left) return piece.open_right ? contains : ends;
    return piece.open_right ? begins : equal;
  }

  Result<> look(TermKind kind, std::string_view text, SegmentReader::Match match, std::vector<Found>& out) {
    std::vector<SegmentReader::Target> targets;
    for (std::size_t i = 0; i < out.size(); ++i) targets.push_back({fields_[i], &out[i].yes});
    return reader_.find(kind, text, match, targets);
  }

  // Those that have every run of `length` characters of the piece; when it is but one, they have the piece.
  Result<> look_for_grams(TermKind kind, const Piece& piece, std::size_t length, std::vector<Found>& out) {
    std::vector<std::size_t> starts;
    for (std::size_t at = 0; at < piece.text.size(); at += leading_octets(std::string_view(piece.text).substr(at)))
      starts.push_back(at);
    starts.push_back(piece.text.size());
    std::vector<Found> all(out.size(), {Bits(size_), Bits()});
    for (std::size_t i = 0; i + length < starts.size(); ++i) {
      const std::string_view gram = std::string_view(piece.text).substr(starts[i], starts[i + length] - starts[i]);
      std::vector<Found> here(out.size(), {Bits(size_), Bits()});
      GP_CHECK(look(kind, gram, SegmentReader::Match::equal, here));
      for (std::size_t f = 0; f < out.size(); ++f) {
        if (i == 0) {
          all[f].yes = std::move(here[f].yes);
        } else {
          all[f].yes &= here[f].yes;
        }
      }
    }
    const bool whole = piece.characters == length;
    for (std::size_t f = 0; f < out.size(); ++f) (whole ? out[f].yes : out[f].maybe) |= all[f].yes;
    return {};
  }

  SegmentReader reader_;
  const std::size_t size_;
  const std::span<const Fields> fields_;
};

// Of a text. What is more than one piece, or has something between, before or behind pieces, has to be seen in its
// place.
Result<std::vector<Looker::Found>> find_all(Looker& looker, std::string_view needle, std::span<const Piece> pieces) {
  GP_TRY(auto out, looker.find(pieces[0]));
  if (pieces.size() == 1 && pieces[0].text.size() == needle.size()) return out;
  for (Looker::Found& found : out) {
    found.maybe |= found.yes;
    found.yes = Bits(found.maybe.size());
  }
  for (const Piece& piece : pieces.subspan(1)) {
    GP_TRY(auto more, looker.find(piece));
    for (std::size_t f = 0; f < out.size(); ++f) {
      more[f].maybe |= more[f].yes;
      out[f].maybe &= more[f].maybe;
    }
  }
  return out;
}

}  // namespace

Says Answers::of(std::size_t query, const account::Row& row) {
  Says says = own(query, row, Says::unknown);
  for (Answers& further : further_) {
    if (says == Says::yes) break;
    const Says more = further.own(query, row, Says::no);
    if (more != Says::no) says = more;
  }
  return says;
}

Says Answers::own(std::size_t query, const account::Row& row, Says otherwise) {
  if (query >= found_.size() || !found_[query].answerable) return otherwise;
  const auto id = static_cast<std::uint64_t>(row.item);
  if (near_ + 1 < items_.size() && items_[near_ + 1].id == id) {
    ++near_;
  } else if (near_ >= items_.size() || items_[near_].id != id) {
    const auto at = std::ranges::lower_bound(items_, id, {}, &Item::id);
    if (at == items_.end() || at->id != id) return otherwise;
    near_ = static_cast<std::size_t>(at - items_.begin());
  }
  // Another message under the same number: the store was put back to an earlier state and went on differently.
  const auto received = std::chrono::duration_cast<std::chrono::seconds>(row.received.time_since_epoch()).count();
  if (items_[near_].check != item_check(row.octets, received < 0 ? 0 : static_cast<std::uint64_t>(received)))
    return otherwise;
  if (found_[query].yes.test(near_)) return Says::yes;
  return found_[query].unknown.test(near_) ? Says::unknown : Says::no;
}

Gatherer::Gatherer(std::span<const Query> queries, std::uint64_t items)
    : queries_(queries.first(std::min(queries.size(), kMaxQueries))), room_(items) {
  for (std::size_t q = 0; q < queries_.size(); ++q) {
    const std::string& needle = queries_[q].needle;
    auto same = std::ranges::find(texts_, needle, [&](const Text& text) { return queries_[text.queries[0]].needle; });
    if (same == texts_.end()) same = texts_.insert(same, {pieces_of(needle), {}, {}});
    same->queries.push_back(q);
    same->fields.push_back(queries_[q].fields);
    const bool answerable = !same->pieces.empty();
    answers_.found_.push_back({answerable, Bits(answerable ? items : 0), Bits(answerable ? items : 0)});
  }
}

Result<> Gatherer::ask(const GetBlock& segment, std::uint64_t items) {
  GP_TRY(const SegmentContents contents, SegmentContents::read(segment));
  auto& all = answers_.items_;
  const std::size_t base = all.size();
  const bool follows = base == 0 || contents.size() == 0 || contents.items().front().id > all.back().id;
  if (contents.size() != items || items > room_ - base || !follows)
    return fail(Errc::corrupt, "a segment has other items than its index says");
  for (const SegmentItem& item : contents.items()) all.push_back({item.id, item.check});
  for (const Text& text : texts_) {
    if (text.pieces.empty()) continue;
    Looker looker(contents, segment, text.fields);
    GP_TRY(const auto found, find_all(looker, queries_[text.queries[0]].needle, text.pieces));
    for (std::size_t f = 0; f < text.queries.size(); ++f) {
      const bool may_be_sure = !queries_[text.queries[f]].only_narrows;
      Answers::Found& into = answers_.found_[text.queries[f]];
      for (std::uint32_t i = 0; i < contents.size(); ++i) {
        if (found[f].yes.test(i)) {
          (may_be_sure ? into.yes : into.unknown).set(base + i);
        } else if (found[f].maybe.test(i) || contents.items()[i].incomplete) {
          into.unknown.set(base + i);
        }
      }
    }
  }
  return {};
}

Result<Answers> look_up(IndexFile& file, std::span<const Query> queries) {
  Gatherer gatherer(queries, file.head().items());
  for (const SegmentInfo& segment : file.head().segments) GP_CHECK(gatherer.ask(file.reader(segment), segment.items));
  return gatherer.finish();
}

}  // namespace gatepost::search
