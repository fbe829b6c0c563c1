#include <algorithm>
#include <limits>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>
#include <boost/unordered/unordered_flat_set.hpp>

#include "base/ascii.hpp"
#include "jmap/email.hpp"
#include "jmap/email_filter.hpp"
#include "jmap/ids.hpp"
#include "mime/base_subject.hpp"
#include "mime/encoded_word.hpp"
#include "mime/fold.hpp"
#include "mime/summary.hpp"
#include "search/indexes.hpp"

// Email/query, Email/queryChanges, SearchSnippet/get (RFC 8621 4.4, 4.5, 5).
namespace gatepost::jmap {
namespace {

using account::ItemId;

enum class Key : std::uint8_t {
  received,
  size,
  from,
  to,
  subject,
  sent,
  has_keyword,
  all_in_thread,
  some_in_thread,
};
struct Comparator {
  Key key{};
  bool ascending = true;
  std::string keyword;
};

struct Query {
  Access* access = nullptr;
  EmailFilter filter;
  std::vector<Comparator> sort;
  bool collapse = false;
  std::string text;  // the same for the same query
  // What it finds depends on what was found in attachments so far, which no change of the account tells: of which
  // state.
  std::optional<std::uint64_t> attachments;
};

constexpr std::size_t kMaxSort = 10;

Outcome<std::vector<Comparator>> read_sort(const json::array* given) {
  static constexpr std::pair<std::string_view, Key> kKeys[] = {{"receivedAt", Key::received},
                                                               {"size", Key::size},
                                                               {"from", Key::from},
                                                               {"to", Key::to},
                                                               {"subject", Key::subject},
                                                               {"sentAt", Key::sent},
                                                               {"hasKeyword", Key::has_keyword},
                                                               {"allInThreadHaveKeyword", Key::all_in_thread},
                                                               {"someInThreadHaveKeyword", Key::some_in_thread}};
  std::vector<Comparator> out;
  if (given == nullptr) return out;
  if (given->size() > kMaxSort) return refuse("unsupportedSort", "too many");
  for (const json::value& value : *given) {
    const auto* object = value.if_object();
    const auto* property = object != nullptr ? object->if_contains("property") : nullptr;
    if (property == nullptr || !property->is_string()) return bad_argument("sort");
    const auto key =
        std::ranges::find(kKeys, std::string_view(property->get_string()), &std::pair<std::string_view, Key>::first);
    if (key == std::ranges::end(kKeys)) return refuse("unsupportedSort", std::string(property->get_string()));
    Comparator c{.key = key->second};
    if (const auto* ascending = object->if_contains("isAscending")) {
      if (!ascending->is_bool()) return bad_argument("sort");
      c.ascending = ascending->get_bool();
    }
    if (c.key >= Key::has_keyword) {
      const auto* keyword = object->if_contains("keyword");
      if (keyword == nullptr || !keyword->is_string() || !is_keyword(keyword->get_string()))
        return bad_argument("sort");
      c.keyword = ascii::to_lower(keyword->get_string());
    }
    if (const auto* collation = object->if_contains("collation"); collation != nullptr && !collation->is_null()) {
      // RFC 8620 5.5: those of the core capability.
      if (!collation->is_string() || collation->get_string() != "i;unicode-casemap") return refuse("unsupportedSort");
    }
    out.push_back(std::move(c));
  }
  return out;
}

Outcome<Query> read_query(Call& call, Arguments& arguments) {
  Query out;
  const std::string account = arguments.id("accountId");
  const json::value* filter = arguments.any("filter");
  const json::array* sort = arguments.array("sort");
  out.collapse = arguments.boolean("collapseThreads");
  auto access = call.context.access(account);
  if (!access) return std::unexpected(access.error());
  out.access = *access;
  auto read = EmailFilter::read(call.context, *out.access, filter);
  if (!read) return std::unexpected(read.error());
  out.filter = std::move(*read);
  auto comparators = read_sort(sort);
  if (!comparators) return std::unexpected(comparators.error());
  out.sort = std::move(*comparators);
  // What another reader of a shared account finds is another list.
  out.text = account_name(account::AccountId{static_cast<std::uint64_t>(call.context.user.id)}) +
             (filter != nullptr ? json::serialize(*filter) : "") + (sort != nullptr ? json::serialize(*sort) : "") +
             (out.collapse ? "c" : "");
  const search::Indexes* const indexes = call.context.services.search;
  if (indexes != nullptr && indexes->attachment_texts() != nullptr && out.filter.asks_body()) {
    out.attachments = indexes->attachments_found();
    out.text += fmt::format("a{}", *out.attachments);
  }
  return out;
}

// What messages are put in order by, beside their lines.
struct Sortable {
  const FolderView* view;
  Line line;
  std::vector<std::string> texts;  // of each comparator that compares texts
};

// The name of the first address, or the address (RFC 8621 4.4.2).
std::string first_of(const mime::Structure& structure, mime::Run run) {
  for (const mime::Address& a : structure.addresses_of(run)) {
    if (!a.is_mailbox()) continue;
    std::string name = a.name ? mime::decode_words(*a.name) : std::string();
    return mime::fold(name.empty() ? mime::to_addr_spec(a) : name);
  }
  return {};
}

class Order {
 public:
  Order(const Query& query, const CopiedEmails* copied, const std::vector<std::shared_ptr<const FolderView>>& all)
      : query_(query), copied_(copied) {
    for (const Comparator& c : query.sort) {
      if (c.key >= Key::has_keyword) count(c, all);
    }
  }

  Result<> prepare(std::vector<Sortable>& list) const {
    const bool reads =
        std::ranges::any_of(query_.sort, [](const Comparator& c) { return c.key >= Key::from && c.key <= Key::sent; });
    if (!reads) return {};
    mime::Structure head;
    for (Sortable& s : list) {
      const auto item = query_.access->account->item(s.line.item);
      if (!item && item.error().code != Errc::not_found) return std::unexpected(item.error());
      const bool known = item && mime::decode_envelope(item->summary, head).has_value() && !head.envelopes.empty();
      for (const Comparator& c : query_.sort) {
        std::string text;
        if (known && c.key == Key::from) text = first_of(head, head.envelopes[0].from);
        if (known && c.key == Key::to) text = first_of(head, head.envelopes[0].to);
        if (known && c.key == Key::subject) {
          text = mime::fold(mime::base_subject(head.envelopes[0].subject.value_or("")).text);
        }
        if (c.key == Key::sent) {
          const auto sent = known ? date::parse_rfc5322(head.envelopes[0].date.value_or("")) : std::nullopt;
          const std::int64_t seconds =
              sent ? std::chrono::floor<std::chrono::seconds>(*sent).time_since_epoch().count() : s.line.received;
          text = fmt::format("{:020}", seconds + (std::int64_t{1} << 40));
        }
        s.texts.push_back(std::move(text));
      }
    }
    return {};
  }

  bool operator()(const Sortable& a, const Sortable& b) const {
    for (std::size_t i = 0; i < query_.sort.size(); ++i) {
      const Comparator& c = query_.sort[i];
      const int order = compare(c, i, a, b);
      if (order != 0) return c.ascending ? order < 0 : order > 0;
    }
    if (a.line.received != b.line.received) return a.line.received > b.line.received;
    return a.line.item > b.line.item;
  }

 private:
  static int sign(auto a, auto b) { return a < b ? -1 : a > b ? 1 : 0; }

  int compare(const Comparator& c, std::size_t i, const Sortable& a, const Sortable& b) const {
    switch (c.key) {
      case Key::received:
        return sign(a.line.received, b.line.received);
      case Key::size:
        return sign(a.line.octets, b.line.octets);
      case Key::from:
      case Key::to:
      case Key::subject:
      case Key::sent:
        return a.texts[i].compare(b.texts[i]);
      case Key::has_keyword:
        return sign(with(c, a), with(c, b));
      case Key::all_in_thread:
      case Key::some_in_thread:
        return sign(thread_has(c, a), thread_has(c, b));
    }
    return 0;
  }

  std::string name_of(const Comparator& c) const { return c.keyword; }

  bool has(const Comparator& c, const FolderView& view, const Line& line) const {
    const auto wish = wishes_.at(c.keyword);
    const auto* const together = copied_ != nullptr ? copied_->find(line.email) : nullptr;
    if (wish.first != 0) return ((together != nullptr ? together->flags : line.flags) & wish.first) != 0;
    return wish.second && std::ranges::binary_search(
                              together != nullptr ? together->keywords : view.keywords[line.keywords], *wish.second);
  }
  int with(const Comparator& c, const Sortable& s) const { return has(c, *s.view, s.line) ? 1 : 0; }
  int thread_has(const Comparator& c, const Sortable& s) const {
    const auto& threads = threads_.at(c.keyword);
    const auto tally = threads.find(s.line.thread);
    if (tally == threads.end()) return 0;
    return c.key == Key::all_in_thread ? (tally->second.first == tally->second.second ? 1 : 0)
                                       : (tally->second.second > 0 ? 1 : 0);
  }

  void count(const Comparator& c, const std::vector<std::shared_ptr<const FolderView>>& all) {
    std::pair<std::uint8_t, std::optional<account::KeywordId>> wish;
    wish.first = read_keywords(json::object{{c.keyword, true}})->system;
    if (const auto names = query_.access->account->keywords(); names && wish.first == 0) {
      for (std::size_t i = 0; i < (*names)->size(); ++i) {
        if (ascii::iequals((**names)[i], c.keyword)) wish.second = static_cast<account::KeywordId>(i);
      }
    }
    wishes_[c.keyword] = wish;
    if (c.key == Key::has_keyword) return;
    auto& threads = threads_[c.keyword];
    for (const auto& view : all) {
      for (const Line& line : view->lines) {
        const auto* const together = copied_ != nullptr ? copied_->find(line.email) : nullptr;
        if (together != nullptr && together->first != line.item) continue;
        auto& tally = threads[line.thread];
        ++tally.first;
        tally.second += has(c, *view, line) ? 1 : 0;
      }
    }
  }

  const Query& query_;
  const CopiedEmails* const copied_;
  std::unordered_map<std::string, std::pair<std::uint8_t, std::optional<account::KeywordId>>> wishes_;
  std::unordered_map<std::string, std::unordered_map<ItemId, std::pair<std::uint32_t, std::uint32_t>>> threads_;
};

bool asks_threads(const Query& query) {
  return query.filter.asks_threads() ||
         std::ranges::any_of(query.sort, [](const Comparator& c) { return c.key >= Key::all_in_thread; });
}

// Newest first, as views are.
bool is_plain_order(const Query& query) {
  return query.sort.empty() ||
         (query.sort.size() == 1 && query.sort[0].key == Key::received && !query.sort[0].ascending);
}

// Conversations that came already (RFC 8621 4.4.3: of each one the first message only). Mostly a bit for each number
// between the first and the last one takes less room and time than a set of those that came.
class Collapse {
 public:
  // Of messages in these views.
  Collapse(bool wanted, std::span<const std::shared_ptr<const FolderView>> views) : wanted_(wanted) {
    std::uint64_t last = 0;
    std::size_t count = 0;
    first_ = std::numeric_limits<std::uint64_t>::max();
    for (const auto& view : views) {
      first_ = std::min(first_, view->lowest_thread);
      last = std::max(last, view->highest_thread);
      count += view->lines.size();
    }
    constexpr std::size_t kBitsForOne = 64;
    if (wanted && first_ <= last && (last - first_) / kBitsForOne <= count) came_.resize(last - first_ + 1);
  }
  bool shows(ItemId thread) {
    if (!wanted_) return true;
    const std::uint64_t at = static_cast<std::uint64_t>(thread) - first_;
    if (at >= came_.size()) return others_.insert(static_cast<std::uint64_t>(thread)).second;
    if (came_[at]) return false;
    came_[at] = true;
    return true;
  }

 private:
  bool wanted_;
  std::uint64_t first_ = 0;
  std::vector<bool> came_;
  boost::unordered_flat_set<std::uint64_t> others_;
};

// All that a query finds, in its order.
Result<Views::Found> run(Call& call, const Query& query, account::Modseq at) {
  Access& access = *query.access;
  if (auto known = call.context.views.found(*access.account, query.text, at)) return known;
  GP_TRY(const auto folders, access.folders());
  const auto only = query.filter.only_in();
  const bool all_needed = asks_threads(query);
  std::vector<std::shared_ptr<const FolderView>> all, searched;
  for (const account::Folder& folder : folders) {
    const bool wanted = !only || *only == folder.id;
    if (!wanted && !all_needed) continue;
    GP_TRY(auto view, call.context.views.folder(*access.account, folder.id));
    if (wanted) searched.push_back(view);
    all.push_back(std::move(view));
  }
  search::Answers answers;
  search::Indexes* const indexes = call.context.services.search;
  if (!query.filter.queries().empty() && indexes != nullptr)
    answers = indexes->look(access.id(), query.filter.queries());
  GP_TRY(const auto copied, copied_emails(call.context, access));
  EmailMatch match(query.filter, access, call.context.views, std::move(answers),
                   indexes != nullptr ? indexes->attachment_texts() : nullptr, copied.get(), all);
  EmailsOnce once(copied.get());
  auto ids = std::make_shared<std::vector<ItemId>>();
  Collapse collapse(query.collapse, searched);
  if (is_plain_order(query) && searched.size() == 1) {
    const FolderView& view = *searched.front();
    for (const Line& line : view.lines) {
      GP_TRY(const bool is, match(view, line));
      if (is && once.shows(line) && collapse.shows(line.thread)) ids->push_back(line.email);
    }
  } else if (is_plain_order(query)) {
    struct Hit {
      LineKey key;
      ItemId thread{}, email{};
    };
    std::vector<Hit> hits;
    for (const auto& view : searched) {
      std::vector<Hit> here, merged;
      for (const Line& line : view->lines) {
        GP_TRY(const bool is, match(*view, line));
        if (is && once.shows(line)) here.push_back({key_of(line), line.thread, line.email});
      }
      if (hits.empty()) {
        hits = std::move(here);
        continue;
      }
      merged.reserve(hits.size() + here.size());
      std::ranges::merge(hits, here, std::back_inserter(merged), newer, &Hit::key, &Hit::key);
      hits = std::move(merged);
    }
    ids->reserve(hits.size());
    for (const Hit& hit : hits) {
      if (collapse.shows(hit.thread)) ids->push_back(hit.email);
    }
  } else {
    std::vector<Sortable> list;
    for (const auto& view : searched) {
      for (const Line& line : view->lines) {
        GP_TRY(const bool is, match(*view, line));
        if (is && once.shows(line)) list.push_back({view.get(), line, {}});
      }
    }
    const Order order(query, copied.get(), all);
    GP_CHECK(order.prepare(list));
    std::ranges::sort(list, order);
    ids->reserve(list.size());
    for (const Sortable& s : list) {
      if (collapse.shows(s.line.thread)) ids->push_back(s.line.email);
    }
  }
  call.context.views.keep(*access.account, query.text, at, ids);
  return ids;
}

// What a query answers with.
struct Page {
  std::size_t position = 0, total = 0;
  std::vector<ItemId> ids;
};

Outcome<Page> page_of(const Window& window, const account::ObjectIds& names, const std::vector<ItemId>& ids) {
  const auto range = place(window, ids.size(), [&](std::string_view id) -> std::optional<std::size_t> {
    const auto email = names.find_email(id);
    const auto at = email ? std::ranges::find(ids, *email) : ids.end();
    if (at == ids.end()) return std::nullopt;
    return static_cast<std::size_t>(at - ids.begin());
  });
  if (!range) return std::unexpected(range.error());
  const auto first = ids.begin();
  return Page{range->first,
              ids.size(),
              {first + static_cast<std::ptrdiff_t>(range->first), first + static_cast<std::ptrdiff_t>(range->second)}};
}

// A mailbox from the newest message on is what its view is already: nothing is made of all its messages.
Outcome<Page> page_of(const Window& window, const account::ObjectIds& names,
                      const std::shared_ptr<const FolderView>& of, bool collapsed) {
  const FolderView& view = *of;
  const std::size_t total = collapsed ? view.threads : view.lines.size() - view.repeats;
  // The messages of an email are of one conversation.
  std::optional<CopiedEmails> copied;
  if (view.repeats > 0 && !collapsed) copied.emplace(std::span(&of, 1));
  const CopiedEmails* const repeated = copied ? &*copied : nullptr;
  const auto range = place(window, total, [&](std::string_view id) -> std::optional<std::size_t> {
    const auto email = names.find_email(id);
    std::size_t index = 0;
    Collapse collapse(collapsed, std::span(&of, 1));
    EmailsOnce once(repeated);
    for (const Line& line : view.lines) {
      if (!once.shows(line) || !collapse.shows(line.thread)) continue;
      if (email && line.email == *email) return index;
      ++index;
    }
    return std::nullopt;
  });
  if (!range) return std::unexpected(range.error());
  Page page{range->first, total, {}};
  page.ids.reserve(range->second - range->first);
  std::size_t index = collapsed || copied ? 0 : range->first;
  Collapse collapse(collapsed, std::span(&of, 1));
  EmailsOnce once(repeated);
  for (auto line = view.lines.from(index); line != view.lines.end() && index < range->second; ++line) {
    const Line one = *line;
    if (!once.shows(one) || !collapse.shows(one.thread)) continue;
    if (index++ >= range->first) page.ids.push_back(one.email);
  }
  return page;
}

Outcome<Page> find_page(Call& call, const Query& query, const Window& window, account::Modseq at) {
  const account::ObjectIds names = query.access->ids();
  if (is_plain_order(query) && query.filter.is_mailbox_alone()) {
    const auto folder = query.access->folder(*query.filter.only_in());
    if (!folder && folder.error().code == Errc::not_found) return page_of(window, names, {});
    if (!folder) return std::unexpected(refusal_for_call(folder.error()));
    JMAP_CALL_TRY(const auto view, call.context.views.folder(*query.access->account, folder->id));
    return page_of(window, names, view, query.collapse);
  }
  JMAP_CALL_TRY(const auto ids, run(call, query, at));
  return page_of(window, names, *ids);
}

}  // namespace

Answer email_query(Call& call) {
  Arguments arguments(call.given);
  auto query = read_query(call, arguments);
  if (!query) return std::unexpected(query.error());
  const Window window = read_window(arguments);
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  const account::Modseq state = query->access->account->modseq();
  const auto page = find_page(call, *query, window, state);
  if (!page) return std::unexpected(page.error());
  const account::ObjectIds names = query->access->ids();
  json::array ids;
  ids.reserve(page->ids.size());
  for (const ItemId id : page->ids) ids.emplace_back(names.email(id));
  json::object out{{"accountId", account_name(query->access->id())},
                   {"queryState", query->attachments ? fmt::format("{}.{}", state_name(state), *query->attachments)
                                                     : state_name(state)},
                   {"canCalculateChanges", !query->attachments},
                   {"position", page->position},
                   {"ids", std::move(ids)},
                   {"collapseThreads", query->collapse}};
  if (window.calculate_total) out["total"] = page->total;
  return out;
}

Answer email_query_changes(Call& call) {
  Arguments arguments(call.given);
  auto query = read_query(call, arguments);
  if (!query) return std::unexpected(query.error());
  const auto since_text = arguments.text("sinceQueryState");
  const auto most = arguments.number("maxChanges");
  const auto up_to = arguments.text("upToId");
  const bool total = arguments.boolean("calculateTotal");
  if (!since_text) arguments.wrong("sinceQueryState");
  if (auto done = arguments.done(); !done) return std::unexpected(done.error());
  if (query->attachments) return refuse("cannotCalculateChanges");
  const auto since = read_state(*since_text);
  if (!since) return refuse("cannotCalculateChanges");
  Access& access = *query->access;
  const account::ObjectIds names = access.ids();
  constexpr std::size_t kMost = 10'000;
  JMAP_CALL_TRY(const auto changes, access.account->account_changes(*since, kMost));
  if (!changes.known || changes.more) return refuse("cannotCalculateChanges");
  JMAP_CALL_TRY(const auto ids, run(call, *query, changes.to));
  // What a change may have moved: the message, and where conversations count, the others of its conversation.
  std::unordered_set<ItemId> touched;
  const bool by_thread = query->collapse || asks_threads(*query);
  for (const auto& email : changes.emails) {
    touched.insert(email.email);
    if (!by_thread) continue;
    JMAP_CALL_TRY(const auto others, access.account->thread(email.thread));
    touched.insert(others.begin(), others.end());
  }
  std::unordered_set<ItemId> created;
  for (const auto& email : changes.emails) {
    if (email.what == account::AccountChanges::What::created) created.insert(email.email);
  }
  // RFC 8620 5.6: ids that were not there before may be named as removed; what was made since was not.
  std::vector<ItemId> gone(touched.begin(), touched.end());
  std::erase_if(gone, [&](ItemId id) { return created.contains(id); });
  std::ranges::sort(gone);
  const auto last = up_to ? names.find_email(*up_to) : std::nullopt;
  json::array removed;
  json::array added;
  for (const ItemId id : gone) removed.emplace_back(names.email(id));
  // RFC 8620 5.6: behind upToId nothing need be told, unless the order or the filter can change.
  const bool fixed = is_plain_order(*query) && query->filter.conditions().empty();
  for (std::size_t i = 0; i < ids->size(); ++i) {
    if (touched.contains((*ids)[i])) added.push_back(json::object{{"id", names.email((*ids)[i])}, {"index", i}});
    if (fixed && last && (*ids)[i] == *last) break;
  }
  if (most && removed.size() + added.size() > *most) return refuse("tooManyChanges");
  json::object out{{"accountId", account_name(access.id())},
                   {"oldQueryState", *since_text},
                   {"newQueryState", state_name(changes.to)},
                   {"removed", std::move(removed)},
                   {"added", std::move(added)}};
  if (total) out["total"] = ids->size();
  return out;
}

}  // namespace gatepost::jmap
