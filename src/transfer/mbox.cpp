#include "transfer/mbox.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/date.hpp"
#include "transfer/pop3_names.hpp"

namespace gatepost::transfer {
namespace {

constexpr std::size_t kLongLine = 64 << 10;  // a longer one is passed on in parts
constexpr std::string_view kFrom = "From ";
// More ">" than this before "From " are no quoting: what is looked at must fit into the first part of a long line.
constexpr std::size_t kMaxQuotes = 1'000;
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Lines of a header that say what mbox has no other place for.
constexpr std::array<std::string_view, 6> kOwnFields{"Status", "X-Status",   "X-Keywords",
                                                     "X-UID",  "X-IMAPbase", "X-IMAP"};

void read_status(std::string_view letters, Message& message) {
  using namespace account;
  for (const char c : letters) {
    switch (c) {
      case 'R':
        message.flags |= flag::kSeen;
        break;
      case 'A':
        message.flags |= flag::kAnswered;
        break;
      case 'F':
        message.flags |= flag::kFlagged;
        break;
      case 'D':
        message.flags |= flag::kDeleted;
        break;
      case 'T':
        message.flags |= flag::kDraft;
        break;
      default:
        break;
    }
  }
}

void read_keywords(std::string_view value, Message& message) {
  for (const std::string_view word : ascii::split(value, ' ')) {
    const std::string_view keyword = ascii::trim(word);
    if (keyword.empty() || keyword.size() > kMaxKeywordOctets || message.keywords.size() >= kMaxKeywords) continue;
    if (std::ranges::find(message.keywords, keyword) == message.keywords.end()) message.keywords.emplace_back(keyword);
  }
}

}  // namespace

std::optional<TimePoint> parse_from_line(std::string_view line) {
  if (!line.starts_with(kFrom)) return std::nullopt;
  std::vector<std::string_view> words;
  for (const std::string_view word : ascii::split(without_end(line), ' ')) {
    if (!word.empty() && words.size() < 32) words.push_back(word);
  }
  // ... Nov 26 09:16:42 2026, the zone before or behind the year.
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (words[i].find(':') == std::string_view::npos) continue;
    if (std::ranges::find(kMonths, words[i - 2]) == kMonths.end()) continue;
    std::string_view year, zone = "+0000";
    for (std::size_t k = i + 1; k < std::min(words.size(), i + 3); ++k) {
      const bool digits = std::ranges::all_of(words[k], ascii::is_digit);
      if (digits && words[k].size() == 4 && year.empty()) year = words[k];
      if (words[k].size() == 5 && (words[k][0] == '+' || words[k][0] == '-')) zone = words[k];
    }
    if (year.empty()) continue;
    const auto time =
        date::parse_rfc5322(fmt::format("{} {} {} {} {}", words[i - 1], words[i - 2], year, words[i], zone));
    if (time) return time;
  }
  return std::nullopt;
}

std::string format_from_line(TimePoint received) {
  const auto day = std::chrono::floor<std::chrono::days>(received);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(received - day));
  return fmt::format("From MAILER-DAEMON {} {} {:2} {:02}:{:02}:{:02} {:04}\n",
                     kDays[std::chrono::weekday(day).c_encoding()], kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                     time.seconds().count(), static_cast<int>(date.year()));
}

void MboxReader::feed(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t lf = piece.find('\n');
    const std::size_t take = lf == std::string_view::npos ? piece.size() : lf + 1;
    rest_.append(piece.substr(0, take));
    piece.remove_prefix(take);
    const bool whole = lf != std::string_view::npos;
    if (!whole && rest_.size() < kLongLine) return;
    const std::string text = std::exchange(rest_, {});
    const bool goes_on = line_goes_on_;
    line_goes_on_ = !whole;
    if (goes_on) {
      body(text, false);
      after_empty_ = false;
    } else {
      line(text, whole);
    }
  }
}

void MboxReader::finish() {
  if (!rest_.empty()) {
    const std::string text = std::exchange(rest_, {});
    line_goes_on_ ? body(text, false) : line(text, true);
  }
  if (where_ != Where::outside) end_message();
}

std::optional<MboxReader::Event> MboxReader::next() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

// `whole`: with its end; else only the first part of a line that is too long to keep.
void MboxReader::line(std::string_view text, bool whole) {
  if (after_empty_ && whole) {
    if (const auto received = parse_from_line(text)) {
      if (where_ != Where::outside) end_message();
      begin(*received);
      after_empty_ = false;
      return;
    }
  }
  const bool empty = whole && without_end(text).empty();
  if (where_ == Where::outside) {
    skipped_ += text.size();
  } else if (where_ == Where::header) {
    if (empty) {
      end_header();
      held_ = text;
    } else if (!whole || header_.size() + text.size() > kMaxMboxHeader) {
      end_header();
      body(text, true);
    } else {
      header_line(text);
    }
  } else {
    body(text, true);
  }
  after_empty_ = empty;
}

void MboxReader::begin(TimePoint received) {
  message_ = {};
  message_.received = std::chrono::floor<std::chrono::seconds>(received);
  ++messages_;
  header_.clear();
  held_.clear();
  dropped_field_ = internal_ = begun_ = has_status_ = false;
  where_ = Where::header;
  crlf_ = {};
}

std::string_view MboxReader::unquoted(std::string_view text) const {
  const std::size_t quotes = std::min(text.find_first_not_of('>'), text.size());
  const bool quoted = quotes > 0 && quotes <= kMaxQuotes && text.substr(quotes).starts_with(kFrom) &&
                      (quoting_ == MboxQuoting::mboxrd || quotes == 1);
  return quoted ? text.substr(1) : text;
}

void MboxReader::header_line(std::string_view text) {
  if (text.front() == ' ' || text.front() == '\t') {
    if (!dropped_field_) header_.append(text);
    return;
  }
  dropped_field_ = false;
  const std::size_t colon = text.find(':');
  const std::string_view name = ascii::trim(text.substr(0, colon));
  const auto own = std::ranges::find_if(kOwnFields, [&](std::string_view f) { return ascii::iequals(f, name); });
  if (colon == std::string_view::npos || own == kOwnFields.end() ||
      (*own == "X-IMAP" && (messages_ > 1 || has_status_))) {
    header_.append(unquoted(text));
    return;
  }
  // Where it turns out to be a message, the field is one of its own.
  if (*own == "X-IMAP") {
    header_.append(text);
    internal_ = true;
    return;
  }
  dropped_field_ = true;
  const std::string_view value = ascii::trim(without_end(text.substr(colon + 1)));
  if (*own == "Status" || *own == "X-Status") read_status(value, message_);
  if (*own == "X-Keywords") read_keywords(value, message_);
  if (*own == "Status") has_status_ = true;
}

// Anybody may write X-IMAP into what he sends: without the subject that UW IMAP gives its notes it is a message, and
// somebody's mail.
bool MboxReader::is_notes() const {
  constexpr std::string_view kSubject = "Subject: DON'T DELETE THIS MESSAGE";
  if (!internal_) return false;
  for (std::string_view rest = header_; !rest.empty();) {
    const std::size_t lf = std::min(rest.find('\n'), rest.size() - 1);
    if (rest.starts_with(kSubject)) return true;
    rest.remove_prefix(lf + 1);
  }
  return false;
}

void MboxReader::end_header() {
  where_ = Where::body;
  if (is_notes()) {
    left_out_notes_ = true;
    return;
  }
  begun_ = true;
  if (x_uidl_) message_.pop3_id = x_uidl_of(header_);
  events_.push_back({Event::Kind::begin, message_, {}});
  emit(header_);
  header_.clear();
}

// A line of the body, or a part of one. An empty line waits: it may be the one before the next message.
void MboxReader::body(std::string_view text, bool start) {
  if (where_ == Where::outside) {
    skipped_ += text.size();
    return;
  }
  emit(std::exchange(held_, {}));
  if (start && without_end(text).empty()) {
    held_ = text;
    return;
  }
  emit(start ? unquoted(text) : text);
}

void MboxReader::end_message() {
  if (where_ == Where::header) end_header();
  where_ = Where::outside;
  held_.clear();
  if (begun_) events_.push_back({Event::Kind::end, {}, {}});
}

void MboxReader::emit(std::string_view octets) {
  if (!begun_ || octets.empty()) return;
  if (events_.empty() || events_.back().kind != Event::Kind::octets) events_.push_back({Event::Kind::octets, {}, {}});
  crlf_.append(octets, events_.back().octets);
}

void MboxWriter::begin(const Message& message, std::string& out) {
  using namespace account;
  out += format_from_line(message.received.value_or(TimePoint()));
  out += (message.flags & flag::kSeen) != 0 ? "Status: RO\n" : "Status: O\n";
  std::string status;
  for (const auto& [bit, letter] : {std::pair{flag::kAnswered, 'A'}, std::pair{flag::kFlagged, 'F'},
                                    std::pair{flag::kDeleted, 'D'}, std::pair{flag::kDraft, 'T'}}) {
    if ((message.flags & bit) != 0) status.push_back(letter);
  }
  if (!status.empty()) out += fmt::format("X-Status: {}\n", status);
  if (!message.keywords.empty()) out += fmt::format("X-Keywords: {}\n", fmt::join(message.keywords, " "));
  lf_ = {};
  rest_.clear();
  at_start_ = ended_ = true;
}

void MboxWriter::line(std::string_view text, bool start, std::string& out) {
  if (start) {
    const std::size_t quotes = std::min(text.find_first_not_of('>'), text.size());
    const bool like_from = quotes < kMaxQuotes && text.substr(quotes).starts_with(kFrom);
    if (like_from && (quoting_ == MboxQuoting::mboxrd || quotes == 0)) out.push_back('>');
  }
  out.append(text);
  ended_ = text.ends_with('\n');
}

void MboxWriter::write(std::string_view octets, std::string& out) {
  lf_.append(octets, rest_);
  std::string_view rest = rest_;
  for (std::size_t lf = rest.find('\n'); lf != std::string_view::npos; lf = rest.find('\n')) {
    line(rest.substr(0, lf + 1), at_start_, out);
    at_start_ = true;
    rest.remove_prefix(lf + 1);
  }
  if (rest.size() >= kLongLine) {
    line(rest, at_start_, out);
    at_start_ = false;
    rest = {};
  }
  rest_ = std::string(rest);
}

void MboxWriter::end(std::string& out) {
  lf_.flush(rest_);
  if (!rest_.empty()) line(rest_, at_start_, out);
  if (!ended_) out.push_back('\n');
  out.push_back('\n');
}

}  // namespace gatepost::transfer
