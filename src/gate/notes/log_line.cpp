#include "gate/notes/log_line.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::gate::notes {
namespace {

constexpr std::size_t kTimeOctets = 24;      // "2026-11-24T08:35:18.123Z"
constexpr std::size_t kMaxBeforeTime = 256;  // what a collector may put in front

std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

// The catalogue's names: "listener.refused".
bool is_event_name(std::string_view word) {
  return word.find('.') != std::string_view::npos &&
         std::ranges::all_of(word, [](char c) { return ascii::is_alnum(c) || c == '.' || c == '_'; });
}

std::optional<std::uint32_t> hex(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// What follows a backslash; what is no escape of ours stays as it is.
void take_escape(std::string_view& text, std::string& out) {
  const char c = text.front();
  text.remove_prefix(1);
  if (c == 'n') {
    out.push_back('\n');
  } else if (c == 'r') {
    out.push_back('\r');
  } else if (c == 't') {
    out.push_back('\t');
  } else if (c == 'x' && text.size() >= 2 && hex(text.substr(0, 2))) {
    out.push_back(static_cast<char>(*hex(text.substr(0, 2))));
    text.remove_prefix(2);
  } else if (c == 'u' && text.starts_with('{') && text.find('}') <= 8) {
    const std::size_t end = text.find('}');
    const auto code = hex(text.substr(1, end - 1));
    if (code && *code <= 0x10ffff) utf8::append(out, static_cast<char32_t>(*code));
    text.remove_prefix(end + 1);
  } else {
    out.push_back(c);
  }
}

// A value up to its blank; the quotes are gone.
std::string take_value(std::string_view& text) {
  std::string out;
  if (!text.starts_with('"')) return std::string(take_word(text));
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\' && !text.empty()) {
      take_escape(text, out);
    } else {
      out.push_back(c);
    }
  }
  (void)take_word(text);  // the quote, and "..." of a value that was cut
  return out;
}

}  // namespace

std::string_view LogLine::field(std::string_view key) const {
  const auto found = std::ranges::find(fields, key, [](const auto& one) { return std::string_view(one.first); });
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<IpAddress> LogLine::remote() const { return address_in(field("remote")); }

std::optional<IpAddress> address_in(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    return end == std::string_view::npos ? std::nullopt : IpAddress::parse(text.substr(1, end - 1));
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos)
    text = text.substr(0, colon);
  return IpAddress::parse(text);
}

std::optional<LogLine> read_log_line(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  LogLine out;
  for (std::size_t passed = 0;;) {
    const std::string_view before = line;
    const std::string_view word = take_word(line);
    const auto time = word.size() == kTimeOctets ? date::parse_rfc3339(word) : std::nullopt;
    std::string_view rest = line;
    const std::string_view level = take_word(rest);
    static constexpr std::string_view kLevels[] = {"debug", "info", "notice", "warning", "error"};
    if (time && std::ranges::find(kLevels, level) != std::end(kLevels)) {
      out.time = *time;
      out.level = level;
      line = rest;
      break;
    }
    passed += before.size() - line.size();
    if (line.empty() || passed > kMaxBeforeTime) return std::nullopt;
  }
  out.name = take_word(line);
  if (!is_event_name(out.name)) return std::nullopt;
  while (!line.empty() && out.fields.size() < kMaxFields) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) break;
    std::string key(line.substr(0, equals));
    line.remove_prefix(equals + 1);
    out.fields.emplace_back(std::move(key), take_value(line));
  }
  return out;
}

}  // namespace gatepost::gate::notes
