#include "imap/server/search_filters.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/utf8.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/search_program.hpp"

namespace gatepost::imap::server {
namespace {

// RFC 5466 3.1: three are enough, and what still names a filter then goes round in circles.
constexpr int kPasses = 3;

using Filters = std::map<std::string, std::string>;  // criteria by name

Result<Filters> read_filters(const Session& session) {
  const auto reader = static_cast<account::Reader>(session.principal().id);
  GP_TRY(auto all, session.own_account().annotations(account::kRoot, reader));
  Filters out;
  for (account::Annotation& one : all) {
    if (one.name.starts_with(kFilterValues)) out.emplace(one.name.substr(kFilterValues.size()), std::move(one.value));
  }
  return out;
}

bool has_filter(const Search& search) {
  return std::ranges::any_of(search.keys, [](const SearchKey& key) { return key.op == SearchOp::filter; });
}

Answer undefined(const std::string& name) {
  return no(code::undefined_filter(name), "There is no such filter, or it leads nowhere");
}

// What stands for each filter that the keys name now.
std::optional<Answer> expand_once(const Filters& filters, std::vector<SearchKey>& keys) {
  for (std::size_t i = keys.size(); i-- > 0;) {
    if (keys[i].op != SearchOp::filter) continue;
    const auto found = filters.find(keys[i].text);
    if (found == filters.end()) return undefined(keys[i].text);
    const auto criteria = parse_criteria(found->second);
    if (!criteria) return undefined(keys[i].text);
    if (!replace_filter(keys, i, *criteria)) return no(code::kLimit, "With its filters the search is too large");
  }
  return std::nullopt;
}

Task<std::optional<Answer>> expand(Session& session, Search& search) {
  if (!has_filter(search)) co_return std::nullopt;
  // RFC 5466 3.1
  if (!search.charset.empty() && search.charset != "UTF-8" && search.charset != "US-ASCII") {
    co_return bad("Filters are in UTF-8", code::bad_charset(kCharsets));
  }
  auto read = [&session] { return read_filters(session); };
  const Result<Filters> filters = co_await session.workers().run(read);
  if (!filters) co_return session.failed(filters.error());
  for (int pass = 0; pass < kPasses && has_filter(search); ++pass) {
    if (auto refused = expand_once(*filters, search.keys)) co_return std::move(refused);
  }
  const auto left = std::ranges::find(search.keys, SearchOp::filter, &SearchKey::op);
  if (left != search.keys.end()) co_return undefined(left->text);
  if (!session.enabled().utf8_accept) search.charset = "UTF-8";
  co_return std::nullopt;
}

}  // namespace

Task<std::optional<Answer>> expand_filters(Session& session, Search& search) {
  std::optional<Answer> refused = co_await expand(session, search);
  // RFC 5182 2.1: a search that fails leaves nothing saved.
  const bool saves = search.returns && search.returns->save && session.has_selected();
  if (refused && refused->condition == Condition::no && saves) session.selected().save({});
  co_return refused;
}

bool is_good_filter(std::string_view entry, const std::optional<std::string>& value) {
  if (!entry.starts_with(kFilterValues) || !value) return true;
  return is_filter_name(entry.substr(kFilterValues.size())) && utf8::is_valid(*value) && parse_criteria(*value);
}

}  // namespace gatepost::imap::server
