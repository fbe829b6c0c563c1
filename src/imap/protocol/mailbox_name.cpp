#include "imap/protocol/mailbox_name.hpp"

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::imap {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
constexpr std::string_view kInbox = "INBOX";

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (ascii::is_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == ',' ? 63 : -1;
}

constexpr bool is_printable(char32_t c) { return c >= 0x20 && c <= 0x7e; }

// UTF-16 units, as they come out of base64, into UTF-8. False at what the encoder would not have written.
class Utf16Reader {
 public:
  explicit Utf16Reader(std::string& out) : out_(out) {}
  bool unit(char32_t value) {
    if (high_ != 0) {
      if (value < 0xdc00 || value > 0xdfff) return false;
      utf8::append(out_, 0x10000 + ((high_ - 0xd800) << 10) + (value - 0xdc00));
      high_ = 0;
      return true;
    }
    if (value >= 0xd800 && value <= 0xdbff) {
      high_ = value;
      return true;
    }
    if ((value >= 0xdc00 && value <= 0xdfff) || is_printable(value)) return false;
    utf8::append(out_, value);
    return true;
  }
  bool complete() const { return high_ == 0; }

 private:
  std::string& out_;
  char32_t high_ = 0;
};

// What stands between '&' and '-'.
bool decode_shifted(std::string& out, std::string_view text) {
  Utf16Reader reader(out);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = sextet(c);
    if (value < 0) return false;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 16) continue;
    count -= 16;
    if (!reader.unit((bits >> count) & 0xffff)) return false;
    bits &= (1U << count) - 1;
  }
  return reader.complete() && count < 6 && bits == 0;
}

class Base64Writer {
 public:
  explicit Base64Writer(std::string& out) : out_(out) {}
  void unit(char32_t value) {
    if (!open_) out_ += '&';
    open_ = true;
    bits_ = (bits_ << 16) | static_cast<std::uint32_t>(value);
    count_ += 16;
    while (count_ >= 6) {
      count_ -= 6;
      out_ += kAlphabet[(bits_ >> count_) & 63];
    }
    bits_ &= (1U << count_) - 1;
  }
  void end() {
    if (!open_) return;
    if (count_ > 0) out_ += kAlphabet[(bits_ << (6 - count_)) & 63];
    out_ += '-';
    open_ = false;
    bits_ = 0;
    count_ = 0;
  }

 private:
  std::string& out_;
  bool open_ = false;
  std::uint32_t bits_ = 0;
  int count_ = 0;
};

// RFC 5198 2 and RFC 9051 5.1: no controls, no line or paragraph separators.
bool has_controls(std::string_view text) {
  while (!text.empty()) {
    const char32_t c = utf8::next(text);
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029) return true;
  }
  return false;
}

bool is_inbox_level(std::string_view name, char delimiter) {
  return ascii::istarts_with(name, kInbox) && (name.size() == kInbox.size() || name[kInbox.size()] == delimiter);
}

void set(std::uint64_t* words, std::size_t bit) { words[bit / 64] |= 1ULL << (bit % 64); }

}  // namespace

std::optional<std::string> modified_utf7_to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_printable(static_cast<unsigned char>(text[i]))) return std::nullopt;
    if (text[i] != '&') {
      out += text[i];
      continue;
    }
    const std::size_t end = text.find('-', i);
    if (end == std::string_view::npos) return std::nullopt;
    if (end == i + 1) {
      out += '&';
    } else {
      if (!decode_shifted(out, text.substr(i + 1, end - i - 1))) return std::nullopt;
      // RFC 3501 5.1.3: no superfluous shifts; "&-" is no shift.
      const std::string_view behind = text.substr(end + 1);
      if (behind.starts_with('&') && !behind.starts_with("&-")) return std::nullopt;
    }
    i = end;
  }
  return out;
}

std::optional<std::string> utf8_to_modified_utf7(std::string_view text) {
  if (!utf8::is_valid(text)) return std::nullopt;
  std::string out;
  out.reserve(text.size());
  Base64Writer shifted(out);
  while (!text.empty()) {
    const char32_t c = utf8::next(text);
    if (is_printable(c)) {
      shifted.end();
      out += static_cast<char>(c);
      if (c == '&') out += '-';
    } else if (c > 0xffff) {
      shifted.unit(0xd800 + ((c - 0x10000) >> 10));
      shifted.unit(0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
      shifted.unit(c);
    }
  }
  shifted.end();
  return out;
}

std::optional<std::string> read_mailbox_pattern(std::string_view wire, bool utf8) {
  // Modified UTF-7 takes at most 2.5 octets for one of UTF-8 ("&AOk-" for two).
  if (wire.size() > 4 * kMaxMailboxNameOctets) return std::nullopt;
  std::optional<std::string> name;
  if (!utf8) {
    name = modified_utf7_to_utf8(wire);
  } else if (utf8::is_valid(wire)) {
    name = std::string(wire);
  }
  if (!name || name->size() > kMaxMailboxNameOctets || has_controls(*name)) return std::nullopt;
  return name;
}

std::optional<std::string> read_mailbox_name(std::string_view wire, bool utf8, char delimiter) {
  auto name = read_mailbox_pattern(wire, utf8);
  if (name && is_inbox_level(*name, delimiter)) name->replace(0, kInbox.size(), kInbox);
  return name;
}

MailboxPattern::MailboxPattern(std::string_view pattern, char delimiter) : delimiter_(delimiter) {
  if (pattern.size() > kMaxPatternOctets) return;
  std::string literals;
  for (const char c : pattern) {
    if (c != '*' && c != '%') literals += c;
  }
  last_ = literals.size();
  words_ = last_ / 64 + 1;
  stay_any_.resize(words_);
  stay_level_.resize(words_);
  std::uint16_t rows = 1;
  for (const char c : literals) {
    auto& row = row_[static_cast<unsigned char>(c)];
    if (row == 0) row = rows++;
  }
  masks_.resize(rows * words_);
  std::size_t state = 0;
  for (const char c : pattern) {
    if (c == '*' || c == '%') {
      has_wildcards_ = true;
      set((c == '*' ? stay_any_ : stay_level_).data(), state);
    } else {
      set(masks_.data() + row_[static_cast<unsigned char>(c)] * words_, state++);
    }
  }
}

bool MailboxPattern::matches(std::string_view name) const {
  if (words_ == 0) return false;
  const std::size_t inbox = is_inbox_level(name, delimiter_) ? kInbox.size() : 0;
  States states{};
  states[0] = 1;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const Word* step = steps(i < inbox ? ascii::upper(name[i]) : name[i]);
    const Word* other_case = i < inbox ? steps(ascii::lower(name[i])) : step;
    const bool level_ends = name[i] == delimiter_;
    Word carry = 0, alive = 0;
    for (std::size_t w = 0; w < words_; ++w) {
      const Word moved = states[w] & (step[w] | other_case[w]);
      const Word stayed = states[w] & (stay_any_[w] | (level_ends ? 0 : stay_level_[w]));
      states[w] = (moved << 1) | carry | stayed;
      carry = moved >> 63;
      alive |= states[w];
    }
    if (alive == 0) return false;
  }
  return ((states[last_ / 64] >> (last_ % 64)) & 1) != 0;
}

}  // namespace gatepost::imap
