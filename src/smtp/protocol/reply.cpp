#include "smtp/protocol/reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"

namespace gatepost::smtp {
namespace {

using ascii::iequals;

// Takes 1 to 3 digits from the front.
std::optional<std::uint16_t> take_number(std::string_view& text) {
  constexpr std::size_t kMaxDigits = 3;
  std::uint16_t value = 0;
  const auto [ptr, ec] = std::from_chars(text.data(), text.data() + std::min(text.size(), kMaxDigits), value);
  if (ec != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(ptr - text.data()));
  return value;
}

// status-code = ("2" / "4" / "5") "." 1*3DIGIT "." 1*3DIGIT (RFC 3463 2), with the space behind it. Only one whose
// class is that of the reply is one (RFC 2034 4).
std::optional<EnhancedCode> take_enhanced(std::string_view& text, int code) {
  std::string_view rest = text;
  if (rest.size() < 5 || rest[0] != '0' + code / 100 || code / 100 == 3 || rest[1] != '.') return std::nullopt;
  EnhancedCode out{.klass = static_cast<std::uint8_t>(rest[0] - '0'), .subject = 0, .detail = 0};
  rest.remove_prefix(2);
  const auto subject = take_number(rest);
  if (!subject || !rest.starts_with('.')) return std::nullopt;
  rest.remove_prefix(1);
  const auto detail = take_number(rest);
  if (!detail || !(rest.empty() || rest.front() == ' ')) return std::nullopt;
  out.subject = *subject;
  out.detail = *detail;
  text = rest.substr(rest.empty() ? 0 : 1);
  return out;
}

// The first part of `text` that fits: up to a space where there is a good one, else up to a character's end.
std::string_view take_part(std::string_view& text, std::size_t room) {
  if (text.size() <= room) return std::exchange(text, {});
  std::size_t end = text.rfind(' ', room);
  if (end != std::string_view::npos && end > room / 2) {
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end + 1);
    return part;
  }
  end = room;
  while (end > room - 4 && (text[end] & 0xc0) == 0x80) --end;
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end);
  return part;
}

std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(out, ascii::is_control, ' ');
  return out;
}

}  // namespace

std::string EnhancedCode::to_string() const { return fmt::format("{}.{}.{}", klass, subject, detail); }

std::string Reply::summary() const {
  std::string out = std::to_string(code);
  if (enhanced) out += " " + enhanced->to_string();
  for (const std::string& line : lines) {
    if (!line.empty()) out += " " + printable(line);
  }
  return utf8::sanitize(out);
}

Reply make_reply(int code, std::string text) { return {code, std::nullopt, {std::move(text)}}; }

Reply make_reply(int code, EnhancedCode enhanced, std::string text) { return {code, enhanced, {std::move(text)}}; }

void write(std::string& out, const Reply& reply) {
  const std::string enhanced = reply.enhanced ? reply.enhanced->to_string() : std::string();
  // Code, separator, enhanced code, space, CRLF
  const std::size_t room = kMaxReplyLineOctets - 3 - 1 - enhanced.size() - 1 - 2;
  std::vector<std::string> parts;
  for (const std::string& line : reply.lines) {
    const std::string text = printable(line);
    std::string_view rest = text;
    do parts.emplace_back(take_part(rest, room));
    while (!rest.empty());
  }
  if (parts.empty()) parts.emplace_back();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out += fmt::format("{:03}{}{}", reply.code, i + 1 == parts.size() ? ' ' : '-', enhanced);
    if (!enhanced.empty() && !parts[i].empty()) out += ' ';
    out += parts[i];
    out += "\r\n";
  }
}

void write_challenge(std::string& out, std::string_view octets) { out += "334 " + base64::encode(octets) + "\r\n"; }

Result<std::optional<Reply>> ReplyReader::read(std::string_view& input) {
  while (!input.empty()) {
    const std::size_t lf = input.find('\n');
    const std::size_t here = lf == std::string_view::npos ? input.size() : lf + 1;
    octets_ += here;
    if (line_.size() + here > kMaxLineOctets || octets_ > kMaxOctets)
      return fail(Errc::too_large, "the reply is too long");
    line_ += input.substr(0, here);
    input.remove_prefix(here);
    if (lf == std::string_view::npos) break;
    std::string_view line = line_;
    line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
    GP_TRY(const bool last, take_line(line));
    line_.clear();
    if (last) {
      octets_ = 0;
      return std::exchange(reply_, {});
    }
  }
  return std::nullopt;
}

// Reply-code ( "-" / SP ) [textstring]; a code alone is seen too (RFC 5321 4.2)
Result<bool> ReplyReader::take_line(std::string_view line) {
  const bool coded = line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && ascii::is_digit(line[1]) &&
                     ascii::is_digit(line[2]) && (line.size() == 3 || line[3] == ' ' || line[3] == '-');
  if (!coded) return fail(Errc::invalid, "a line of the reply does not begin with a code");
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  const bool last = line.size() == 3 || line[3] == ' ';
  if (reply_.lines.empty()) {
    reply_.code = code;
  } else if (reply_.code != code) {
    return fail(Errc::invalid, "the lines of a reply differ in their codes");
  }
  if (reply_.lines.size() == kMaxLines) return fail(Errc::too_large, "the reply has too many lines");
  const std::string clean = printable(line.substr(std::min<std::size_t>(4, line.size())));
  std::string_view text = clean;
  std::string_view stripped = text;
  const auto enhanced = take_enhanced(stripped, code);
  if (reply_.lines.empty()) reply_.enhanced = enhanced;
  if (enhanced && enhanced == reply_.enhanced) text = stripped;
  reply_.lines.emplace_back(text);
  return last;
}

Capabilities parse_ehlo(const Reply& reply) {
  Capabilities out;
  if (reply.lines.empty()) return out;
  out.hostname = reply.lines[0].substr(0, reply.lines[0].find(' '));
  for (std::size_t i = 1; i < reply.lines.size(); ++i) {
    std::vector<std::string_view> words = ascii::split(reply.lines[i], ' ');
    std::string_view keyword = words[0];
    // Old servers and clients, before RFC 2554: "AUTH=LOGIN PLAIN"
    if (ascii::istarts_with(keyword, "AUTH=")) {
      words.insert(words.begin() + 1, keyword.substr(5));
      keyword = keyword.substr(0, 4);
    }
    if (iequals(keyword, "PIPELINING")) out.pipelining = true;
    if (iequals(keyword, "8BITMIME")) out.eight_bit_mime = true;
    if (iequals(keyword, "BINARYMIME")) out.binary_mime = true;
    if (iequals(keyword, "CHUNKING")) out.chunking = true;
    if (iequals(keyword, "SMTPUTF8")) out.smtputf8 = true;
    if (iequals(keyword, "ENHANCEDSTATUSCODES")) out.enhanced_status_codes = true;
    if (iequals(keyword, "STARTTLS")) out.starttls = true;
    if (iequals(keyword, "DSN")) out.dsn = true;
    if (iequals(keyword, "SIZE")) {
      out.size = true;
      std::uint64_t octets = 0;
      if (words.size() > 1) std::from_chars(words[1].data(), words[1].data() + words[1].size(), octets);
      if (octets > 0) out.max_size = octets;  // RFC 1870 4: 0 is no limit
    }
    if (iequals(keyword, "AUTH")) {
      for (std::size_t w = 1; w < words.size(); ++w) {
        std::string name = ascii::to_upper(words[w]);
        if (!name.empty() && std::ranges::find(out.auth, name) == out.auth.end()) out.auth.push_back(std::move(name));
      }
    }
  }
  return out;
}

}  // namespace gatepost::smtp
