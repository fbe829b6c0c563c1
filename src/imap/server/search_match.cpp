#include "imap/server/search_match.hpp"

#include <algorithm>
#include <chrono>

#include "base/ascii.hpp"
#include "base/date.hpp"
#include "imap/server/object_id.hpp"
#include "mime/encoded_word.hpp"
#include "mime/header.hpp"

namespace gatepost::imap::server {
namespace {

using Field = SummaryField;

// Of a longer header the rest is not searched, as it is not looked at elsewhere.
constexpr std::uint64_t kMaxHeaderOctets = mime::kMaxHeaderOctets;

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

mime::OptionalText text_field(const mime::Envelope& envelope, Field field) {
  switch (field) {
    case Field::date:
      return envelope.date;
    case Field::subject:
      return envelope.subject;
    case Field::in_reply_to:
      return envelope.in_reply_to;
    case Field::message_id:
      return envelope.message_id;
    case Field::references:
      return envelope.references;
    default:
      return std::nullopt;
  }
}

mime::Run address_field(const mime::Envelope& envelope, Field field) {
  switch (field) {
    case Field::from:
      return envelope.from;
    case Field::sender:
      return envelope.sender;
    case Field::reply_to:
      return envelope.reply_to;
    case Field::to:
      return envelope.to;
    case Field::cc:
      return envelope.cc;
    case Field::bcc:
      return envelope.bcc;
    default:
      return {};
  }
}

// As people read a list of addresses: "Jane Doe <jane@example.org>, ".
std::string readable(std::span<const mime::Address> addresses) {
  std::string out;
  for (const mime::Address& a : addresses) {
    if (a.ends_group()) {
      out += "; ";
    } else if (a.starts_group()) {
      out += mime::decode_words(*a.mailbox) + ": ";
    } else {
      if (a.name) out += mime::decode_words(*a.name) + ' ';
      out.append("<").append(*a.mailbox);
      if (!a.host->empty()) out.append("@").append(*a.host);
      out += ">, ";
    }
  }
  return out;
}

}  // namespace

SearchMatch::SearchMatch(const SearchProgram& program, account::Account& account, const Selected& view)
    : program_(program),
      view_(view),
      reader_(account),
      values_(program.tests().size()),
      chain_(program.tests().size()),
      needed_(program.tests().size()) {
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
      return false;
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
  return combine();
}

Result<bool> SearchMatch::by_message(const account::Row& row, const account::Item& item) {
  if (const Truth known = by_row(row); known != Truth::unknown) return known == Truth::yes;
  reader_.open(item.body);
  GP_CHECK(look_at_summary(row, item));
  if (combine() == Truth::unknown) {
    GP_CHECK(look_at_header());
  }
  if (combine() == Truth::unknown) {
    GP_CHECK(look_at_text());
  }
  return combine() == Truth::yes;
}

Result<> SearchMatch::look_at_summary(const account::Row& row, const account::Item& item) {
  // Also when no key asks for it: where header and text lie is in it.
  GP_TRY(structure_, structure_of(reader_, item.summary));
  if (!need(Depth::summary)) return {};
  for (auto& text : summary_texts_) text.reset();
  const auto& tests = program_.tests();
  for (std::uint32_t i = 0; i < tests.size(); ++i) {
    if (!needed_[i]) continue;
    values_[i] = truth(tests[i].op == SearchOp::email_id ? email_id(item.body, row.received) == tests[i].needle
                                                         : test_summary(tests[i]));
  }
  return {};
}

bool SearchMatch::test_summary(const SearchTest& test) {
  if (test.op != SearchOp::header) return test_sent(test);
  if (test.needle.empty()) return text_field(structure_.envelope(), *test.summary_field).has_value();
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
  if (!text) {
    const mime::Envelope& envelope = structure_.envelope();
    if (field >= Field::from) {
      text = mime::fold(readable(structure_.addresses_of(address_field(envelope, field))));
    } else {
      text = mime::fold(mime::decode_words(text_field(envelope, field).value_or("")));
    }
  }
  return *text;
}

Result<std::string_view> SearchMatch::header_of(const mime::Part& part) {
  return reader_.view({part.header_begin, std::min(part.body_begin, part.header_begin + kMaxHeaderOctets)});
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
  GP_TRY(const std::string_view block, header_of(structure_.parts[0]));
  mime::HeaderReader fields(block);
  while (const auto field = fields.next()) {
    std::optional<std::string> text;
    for (const std::uint32_t i : asked) {
      const SearchTest& test = tests[i];
      if (values_[i] == Truth::yes || !ascii::iequals(test.field, field->name)) continue;
      if (!text) text = mime::fold(mime::decode_words(field->value));
      values_[i] = truth(text->find(test.needle) != std::string::npos);
    }
  }
  return {};
}

}  // namespace gatepost::imap::server
