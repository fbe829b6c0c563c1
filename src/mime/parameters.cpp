#include "mime/parameters.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"
#include "mime/charset.hpp"
#include "mime/encoded_word.hpp"
#include "mime/octets.hpp"

namespace gatepost::mime {
namespace {

constexpr std::size_t kMaxSections = kMaxParameters;

// tspecials (RFC 2045 5.1), blanks and control characters end a token. 8-bit octets do not: they are common.
bool ends_token(char c) {
  return c == ' ' || ascii::is_control(c) || std::string_view("()<>@,;:\\\"/[]?=").find(c) != std::string_view::npos;
}

class ValueReader {
 public:
  explicit ValueReader(std::string_view value) : rest_(value) {}

  // [CFWS]; comments nest by count.
  void skip_blanks() {
    std::size_t depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '(') {
        ++depth;
      } else if (depth > 0 && c == ')') {
        --depth;
      } else if (depth > 0 && c == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
      } else if (depth == 0 && !ascii::is_space(c) && c != '\0') {
        return;
      }
      rest_.remove_prefix(1);
    }
  }

  std::string_view token() {
    const auto end = std::ranges::find_if(rest_, ends_token);
    return take(static_cast<std::size_t>(end - rest_.begin()));
  }

  bool accept(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool at_end() const { return rest_.empty(); }
  bool at(char c) const { return rest_.starts_with(c); }

  // value = token / quoted-string
  void value(std::string& out) {
    out.clear();
    skip_blanks();
    accept('"') ? quoted(out) : unquoted(out);
  }

  // To the next ";", which is none inside quotes.
  void skip_to_semicolon() {
    std::string ignored;
    while (!rest_.empty() && !at(';')) {
      if (accept('"')) {
        quoted(ignored);
      } else {
        rest_.remove_prefix(1);
      }
    }
  }

 private:
  std::string_view take(std::size_t n) {
    const std::string_view text = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return text;
  }

  void quoted(std::string& out) {
    while (!rest_.empty()) {
      char c = take(1).front();
      if (c == '"') return;
      if (c == '\\' && !rest_.empty()) c = take(1).front();
      if (c != '\r' && c != '\n' && c != '\0') out += c;
    }
  }

  // A token, or what mailers write without the quotes it needs: "name=a file (1).pdf". A comment or another parameter
  // behind a blank is no part of it.
  void unquoted(std::string& out) {
    std::string_view text = take(std::min(rest_.find(';'), rest_.size()));
    if (const std::size_t comment = text.find(" ("); comment != std::string_view::npos) {
      if (ascii::trim(text).ends_with(')')) text = text.substr(0, comment);
    }
    const std::size_t blank = text.find_first_of(" \t");
    if (blank != std::string_view::npos && text.find('=', blank) != std::string_view::npos) {
      rest_ = std::string_view(text.data() + blank,
                               static_cast<std::size_t>(rest_.data() - text.data()) - blank + rest_.size());
      text = text.substr(0, blank);
    }
    text = ascii::trim(text);
    std::ranges::copy_if(text, std::back_inserter(out), [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
  }

  std::string_view rest_;
};

// A parameter as written, and what RFC 2231 3 and 4 see in its name:
//   attribute [section] ["*"]        section = "*" ("0" / %x31-39 *DIGIT)
struct RawParameter {
  std::string name, value;
  std::string_view base;  // of `name`
  std::size_t section = 0;
  bool has_section = false, extended = false, used = false;
};

void read_name(RawParameter& raw) {
  std::string_view base = raw.name;
  if (base.ends_with('*')) {
    raw.extended = true;
    base.remove_suffix(1);
  }
  const std::size_t star = base.rfind('*');
  if (star != std::string_view::npos && star > 0) {
    const std::string_view digits = base.substr(star + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), raw.section);
    if (!digits.empty() && read.ec == std::errc() && read.ptr == digits.data() + digits.size() &&
        raw.section < kMaxSections) {
      raw.has_section = true;
      base = base.substr(0, star);
    }
  }
  raw.base = base;
}

// ext-octet = "%" 2(DIGIT / "A" / ... / "F")
std::string undo_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// attribute-char = <any (ASCII) CHAR except SPACE, CTLs, "*", "'", "%", or tspecials>
void append_percent(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    if (!ends_token(c) && !ascii::is_8bit(c) && c != '*' && c != '\'' && c != '%') {
      out += c;
    } else {
      out += '%';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
}

class ParameterList {
 public:
  ParameterList(TextPool& pool, std::vector<Parameter>& out) : pool_(pool), out_(out), first_(out.size()) {}

  // *(";" parameter)      parameter = attribute "=" value
  void read(ValueReader& reader) {
    while (raws_.size() < kMaxParameters) {
      reader.skip_blanks();
      while (reader.accept(';')) reader.skip_blanks();
      if (reader.at_end()) break;
      RawParameter raw;
      raw.name = reader.token();
      reader.skip_blanks();
      if (!raw.name.empty() && reader.accept('=')) {
        reader.value(raw.value);
        raws_.push_back(std::move(raw));
      } else {
        reader.skip_to_semicolon();
      }
    }
    join();
  }

 private:
  void join() {
    for (RawParameter& raw : raws_) read_name(raw);
    for (RawParameter& raw : raws_) {
      if (raw.used) continue;
      if (!raw.has_section || !join_sections(raw.base)) put(raw.name, raw.value);
    }
  }

  // RFC 2231 3: sections from 0 on, in any order. False, and nothing joined, without section 0.
  bool join_sections(std::string_view base) {
    std::vector<RawParameter*> sections(raws_.size(), nullptr);
    for (RawParameter& raw : raws_) {
      if (!raw.has_section || raw.used || !ascii::iequals(raw.base, base)) continue;
      if (raw.section < sections.size() && sections[raw.section] == nullptr) sections[raw.section] = &raw;
    }
    if (sections.empty() || sections[0] == nullptr) return false;
    const bool extended = sections[0]->extended;
    std::string name(base), value;
    if (extended) name += '*';
    for (std::size_t i = 0; i < sections.size() && sections[i] != nullptr; ++i) {
      RawParameter& section = *sections[i];
      section.used = true;
      if (section.extended == extended) {
        value += section.value;
      } else if (extended) {
        append_percent(section.value, value);
      } else {
        value += undo_percent(section.value);
      }
    }
    std::erase_if(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    put(name, value);
    return true;
  }

  // RFC 2045 5.1: no name twice; the first counts.
  void put(std::string_view name, std::string_view value) {
    for (std::size_t i = first_; i < out_.size(); ++i) {
      if (ascii::iequals(out_[i].name, name)) return;
    }
    out_.push_back({pool_.keep(name), pool_.keep(value)});
  }

  TextPool& pool_;
  std::vector<Parameter>& out_;
  std::size_t first_;
  std::vector<RawParameter> raws_;
};

// extended-initial-value = [charset] "'" [language] "'" extended-other-values
std::string decode_extended(std::string_view value) {
  const std::size_t charset_end = value.find('\'');
  const std::size_t language_end =
      charset_end == std::string_view::npos ? charset_end : value.find('\'', charset_end + 1);
  if (language_end == std::string_view::npos) return to_utf8(undo_percent(value));
  const std::string octets = undo_percent(value.substr(language_end + 1));
  const auto text = to_utf8(octets, value.substr(0, charset_end));
  return text ? *text : to_utf8(octets);
}

}  // namespace

// content := "Content-Type" ":" type "/" subtype *(";" parameter)
std::optional<ContentType> read_content_type(std::string_view value, TextPool& pool, std::vector<Parameter>& out) {
  ValueReader reader(value);
  reader.skip_blanks();
  const std::string_view type = reader.token();
  reader.skip_blanks();
  if (type.empty() || !reader.accept('/')) return std::nullopt;
  reader.skip_blanks();
  const std::string_view subtype = reader.token();
  if (subtype.empty()) return std::nullopt;
  reader.skip_blanks();
  // "text/plain charset=utf-8": a missing semicolon is forgiven, other text is passed over.
  if (reader.at('/') || reader.at(',')) reader.skip_to_semicolon();
  ParameterList(pool, out).read(reader);
  return ContentType{pool.keep(type), pool.keep(subtype)};
}

// disposition := "Content-Disposition" ":" disposition-type *(";" disposition-parm)
std::optional<std::string_view> read_disposition(std::string_view value, TextPool& pool, std::vector<Parameter>& out) {
  ValueReader reader(value);
  reader.skip_blanks();
  const std::string_view disposition = reader.token();
  if (disposition.empty()) return std::nullopt;
  ParameterList(pool, out).read(reader);
  return pool.keep(disposition);
}

std::optional<std::string_view> find_parameter(std::span<const Parameter> parameters, std::string_view name) {
  const auto at = std::ranges::find_if(parameters, [&](const Parameter& p) { return ascii::iequals(p.name, name); });
  if (at == parameters.end()) return std::nullopt;
  return at->value;
}

std::optional<std::string> decode_parameter(std::span<const Parameter> parameters, std::string_view name) {
  if (const auto extended = find_parameter(parameters, std::string(name) + '*')) return decode_extended(*extended);
  if (const auto plain = find_parameter(parameters, name)) return decode_words(*plain);
  return std::nullopt;
}

}  // namespace gatepost::mime
