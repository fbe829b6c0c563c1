#include "imap/server/fuzzy.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "mime/charset.hpp"
#include "mime/fold.hpp"
#include "search/indexes.hpp"
#include "search/terms.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::size_t kMostWords = 16;    // of one search; longer texts are looked for as they are
constexpr std::size_t kMostSimilar = 24;  // words of all of them: what is asked of an index has a limit, too
constexpr std::uint8_t kExact = 100, kByWords = 75, kNearly = 40;

using Similar = std::map<std::string, std::vector<std::string>>;  // by word

bool is_text_key(const SearchKey& key) {
  switch (key.op) {
    case SearchOp::bcc:
    case SearchOp::cc:
    case SearchOp::from:
    case SearchOp::to:
    case SearchOp::subject:
    case SearchOp::header:
    case SearchOp::body:
    case SearchOp::text:
      return !key.text.empty();
    default:
      return false;
  }
}

// Which keys are texts that FUZZY is meant for, on its own or from further up.
std::vector<bool> fuzzy_texts(const std::vector<SearchKey>& keys) {
  std::vector<bool> out(keys.size());
  std::uint32_t until = 0;
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    if (keys[i].fuzzy) until = std::max(until, keys[i].end);
    out[i] = i < until && is_text_key(keys[i]);
  }
  return out;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> out;
  for (search::Piece& piece : search::pieces_of(mime::fold(text))) out.push_back(std::move(piece.text));
  return out;
}

void add_composed(std::vector<SearchKey>& keys, SearchOp op, std::size_t keys_below) {
  SearchKey& key = keys.emplace_back();
  key.op = op;
  key.end = static_cast<std::uint32_t>(keys.size() + keys_below);
}

// All words, each by itself or by one that is nearly so. `out` has what stands before it.
void add_fuzzy_words(std::vector<SearchKey>& out, const SearchKey& key, const std::vector<std::string>& words,
                     const Similar& similar) {
  const auto like = [&](const std::string& word) {
    const auto found = similar.find(word);
    return found == similar.end() ? std::vector<std::string>() : found->second;
  };
  std::size_t total = 0;
  for (const std::string& word : words) total += like(word).empty() ? 1 : like(word).size() + 2;
  add_composed(out, SearchOp::conjunction, total);
  for (const std::string& word : words) {
    std::vector<std::string> all = like(word);
    all.insert(all.begin(), word);
    if (all.size() > 1) add_composed(out, SearchOp::disjunction, all.size());
    for (std::string& one : all) {
      SearchKey& added = out.emplace_back(key);
      added.fuzzy = false;
      added.text = std::move(one);
      added.end = static_cast<std::uint32_t>(out.size());
    }
  }
}

// The same keys with `texts` by their words. Whoever is above them ends later.
std::vector<SearchKey> by_words(const std::vector<SearchKey>& keys, const std::vector<bool>& texts,
                                const Similar& similar) {
  std::vector<SearchKey> out;
  std::vector<std::uint32_t> place(keys.size() + 1);  // of each key, in `out`
  std::vector<std::pair<std::size_t, std::uint32_t>> ends;
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    place[i] = static_cast<std::uint32_t>(out.size());
    const auto words = texts[i] ? words_of(keys[i].text) : std::vector<std::string>();
    if (!words.empty()) {
      add_fuzzy_words(out, keys[i], words, similar);
      continue;
    }
    ends.emplace_back(out.size(), keys[i].end);
    out.push_back(keys[i]);
    out.back().fuzzy = false;
  }
  place[keys.size()] = static_cast<std::uint32_t>(out.size());
  for (const auto& [at, end] : ends) out[at].end = place[end];
  return out;
}

// From here on all texts are UTF-8. False: nobody knows the charset, and the search will be refused.
bool to_utf8(Search& search, bool utf8_accept) {
  if (search.charset.empty() || search.charset == "UTF-8" || search.charset == "US-ASCII") {
    if (!utf8_accept) search.charset = "UTF-8";
    return true;
  }
  for (SearchKey& key : search.keys) {
    if (!is_text_key(key)) continue;
    auto text = mime::to_utf8(key.text, search.charset);
    if (!text) return false;
    key.text = std::move(*text);
  }
  search.charset = "UTF-8";
  return true;
}

}  // namespace

Task<std::optional<FuzzySearch>> expand_fuzzy(Session& session, Search& search) {
  const auto texts = fuzzy_texts(search.keys);
  const bool asked = std::ranges::any_of(search.keys, &SearchKey::fuzzy);
  if (!asked) co_return std::nullopt;
  FuzzySearch out;
  std::vector<std::string> words;
  if (to_utf8(search, session.enabled().utf8_accept)) {
    for (std::size_t i = 0; i < search.keys.size() && words.size() <= kMostWords; ++i) {
      if (!texts[i]) continue;
      for (std::string& word : words_of(search.keys[i].text)) {
        if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
      }
    }
  }
  out.exact = out.by_words = search;
  for (SearchKey& key : out.exact.keys) key.fuzzy = false;
  // RFC 5182: what is saved is what the whole command finds.
  out.exact.returns.reset();
  out.by_words = out.exact;
  if (words.empty() || words.size() > kMostWords) {
    search.keys = out.exact.keys;
    co_return std::move(out);
  }
  Similar similar;
  if (session.services().search != nullptr) {
    const account::AccountId whose = session.account().id();
    auto look = [&] {
      auto found = session.services().search->similar(whose, words, kMostSimilar / words.size());
      for (std::size_t i = 0; i < words.size(); ++i) {
        if (!found[i].empty()) similar.emplace(words[i], std::move(found[i]));
      }
      return true;
    };
    co_await session.workers().run(look);
  }
  out.by_words.keys = by_words(search.keys, texts, {});
  search.keys = by_words(search.keys, texts, similar);
  co_return std::move(out);
}

Task<std::expected<std::vector<std::uint8_t>, Answer>> scores_of(Session& session, Selected& view,
                                                                 const FuzzySearch& fuzzy, const NumberSet& found) {
  using Outcome = std::expected<std::vector<std::uint8_t>, Answer>;
  using Wanted = SearchRun::Wanted;
  const auto exact = co_await find_messages(session, view, fuzzy.exact, Wanted::all, 0, nullptr, &found);
  if (!exact) co_return Outcome(std::unexpect, exact.error());
  const NumberSet others = found.minus(exact->uids);
  const auto words = co_await find_messages(session, view, fuzzy.by_words, Wanted::all, 0, nullptr, &others);
  if (!words) co_return Outcome(std::unexpect, words.error());
  std::vector<std::uint8_t> scores;
  scores.reserve(found.size());
  found.for_each([&](account::Uid uid) {
    scores.push_back(exact->uids.contains(uid) ? kExact : words->uids.contains(uid) ? kByWords : kNearly);
  });
  co_return Outcome(std::move(scores));
}

}  // namespace gatepost::imap::server
