#include "reading/html_text.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::reading {
namespace {

constexpr std::size_t kMaxNameOctets = 32;

// Tags within a word. All others end one.
constexpr std::string_view kInline[] = {"a",   "b",   "i",     "u",   "s",    "em",   "strong", "font", "span", "code",
                                        "sub", "sup", "small", "big", "mark", "abbr", "tt",     "wbr",  "ins",  "del"};

struct Reference {
  std::string_view name;
  char32_t character;
};
constexpr Reference kReferences[] = {
    {"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},      {"apos", '\''},    {"nbsp", ' '},
    {"auml", 0xe4},    {"ouml", 0xf6},    {"uuml", 0xfc},    {"Auml", 0xc4},     {"Ouml", 0xd6},    {"Uuml", 0xdc},
    {"szlig", 0xdf},   {"agrave", 0xe0},  {"aacute", 0xe1},  {"acirc", 0xe2},    {"ccedil", 0xe7},  {"egrave", 0xe8},
    {"eacute", 0xe9},  {"ecirc", 0xea},   {"iacute", 0xed},  {"ntilde", 0xf1},   {"oacute", 0xf3},  {"ocirc", 0xf4},
    {"uacute", 0xfa},  {"oslash", 0xf8},  {"aring", 0xe5},   {"copy", 0xa9},     {"reg", 0xae},     {"euro", 0x20ac},
    {"pound", 0xa3},   {"sect", 0xa7},    {"deg", 0xb0},     {"middot", 0xb7},   {"laquo", 0xab},   {"raquo", 0xbb},
    {"ndash", 0x2013}, {"mdash", 0x2014}, {"lsquo", 0x2018}, {"rsquo", 0x2019},  {"sbquo", 0x201a}, {"ldquo", 0x201c},
    {"rdquo", 0x201d}, {"bdquo", 0x201e}, {"bull", 0x2022},  {"hellip", 0x2026}, {"trade", 0x2122}, {"times", 0xd7}};

// "&#228;", "&#xe4;", without "&" and ";".
char32_t numbered(std::string_view name) {
  const bool hex = name.size() > 1 && ascii::lower(name[1]) == 'x';
  const std::string_view digits = name.substr(hex ? 2 : 1);
  std::uint32_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  if (digits.empty() || end.ec != std::errc() || end.ptr != digits.data() + digits.size()) return 0;
  if (value == 0xa0) return ' ';
  const bool is_character = value >= 0x20 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  return is_character ? value : 0;
}

// 0: not known.
char32_t resolve(std::string_view name) {
  if (name.starts_with('#')) return numbered(name);
  for (const Reference& reference : kReferences) {
    if (reference.name == name) return reference.character;
  }
  return 0;
}

}  // namespace

void HtmlText::append(std::string_view utf8, std::string& out) {
  for (const char c : utf8) step(c, out);
}

void HtmlText::finish(std::string& out) {
  if (in_ == In::reference) end_reference(out);
  if (in_ == In::tag_start && skip_.empty()) out += '<';
  *this = HtmlText();
}

void HtmlText::step(char c, std::string& out) {
  switch (in_) {
    case In::text:
      return text(c, out);
    case In::reference:
      if ((ascii::is_alnum(c) || c == '#') && name_.size() < kMaxNameOctets) {
        name_ += c;
        return;
      }
      end_reference(out);
      if (c != ';') text(c, out);
      return;
    case In::tag_start:
      return tag_start(c, out);
    case In::tag_name:
      return tag_name(c, out);
    case In::tag:
      if (c == '>') return end_tag(out);
      if (c == '"' || c == '\'') {
        quote_ = c;
        in_ = In::quoted;
      }
      return;
    case In::quoted:
      if (c == quote_) in_ = In::tag;
      return;
    case In::comment:
      return comment(c);
  }
}

void HtmlText::text(char c, std::string& out) {
  if (c == '<') {
    in_ = In::tag_start;
    name_.clear();
  } else if (!skip_.empty()) {
    return;
  } else if (c == '&') {
    in_ = In::reference;
    name_.clear();
  } else {
    out += c;
  }
}

void HtmlText::tag_start(char c, std::string& out) {
  const bool begins = skip_.empty() ? ascii::is_alpha(c) || c == '/' || c == '!' || c == '?' : c == '/';
  if (begins) {
    in_ = In::tag_name;
    name_ = ascii::lower(c);
    return;
  }
  in_ = In::text;
  if (skip_.empty()) out += '<';
  text(c, out);
}

void HtmlText::tag_name(char c, std::string& out) {
  if (c == '>') return end_tag(out);
  if (ascii::is_space(c)) {
    in_ = In::tag;
    return;
  }
  if (name_.size() < kMaxNameOctets) name_ += ascii::lower(c);
  if (name_ == "!--") {
    in_ = In::comment;
    dashes_ = 0;
  }
}

void HtmlText::comment(char c) {
  if (c == '>' && dashes_ >= 2) {
    in_ = In::text;
  } else if (c == '-') {
    dashes_ = static_cast<std::uint8_t>(std::min(dashes_ + 1, 2));
  } else {
    dashes_ = 0;
  }
}

void HtmlText::end_tag(std::string& out) {
  in_ = In::text;
  std::string_view name = name_;
  if (!skip_.empty()) {
    if (name.substr(1) == skip_) skip_.clear();
    return;
  }
  if (name == "script" || name == "style") {
    skip_ = name_;
    return;
  }
  if (name.ends_with('/')) name.remove_suffix(1);
  if (name.starts_with('/')) name.remove_prefix(1);
  if (std::ranges::find(kInline, name) == std::end(kInline)) out += ' ';
}

void HtmlText::end_reference(std::string& out) {
  in_ = In::text;
  if (const char32_t character = resolve(name_); character != 0) {
    utf8::append(out, character);
  } else {
    out.append("&").append(name_);
  }
}

}  // namespace gatepost::reading
