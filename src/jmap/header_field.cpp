#include "jmap/header_field.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "mime/summary.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::size_t kWordOctets = 42;  // of text in one encoded word: 75 characters at most (RFC 2047 2)

// RFC 2047 2, "B", cut between characters.
std::vector<std::string> encoded_words(std::string_view utf8) {
  std::vector<std::string> words;
  while (!utf8.empty()) {
    std::size_t end = std::min(kWordOctets, utf8.size());
    while (end < utf8.size() && end > 0 && (static_cast<unsigned char>(utf8[end]) & 0xc0) == 0x80) --end;
    if (end == 0) end = std::min(kWordOctets, utf8.size());
    words.push_back("=?utf-8?B?" + base64::encode(utf8.substr(0, end)) + "?=");
    utf8.remove_prefix(end);
  }
  return words;
}

// Puts tokens into lines; each goes behind a blank.
std::string folded(std::string_view name, const std::vector<std::string>& tokens) {
  std::string out(name);
  out += ':';
  std::size_t line = out.size();
  for (const std::string& token : tokens) {
    if (line + 1 + token.size() > kLine && line > name.size() + 1) {
      out += "\r\n";
      line = 0;
    }
    out.append(" ").append(token);
    line += 1 + token.size();
  }
  return out += "\r\n";
}

std::vector<std::string> text_tokens(std::string_view utf8) {
  // Words that would be taken for encoded ones, and those beyond a line, are encoded as well.
  const auto parts = ascii::split(utf8, ' ');
  const bool plain =
      is_plain(utf8) && utf8.find("=?") == std::string_view::npos &&
      std::ranges::all_of(parts, [](std::string_view p) { return !p.empty() && p.size() < kMaxLine - 80; });
  if (!plain) return encoded_words(utf8);
  return {parts.begin(), parts.end()};
}

// A display name: as it is, quoted, or encoded (RFC 5322 3.2.5).
std::vector<std::string> phrase(std::string_view name) {
  if (!is_plain(name)) return encoded_words(name);
  const bool atoms = std::ranges::all_of(name, [](char c) {
    return ascii::is_alnum(c) || c == ' ' || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  });
  if (atoms && name.find("=?") == std::string_view::npos && !name.starts_with(' ') && !name.ends_with(' ')) {
    return text_tokens(name);
  }
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return {quoted + "\""};
}

bool is_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.size() <= 320 &&
         std::ranges::none_of(
             text, [](char c) { return ascii::is_control(c) || c == ' ' || c == '<' || c == '>' || c == ','; });
}

// [{name, email}] as the tokens of an address list. Null: it is none.
std::optional<std::vector<std::string>> address_tokens(const json::value& value) {
  const auto* list = value.if_array();
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> tokens;
  for (const json::value& one : *list) {
    const auto* object = one.if_object();
    const auto* email = object != nullptr ? object->if_contains("email") : nullptr;
    if (email == nullptr || !email->is_string() || !is_address(email->get_string())) return std::nullopt;
    const auto* name = object->if_contains("name");
    if (name != nullptr && !name->is_null() && !name->is_string()) return std::nullopt;
    if (name != nullptr && name->is_string() && !name->get_string().empty()) {
      for (std::string& token : phrase(name->get_string())) tokens.push_back(std::move(token));
      tokens.push_back("<" + std::string(email->get_string()) + ">");
    } else {
      tokens.emplace_back(email->get_string());
    }
    if (&one != &list->back()) tokens.back() += ',';
  }
  return tokens;
}

std::optional<std::vector<std::string>> group_tokens(const json::value& value) {
  const auto* list = value.if_array();
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> tokens;
  for (const json::value& one : *list) {
    const auto* object = one.if_object();
    const auto* name = object != nullptr ? object->if_contains("name") : nullptr;
    const auto* addresses = object != nullptr ? object->if_contains("addresses") : nullptr;
    auto members = addresses != nullptr ? address_tokens(*addresses) : std::nullopt;
    if (!members) return std::nullopt;
    const bool named = name != nullptr && name->is_string();
    if (named) {
      auto words = phrase(name->get_string());
      if (words.empty()) return std::nullopt;
      words.back() += ':';
      tokens.insert(tokens.end(), words.begin(), words.end());
    }
    tokens.insert(tokens.end(), members->begin(), members->end());
    if (named) {
      if (members->empty())
        tokens.back() += ';';
      else
        tokens.back() += ';';
    }
    if (&one != &list->back() && !tokens.empty()) tokens.back() += ',';
  }
  return tokens;
}

std::optional<std::vector<std::string>> id_tokens(const json::value& value, char open, char close) {
  const auto* list = value.if_array();
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> tokens;
  for (const json::value& one : *list) {
    if (!one.is_string() || one.get_string().empty() || one.get_string().size() > kMaxLine - 4 ||
        std::ranges::any_of(one.get_string(), [&](char c) { return c <= ' ' || c > '~' || c == open || c == close; })) {
      return std::nullopt;
    }
    tokens.push_back(open + std::string(one.get_string()) + close);
  }
  return tokens;
}

// "2014-10-30T14:12:00+08:00" as RFC 5322 writes it, in its zone.
std::optional<std::string> date_text(const json::value& value) {
  const auto t = read_date(value);
  if (!t) return std::nullopt;
  const std::string_view text = value.get_string();
  int zone = 0;
  if (!text.ends_with('Z') && !text.ends_with('z') && text.size() > 6) {
    const std::string_view end = text.substr(text.size() - 6);
    zone = ((end[1] - '0') * 10 + (end[2] - '0')) * 60 + (end[4] - '0') * 10 + (end[5] - '0');
    if (end[0] == '-') zone = -zone;
  }
  return date::format_rfc5322(*t, zone);
}

}  // namespace

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::string text_field(std::string_view name, std::string_view utf8) { return folded(name, text_tokens(utf8)); }

std::optional<std::string> field_of(const std::string& name, Form form, const json::value& value) {
  std::optional<std::vector<std::string>> tokens;
  switch (form) {
    case Form::raw:
      // Taken as it is, if it can be (RFC 8621 4.1.2.1).
      if (!value.is_string() || std::ranges::any_of(value.get_string(), [](char c) { return c == '\0'; }))
        return std::nullopt;
      {
        std::string raw(value.get_string());
        std::string out = name + ":" + (raw.starts_with(' ') ? "" : " ");
        for (std::size_t i = 0; i < raw.size(); ++i) {
          if (raw[i] == '\r' && i + 1 < raw.size() && raw[i + 1] == '\n') continue;
          if (raw[i] == '\r') return std::nullopt;
          if (raw[i] == '\n') {
            // A line end that does not fold would begin another field.
            if (i + 1 >= raw.size() || !ascii::is_blank(raw[i + 1])) return std::nullopt;
            out += "\r\n";
            continue;
          }
          out += raw[i];
        }
        return out + "\r\n";
      }
    case Form::text:
      if (!value.is_string() || std::ranges::any_of(value.get_string(), ascii::is_control)) return std::nullopt;
      return text_field(name, value.get_string());
    case Form::addresses:
      tokens = address_tokens(value);
      break;
    case Form::grouped_addresses:
      tokens = group_tokens(value);
      break;
    case Form::message_ids:
      tokens = id_tokens(value, '<', '>');
      break;
    case Form::urls:
      tokens = id_tokens(value, '<', '>');
      for (std::size_t i = 0; tokens && i + 1 < tokens->size(); ++i) (*tokens)[i] += ',';
      break;
    case Form::date: {
      const auto text = date_text(value);
      if (!text) return std::nullopt;
      return folded(name, {*text});
    }
  }
  if (!tokens) return std::nullopt;
  if (tokens->empty()) return std::string();
  return folded(name, *tokens);
}

}  // namespace gatepost::jmap
