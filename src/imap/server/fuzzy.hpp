#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "imap/protocol/command_search.hpp"
#include "imap/server/answer.hpp"
#include "imap/server/search_task.hpp"

// Searches that find what is nearly so (RFC 6203). Of a text, each word is looked for by itself, anywhere in the field,
// and words that the account's messages have count for it when they are written nearly the same. All other keys mean
// what they mean without FUZZY.
namespace gatepost::imap::server {

// What a search with FUZZY was before expand_fuzzy(), for scores.
struct FuzzySearch {
  Search exact;     // as it stands there, without FUZZY
  Search by_words;  // each word by itself, as it is written
};

// Puts into the place of each FUZZY text what is nearly so. Nullopt: there is none. Filters have been expanded.
Task<std::optional<FuzzySearch>> expand_fuzzy(Session& session, Search& search);

// How well each of `found` fits, in their order: 100 as it stands there, 75 with all its words, 40 with some that are
// nearly so (RFC 6203 4). An Answer: the command has failed.
Task<std::expected<std::vector<std::uint8_t>, Answer>> scores_of(Session& session, Selected& view,
                                                                 const FuzzySearch& fuzzy, const NumberSet& found);

}  // namespace gatepost::imap::server
