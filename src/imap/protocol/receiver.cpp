#include "imap/protocol/receiver.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "imap/protocol/characters.hpp"
#include "imap/protocol/strings.hpp"

namespace gatepost::imap {
namespace {

constexpr std::size_t kMaxHeaderDigits = 20;
constexpr std::size_t kMaxHeaderOctets = kMaxHeaderDigits + 5;  // "~{", digits, "+}" and CR

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// `before`: the octet in front of `text`.
std::size_t find_line_end(std::string_view text, std::size_t from, bool bare_lf, char before) {
  while (true) {
    const std::size_t lf = text.find('\n', from);
    if (lf == std::string_view::npos || bare_lf) return lf;
    if ((lf > 0 ? text[lf - 1] : before) == '\r') return lf;
    from = lf + 1;
  }
}

}  // namespace

// literal = "{" number64 ["+"] "}" CRLF *CHAR8        literal8 = "~{" number64 ["+"] "}" CRLF *OCTET
std::optional<FoundLiteral> find_literal_header(std::string_view line) {
  if (!line.ends_with('}')) return std::nullopt;
  std::size_t at = line.size() - 1;
  FoundLiteral found;
  if (at > 0 && line[at - 1] == '+') {
    found.header.synchronizing = false;
    --at;
  }
  const std::size_t digits_end = at;
  while (at > 0 && ascii::is_digit(line[at - 1])) --at;
  const std::string_view digits = line.substr(at, digits_end - at);
  if (digits.empty() || digits.size() > kMaxHeaderDigits || at == 0 || line[at - 1] != '{') return std::nullopt;
  --at;
  if (at > 0 && line[at - 1] == '~') {
    found.header.binary = true;
    --at;
  }
  found.at = at;
  for (const char digit : digits) {
    const auto value = static_cast<std::uint64_t>(digit - '0');
    if (found.header.octets > (static_cast<std::uint64_t>(INT64_MAX) - value) / 10) {
      found.header.octets = LiteralHeader::kHuge;
      break;
    }
    found.header.octets = found.header.octets * 10 + value;
  }
  return found;
}

std::string_view tag_of(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && end <= kMaxTagOctets && is_tag_char(text[end])) ++end;
  if (end > kMaxTagOctets || (end < text.size() && text[end] != ' ')) return {};
  return text.substr(0, end);
}

void Receiver::reset() { *this = Receiver(limits_); }

void Receiver::release() {
  if (!release_) return;
  release_ = false;
  text_ = std::string();
  tag_ = std::string();
}

void Receiver::expect(Expect what) {
  GP_ASSERT(mode_ == Mode::line && !in_command_);
  expect_ = what;
}

Receiver::Item Receiver::next(std::string_view input) {
  GP_ASSERT(mode_ != Mode::decide);
  release();
  std::size_t taken = 0;
  while (mode_ == Mode::collect || mode_ == Mode::drop_line || mode_ == Mode::drop_literal) {
    if (input.empty()) return {.kind = Kind::need_more, .consumed = taken};
    const std::size_t octets = mode_ == Mode::collect     ? collect(input)
                               : mode_ == Mode::drop_line ? drop_line(input)
                                                          : drop_literal(input);
    taken += octets;
    input.remove_prefix(octets);
  }
  release();  // a dropped command ended: nothing of it may stand before what comes now
  Item item = mode_ == Mode::stream ? next_stream(input) : next_line(input);
  item.consumed += taken;
  return item;
}

Receiver::Item Receiver::next_line(std::string_view input) {
  if (input.empty()) return {};
  const std::size_t budget = limits_.max_line_octets - std::min(line_octets_, limits_.max_line_octets);
  const std::string_view window = input.substr(0, budget);
  const std::size_t lf = find_line_end(window, std::min(scanned_, window.size()), limits_.bare_lf, '\0');
  if (lf != std::string_view::npos) return line_ended(without_cr(window.substr(0, lf)), lf + 1);
  if (input.size() >= budget) return line_refused(Kind::too_long, window, window.size(), false);
  scanned_ = input.size();
  return {};
}

Receiver::Item Receiver::line_ended(std::string_view line, std::size_t consumed) {
  scanned_ = 0;
  if (expect_ != Expect::command) {
    expect_ = Expect::command;
    return {.kind = Kind::line, .text = line, .consumed = consumed};
  }
  if (line.find('\0') != std::string_view::npos) return line_refused(Kind::has_nul, line, consumed, true);
  const auto found = find_literal_header(line);
  if (!found && !in_command_) {
    return {.kind = Kind::command, .text = line, .consumed = consumed, .tag = tag_of(line)};
  }
  if (!in_command_) tag_ = tag_of(line);
  in_command_ = true;
  line_octets_ += consumed;
  text_ += found ? line.substr(0, found->at) : line;
  Item item{.kind = Kind::command, .text = text_, .consumed = consumed, .tag = tag_, .continued = continued_};
  if (!found) {
    command_ended();
    return item;
  }
  mode_ = Mode::decide;
  header_ = found->header;
  item.kind = Kind::literal_header;
  item.literal = header_;
  item.collectable = collectable();
  return item;
}

Receiver::Item Receiver::line_refused(Kind kind, std::string_view line, std::size_t consumed, bool ended) {
  scanned_ = 0;
  if (!in_command_ && expect_ == Expect::command) {
    tag_ = tag_of(line);
    // What was cut may be the tag itself.
    if (!ended && tag_.size() == line.size()) tag_.clear();
  }
  const Item item{.kind = kind, .consumed = consumed, .tag = tag_, .continued = continued_};
  const Expect expected = expect_;
  command_ended();
  expect_ = expected;  // says what the rest of the line is
  tail_.clear();
  if (ended) {
    dropped_line_ended(line);
  } else {
    keep_tail(line);
    mode_ = Mode::drop_line;
  }
  return item;
}

std::size_t Receiver::collect(std::string_view input) {
  const auto octets = static_cast<std::size_t>(std::min<std::uint64_t>(literal_left_, input.size()));
  text_.append(input.substr(0, octets));
  literal_left_ -= octets;
  if (literal_left_ == 0) mode_ = Mode::line;
  return octets;
}

Receiver::Item Receiver::next_stream(std::string_view input) {
  const auto octets = static_cast<std::size_t>(std::min<std::uint64_t>(literal_left_, input.size()));
  literal_left_ -= octets;
  if (literal_left_ == 0) {
    mode_ = Mode::line;
    return {.kind = Kind::literal_end, .text = input.substr(0, octets), .consumed = octets};
  }
  if (octets == 0) return {};
  return {.kind = Kind::literal_chunk, .text = input.substr(0, octets), .consumed = octets};
}

bool Receiver::collectable() const {
  return collected_ <= limits_.max_literal_octets && header_.octets <= limits_.max_literal_octets - collected_;
}

bool Receiver::accept_collect() {
  GP_ASSERT(mode_ == Mode::decide);
  if (!collectable()) {
    refuse();
    return false;
  }
  if (header_.binary) text_ += '~';
  text_ += '{';
  write_number(text_, header_.octets);
  text_ += header_.synchronizing ? "}\r\n" : "+}\r\n";
  literal_left_ = header_.octets;
  collected_ += static_cast<std::size_t>(header_.octets);
  mode_ = literal_left_ == 0 ? Mode::line : Mode::collect;
  return true;
}

void Receiver::accept_stream() {
  GP_ASSERT(mode_ == Mode::decide);
  text_ = std::string();
  line_octets_ = collected_ = 0;
  continued_ = true;
  literal_left_ = header_.octets;
  mode_ = Mode::stream;
}

void Receiver::refuse() {
  GP_ASSERT(mode_ == Mode::decide);
  const LiteralHeader header = header_;
  command_ended();
  // RFC 7888 8: the octets of a non-synchronizing literal come whatever the answer is; the client of the other kind
  // sends nothing more of this command.
  if (!header.synchronizing) drop_octets(header.octets);
}

void Receiver::drop_command() {
  GP_ASSERT(mode_ == Mode::stream || (mode_ == Mode::line && continued_));
  const std::uint64_t left = mode_ == Mode::stream ? literal_left_ : 0;
  command_ended();
  drop_octets(left);
}

void Receiver::drop_octets(std::uint64_t octets) {
  tail_.clear();
  literal_left_ = octets;
  mode_ = octets == 0 ? Mode::drop_line : Mode::drop_literal;
}

std::size_t Receiver::drop_literal(std::string_view input) {
  const auto octets = static_cast<std::size_t>(std::min<std::uint64_t>(literal_left_, input.size()));
  literal_left_ -= octets;
  if (literal_left_ == 0) drop_octets(0);
  return octets;
}

std::size_t Receiver::drop_line(std::string_view input) {
  const std::size_t lf = find_line_end(input, 0, limits_.bare_lf, tail_.empty() ? '\0' : tail_.back());
  keep_tail(input.substr(0, lf));
  if (lf == std::string_view::npos) return input.size();
  const std::string line = std::move(tail_);
  tail_.clear();
  dropped_line_ended(without_cr(line));
  return lf + 1;
}

// A dropped command goes on behind a non-synchronizing literal. At a synchronizing one its client waits for "+ ...",
// gets the tagged answer instead and begins a new command.
void Receiver::dropped_line_ended(std::string_view line) {
  const auto found = expect_ == Expect::command ? find_literal_header(line) : std::nullopt;
  command_ended();
  if (found && !found->header.synchronizing) drop_octets(found->header.octets);
}

void Receiver::keep_tail(std::string_view dropped) {
  tail_ += dropped.substr(dropped.size() - std::min(dropped.size(), kMaxHeaderOctets));
  if (tail_.size() > kMaxHeaderOctets) tail_.erase(0, tail_.size() - kMaxHeaderOctets);
}

void Receiver::command_ended() {
  mode_ = Mode::line;
  expect_ = Expect::command;
  continued_ = in_command_ = false;
  scanned_ = line_octets_ = collected_ = 0;
  release_ = true;  // the last item's views point there
}

}  // namespace gatepost::imap
