#include "search/similar.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/utf8.hpp"

namespace gatepost::search {
namespace {

constexpr std::size_t kShortWord = 4, kLongWord = 8;  // characters
constexpr std::size_t kMaxCandidates = 10'000;        // of one word

std::u32string characters(std::string_view utf8) {
  std::u32string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) out.push_back(utf8::next(utf8));
  return out;
}

}  // namespace

std::size_t tolerance(std::u32string_view word) {
  return word.size() < kShortWord ? 0 : word.size() < kLongWord ? 1 : 2;
}

std::size_t edit_distance(std::u32string_view one, std::u32string_view other, std::size_t most) {
  const std::size_t difference = one.size() > other.size() ? one.size() - other.size() : other.size() - one.size();
  if (difference > most) return most + 1;
  // Row i has the distances of the first i characters of the one to every beginning of the other; the last three are
  // kept. What is further than `most` from the diagonal is too far anyway.
  const std::size_t width = other.size() + 1;
  std::vector<std::size_t> before(width, most + 1), last(width, most + 1), now(width, most + 1);
  for (std::size_t j = 0; j < width; ++j) last[j] = std::min(j, most + 1);
  for (std::size_t i = 1; i <= one.size(); ++i) {
    const std::size_t begin = i > most ? i - most : 0, end = std::min(other.size(), i + most);
    std::ranges::fill(now, most + 1);
    if (begin == 0) now[0] = i;
    std::size_t least = now[0];
    for (std::size_t j = std::max<std::size_t>(begin, 1); j <= end; ++j) {
      std::size_t cost = last[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
      cost = std::min({cost, last[j] + 1, now[j - 1] + 1});
      if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1]) {
        cost = std::min(cost, before[j - 2] + 1);
      }
      now[j] = std::min(cost, most + 1);
      least = std::min(least, now[j]);
    }
    if (least > most) return most + 1;
    before.swap(last);
    last.swap(now);
  }
  return last[other.size()];
}

SimilarWords::SimilarWords(std::span<const std::string> words) {
  for (const std::string& word : words) {
    Wanted one{.word = characters(word), .most = 0, .found = {}};
    one.most = tolerance(one.word);
    wanted_.push_back(std::move(one));
  }
}

void SimilarWords::consider(Wanted& wanted, std::string_view word, std::uint64_t octets) {
  // No character is shorter than an octet or longer than four.
  if (word.size() > (wanted.word.size() + wanted.most) * 4 || word.size() + wanted.most < wanted.word.size()) return;
  const std::size_t distance = edit_distance(wanted.word, characters(word), wanted.most);
  if (distance == 0 || distance > wanted.most) return;
  if (const auto known = wanted.found.find(word); known != wanted.found.end()) {
    known->second.octets += octets;
  } else if (wanted.found.size() < kMaxCandidates) {
    wanted.found.emplace(word, Near{distance, octets});
  }
}

Result<> SimilarWords::ask(const GetBlock& segment) {
  if (std::ranges::all_of(wanted_, [](const Wanted& one) { return one.most == 0; })) return {};
  GP_TRY(const SegmentContents contents, SegmentContents::read(segment));
  SegmentReader reader(contents, segment);
  return reader.words([&](std::string_view word, std::uint64_t octets) {
    for (Wanted& one : wanted_) {
      if (one.most > 0) consider(one, word, octets);
    }
  });
}

std::vector<std::vector<std::string>> SimilarWords::finish(std::size_t at_most) {
  std::vector<std::vector<std::string>> out;
  for (Wanted& one : wanted_) {
    std::vector<std::pair<std::string, Near>> found(one.found.begin(), one.found.end());
    std::ranges::sort(found, [](const auto& a, const auto& b) {
      return std::tuple(a.second.distance, b.second.octets, a.first) <
             std::tuple(b.second.distance, a.second.octets, b.first);
    });
    if (found.size() > at_most) found.resize(at_most);
    auto& list = out.emplace_back();
    for (auto& [word, near] : found) list.push_back(std::move(word));
  }
  return out;
}

}  // namespace gatepost::search
