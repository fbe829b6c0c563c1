#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "base/clock.hpp"
#include "imap/protocol/command_search.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/collation.hpp"

namespace gatepost::search {
class AttachmentTexts;
}

namespace gatepost::imap::server {

class Selected;

inline constexpr std::size_t kMaxContexts = 20;              // of one session
inline constexpr std::size_t kMaxContextRanges = 100'000;    // of a result without order
inline constexpr std::size_t kMaxContextMessages = 100'000;  // of one in an order of its own
inline constexpr std::uint64_t kMaxContextNews = 5'000;      // that are put into an order at once

// The result of a search whose client wants to hear how it changes (RFC 5267 4.3).
struct SearchContext {
  std::string tag;
  Search search;
  std::vector<SortCriterion> criteria;  // of SORT
  Collation collation = {};             // it was made by
  NumberSet found;
  std::vector<account::Uid> order;  // of SORT: these
};

// Whether changes of its result can be told: not when it goes by numbers of messages or by the time that passes.
bool can_update(const Search& search);
bool has_room(const SearchContext& context);

// What became of a result.
struct ContextChange {
  std::vector<ContextStep> removed, added;
  NumberSet entered;  // UIDs of those that were added
  bool lost = false;  // it is too large now, or could not be looked at: NOUPDATE
};
// Takes `vanished` away. Numbers are those before they are gone.
ContextChange drop_vanished(SearchContext& context, const Selected& view, const NumberSet& vanished);
// Looks at these messages again. Blocks.
ContextChange look_again(SearchContext& context, account::Account& account, const Selected& view,
                         const NumberSet& messages, const Clock& clock, const search::AttachmentTexts* attachments);

}  // namespace gatepost::imap::server
