#include "imap/server/search_match.hpp"

#include <algorithm>
#include <chrono>

#include "base/ascii.hpp"
#include "base/date.hpp"
#include "imap/server/server.hpp"
#include "mime/encoded_word.hpp"
#include "mime/header.hpp"
#include "reading/text_part.hpp"
#include "search/indexes.hpp"

namespace gatepost::imap::server {
namespace {

Truth truth(bool yes) { return yes ? Truth::yes : Truth::no; }

bool compare_day(SearchOp op, std::chrono::sys_days day, std::chrono::sys_days wanted) {
  switch (op) {
    case SearchOp::before:
    case SearchOp::saved_before:
    case SearchOp::sent_before:
      return day < wanted;
    case SearchOp::on:
    case SearchOp::saved_on:
    case SearchOp::sent_on:
      return day == wanted;
    default:
      return day >= wanted;
  }
}

std::chrono::sys_days day_of(TimePoint time) { return std::chrono::floor<std::chrono::days>(time); }

}  // namespace

const search::AttachmentTexts* attachment_texts(const Services& services) {
  return services.search != nullptr ? services.search->attachment_texts() : nullptr;
}

SearchMatch::SearchMatch(const SearchProgram& program, account::Account& account, const Selected& view,
                         search::Answers* index, const search::AttachmentTexts* attachments)
    : program_(program),
      view_(view),
      index_(index != nullptr && !index->empty() ? index : nullptr),
      attachments_(attachments),
      reader_(account),
      values_(program.tests().size()),
      chain_(program.tests().size()),
      needed_(program.tests().size()),
      walk_(program.casemap()) {
  const auto& tests = program.tests();
  for (std::uint32_t i = 0; i < tests.size(); ++i) {
    if (tests[i].depth == Depth::text)
      seekers_.push_back({i, tests[i].op == SearchOp::text, mime::Searcher(tests[i].needle)});
  }
}

Truth SearchMatch::combine() {
  const auto& tests = program_.tests();
  for (std::uint32_t i = static_cast<std::uint32_t>(tests.size()); i-- > 0;) {
    const SearchTest& test = tests[i];
    if (test.op == SearchOp::negation) {
      const Truth child = values_[i + 1];
      values_[i] = child == Truth::unknown ? child : truth(child == Truth::no);
    } else if (test.op == SearchOp::conjunction || test.op == SearchOp::disjunction) {
      // One child of this kind decides.
      const Truth decisive = truth(test.op == SearchOp::disjunction);
      Truth sum = truth(test.op == SearchOp::conjunction);
      for (std::uint32_t c = i + 1; c < test.end && sum != decisive; c = tests[c].end) {
        if (values_[c] == decisive || values_[c] == Truth::unknown) sum = values_[c];
      }
      values_[i] = sum;
    }
  }
  return values_[0];
}

bool SearchMatch::need(Depth depth) {
  const auto& tests = program_.tests();
  bool some = false;
  for (std::uint32_t i = 0; i < tests.size(); ++i) {
    chain_[i] = values_[i] == Truth::unknown && (i == 0 || chain_[tests[i].parent]);
    needed_[i] = chain_[i] && tests[i].depth == depth && i + 1 == tests[i].end;
    some = some || needed_[i];
  }
  return some;
}

bool SearchMatch::test_row(const SearchTest& test, const account::Row& row, std::uint32_t position) const {
  const auto recent = [&] { return view_.is_recent(row.uid); };
  switch (test.op) {
    case SearchOp::flag:
      return ((row.flags.system & test.flag) != 0) == test.wanted;
    case SearchOp::keyword:
      return (test.keyword && std::ranges::binary_search(row.flags.keywords, *test.keyword)) == test.wanted;
    case SearchOp::recent:
      return recent() == test.wanted;
    case SearchOp::new_:
      return (row.flags.system & account::flag::kSeen) == 0 && recent();
    case SearchOp::modseq:
      return row.modseq >= test.number;
    case SearchOp::sequence:
      return test.saved ? view_.saved().contains(row.uid) : test.numbers.contains(position);
    case SearchOp::uid:
      return test.saved ? view_.saved().contains(row.uid) : test.numbers.contains(row.uid);
    case SearchOp::larger:
      return row.octets > test.number;
    case SearchOp::smaller:
      return row.octets < test.number;
    case SearchOp::before:
    case SearchOp::on:
    case SearchOp::since:
      return compare_day(test.op, day_of(row.received), test.day);
    case SearchOp::saved_before:
    case SearchOp::saved_on:
    case SearchOp::saved_since:
      return compare_day(test.op, day_of(row.saved), test.day);
    case SearchOp::older:
      return row.received <= test.time;
    case SearchOp::younger:
      return row.received >= test.time;
    case SearchOp::thread_id:
      return view_.ids().thread(row.thread) == test.needle;
    case SearchOp::email_id:
      return view_.ids().email(row.email) == test.needle;
    default:
      return true;  // all, save_date_supported
  }
}

Truth SearchMatch::by_row(const account::Row& row) {
  const auto& tests = program_.tests();
  const std::uint32_t position = program_.asks_position() ? view_.uids().rank(row.uid) : 0;
  for (std::uint32_t i = 0; i < tests.size(); ++i) {
    values_[i] = tests[i].depth == Depth::row ? truth(test_row(tests[i], row, position)) : Truth::unknown;
  }
  const Truth known = combine();
  if (known != Truth::unknown || index_ == nullptr) return known;
  ask_index(row);
  return combine();
}

void SearchMatch::ask_index(const account::Row& row) {
  const auto& tests = program_.tests();
  for (std::uint32_t i = 0; i < tests.size(); ++i) {
    if (!tests[i].query || values_[i] != Truth::unknown) continue;
    const search::Says says = index_->of(*tests[i].query, row);
    if (says != search::Says::unknown) values_[i] = truth(says == search::Says::yes);
  }
}

Result<bool> SearchMatch::by_message(const account::Row& row, const account::Item& item) {
  if (const Truth known = by_row(row); known != Truth::unknown) return known == Truth::yes;
  reader_.open(item.body);
  GP_CHECK(look_at_summary(item));
  if (combine() == Truth::unknown) {
    GP_CHECK(look_at_header());
  }
  if (combine() == Truth::unknown) {
    GP_CHECK(look_at_text(item));
  }
  return combine() == Truth::yes;
}

Result<> SearchMatch::look_at_summary(const account::Item& item) {
  // Also when no key asks for it: where header and text lie is in it.
  GP_CHECK(structure_of(reader_, item.summary, structure_));
  if (!need(Depth::summary)) return {};
  for (auto& text : summary_texts_) text.reset();
  const auto& tests = program_.tests();
  for (std::uint32_t i = 0; i < tests.size(); ++i) {
    if (!needed_[i]) continue;
    values_[i] = truth(test_summary(tests[i]));
  }
  return {};
}

bool SearchMatch::test_summary(const SearchTest& test) {
  if (test.op != SearchOp::header) return test_sent(test);
  if (test.needle.empty()) return reading::text_field(structure_.envelope(), *test.summary_field).has_value();
  return summary_text(*test.summary_field).find(test.needle) != std::string::npos;
}

// The day in the message's own zone (RFC 9051 6.4.4: "disregarding time and timezone"). A message that does not say
// when it was sent was sent on no day.
bool SearchMatch::test_sent(const SearchTest& test) const {
  const mime::OptionalText& text = structure_.envelope().date;
  if (!text) return false;
  int zone_minutes = 0;
  const auto sent = date::parse_rfc5322(*text, &zone_minutes);
  return sent && compare_day(test.op, day_of(*sent + std::chrono::minutes(zone_minutes)), test.day);
}

const std::string& SearchMatch::summary_text(SummaryField field) {
  std::optional<std::string>& text = summary_texts_[static_cast<std::size_t>(field)];
  if (!text) text = reading::searched_text(structure_, field, program_.casemap());
  return *text;
}

Result<> SearchMatch::look_at_header() {
  if (!need(Depth::header)) return {};
  const auto& tests = program_.tests();
  std::vector<std::uint32_t> asked;
  for (std::uint32_t i = 0; i < tests.size(); ++i) {
    if (!needed_[i]) continue;
    asked.push_back(i);
    values_[i] = Truth::no;
  }
  GP_TRY(const std::string_view block, header_of(reader_, structure_.parts[0]));
  mime::HeaderReader fields(block);
  while (const auto field = fields.next()) {
    std::optional<std::string> text;
    for (const std::uint32_t i : asked) {
      const SearchTest& test = tests[i];
      if (values_[i] == Truth::yes || !ascii::iequals(test.field, field->name)) continue;
      if (!text) text = mime::fold(mime::decode_words(field->value), program_.casemap());
      values_[i] = truth(text->find(test.needle) != std::string::npos);
    }
  }
  return {};
}

Result<> SearchMatch::look_at_text(const account::Item& item) {
  if (!need(Depth::text)) return {};
  seeking_.clear();
  for (Seeker& seeker : seekers_) {
    if (!needed_[seeker.test]) continue;
    seeker.searcher.restart();
    seeking_.push_back(&seeker);
  }
  GP_CHECK(walk_.walk(reader_, structure_, *this));
  if (attachments_ != nullptr && !seeking_.empty()) look_at_attachments(item.body);
  for (const Seeker* seeker : seeking_) values_[seeker->test] = Truth::no;
  return {};
}

// What was found in them belongs to the body (RFC 9051 6.4.4: "the body of the message").
void SearchMatch::look_at_attachments(const account::Body& body) {
  if (std::ranges::none_of(structure_.parts, reading::may_hold_text)) return;
  std::string folded;
  for (const std::string& utf8 : attachments_->texts_of(body)) {
    end_text();
    folded = mime::fold(utf8, program_.casemap());
    if (!text(folded, true)) return;
  }
}

bool SearchMatch::wants_headers() const { return std::ranges::any_of(seeking_, &Seeker::in_headers); }

bool SearchMatch::text(std::string_view folded, bool in_body) {
  const auto found = std::erase_if(seeking_, [&](Seeker* seeker) {
    if (!in_body && !seeker->in_headers) return false;
    if (!seeker->searcher.feed(folded)) return false;
    values_[seeker->test] = Truth::yes;
    return true;
  });
  // The others may not matter any more.
  if (found > 0 && combine() != Truth::unknown) seeking_.clear();
  return !seeking_.empty();
}

void SearchMatch::end_text() {
  for (Seeker* seeker : seeking_) seeker->searcher.restart();
}

}  // namespace gatepost::imap::server
