#include "gate/probe/replies.hpp"

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::gate::probe {

namespace {

using Progress = Taken::Progress;

constexpr Taken bad(std::string_view why) { return {Progress::bad, 0, why}; }

// The line at `from`, without its end; `next` is where the following one begins. Need more, or bad, by `progress`.
Taken line_at(std::string_view input, std::size_t from, std::string_view& line, std::size_t& next) {
  const std::size_t end = input.find('\n', from);
  if (end == std::string_view::npos) {
    if (input.size() - from > kMaxLineOctets) return bad("a line longer than the protocol allows");
    return {};
  }
  if (end - from > kMaxLineOctets) return bad("a line longer than the protocol allows");
  line = input.substr(from, end - from);
  if (line.ends_with('\r')) line.remove_suffix(1);
  next = end + 1;
  return {Progress::done, end + 1, {}};
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  const bool cut = text.size() > most;
  std::string_view rest = text.substr(0, most);
  while (!rest.empty()) {
    const std::string_view before = rest;
    const char32_t c = utf8::next(rest);
    const bool plain = c >= 0x20 && c < 0x7f;
    if (plain) {
      out += static_cast<char>(c);
    } else {
      for (const char octet : before.substr(0, before.size() - rest.size())) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(octet)));
      }
    }
  }
  return cut ? out + "..." : out;
}

std::string SmtpReply::text() const {
  std::string out = std::to_string(code);
  for (const std::string& line : lines) {
    out += (&line == &lines.front() ? " " : " / ") + printable(line);
    if (out.size() > 160) return out + " ...";
  }
  return out;
}

Taken take_smtp_reply(std::string_view input, SmtpReply& into) {
  into = {};
  std::size_t at = 0;
  for (std::size_t count = 0; count < kMaxLines; ++count) {
    std::string_view line;
    const Taken taken = line_at(input, at, line, at);
    if (taken.progress != Progress::done) return taken;
    if (line.size() < 3 || !ascii::is_digit(line[0]) || !ascii::is_digit(line[1]) || !ascii::is_digit(line[2])) {
      return bad("an answer that does not begin with a number");
    }
    const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if (count != 0 && code != into.code) return bad("an answer whose lines have different numbers");
    into.code = code;
    const bool more = line.size() > 3 && line[3] == '-';
    if (line.size() > 3 && !more && line[3] != ' ') return bad("an answer without a blank after its number");
    into.lines.emplace_back(line.size() > 4 ? line.substr(4) : std::string_view());
    if (!more) return {Progress::done, at, {}};
  }
  return bad("an answer of too many lines");
}

Taken take_line(std::string_view input, std::string& into) {
  std::string_view line;
  std::size_t next = 0;
  const Taken taken = line_at(input, 0, line, next);
  if (taken.progress == Progress::done) into = line;
  return taken;
}

Taken take_imap_answer(std::string_view input, std::string_view tag, ImapAnswer& into) {
  into = {};
  std::size_t at = 0;
  for (std::size_t count = 0; count < kMaxLines; ++count) {
    std::string_view line;
    const Taken taken = line_at(input, at, line, at);
    if (taken.progress != Progress::done) return taken;
    if (line.starts_with("* ")) {
      into.untagged.emplace_back(line.substr(2));
      continue;
    }
    std::string_view rest = line;
    if (line.starts_with("+")) {
      into.status = "+";
      into.text = line.substr(1);
      return {Progress::done, at, {}};
    }
    if (!rest.starts_with(tag) || rest.size() <= tag.size() || rest[tag.size()] != ' ') {
      return bad("a line that answers nothing that was asked");
    }
    rest.remove_prefix(tag.size() + 1);
    const std::size_t blank = rest.find(' ');
    into.status = ascii::to_upper(rest.substr(0, blank));
    if (blank != std::string_view::npos) into.text = rest.substr(blank + 1);
    if (into.status != "OK" && into.status != "NO" && into.status != "BAD") return bad("a status that is none");
    return {Progress::done, at, {}};
  }
  return bad("an answer of too many lines");
}

std::vector<std::string> imap_capabilities(std::string_view text) {
  std::vector<std::string> out;
  constexpr std::string_view kWord = "CAPABILITY ";
  const std::size_t at = ascii::ifind(text, kWord);
  if (at == std::string_view::npos) return out;
  std::string_view rest = text.substr(at + kWord.size());
  rest = rest.substr(0, rest.find(']'));
  for (const std::string_view word : ascii::split(rest, ' ')) {
    if (!word.empty() && out.size() < kMaxLines) out.push_back(ascii::to_upper(word));
  }
  return out;
}

std::vector<std::string> imap_capabilities(const ImapAnswer& answer) {
  for (const std::string& line : answer.untagged) {
    if (ascii::istarts_with(line, "CAPABILITY ")) return imap_capabilities(std::string_view(line));
  }
  return imap_capabilities(std::string_view(answer.text));
}

Taken take_pop3_answer(std::string_view input, bool multiline, Pop3Answer& into) {
  into = {};
  std::string_view line;
  std::size_t at = 0;
  if (const Taken first = line_at(input, 0, line, at); first.progress != Progress::done) return first;
  into.ok = line.starts_with("+OK");
  if (!into.ok && !line.starts_with("-ERR")) return bad("an answer that is neither +OK nor -ERR");
  into.text = std::string(ascii::trim(line.substr(into.ok ? 3 : 4)));
  if (!multiline || !into.ok) return {Progress::done, at, {}};
  for (std::size_t count = 0; count < kMaxLines; ++count) {
    const Taken taken = line_at(input, at, line, at);
    if (taken.progress != Progress::done) return taken;
    if (line == ".") return {Progress::done, at, {}};
    into.lines.emplace_back(line.starts_with('.') ? line.substr(1) : line);
  }
  return bad("an answer of too many lines");
}

std::string_view HttpHead::field(std::string_view name) const {
  for (const auto& [known, value] : fields) {
    if (known == name) return value;
  }
  return {};
}

Taken take_http_head(std::string_view input, HttpHead& into) {
  into = {};
  std::string_view line;
  std::size_t at = 0;
  if (const Taken first = line_at(input, 0, line, at); first.progress != Progress::done) return first;
  // RFC 9112 4: HTTP-version SP status-code SP [ reason-phrase ]
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ' || !ascii::is_digit(line[9]) ||
      !ascii::is_digit(line[10]) || !ascii::is_digit(line[11])) {
    return bad("an answer that is not HTTP/1");
  }
  into.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  for (std::size_t count = 0; count < kMaxLines; ++count) {
    const Taken taken = line_at(input, at, line, at);
    if (taken.progress != Progress::done) return taken;
    if (line.empty()) return {Progress::done, at, {}};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return bad("a field without a colon");
    into.fields.emplace_back(ascii::to_lower(line.substr(0, colon)), std::string(ascii::trim(line.substr(colon + 1))));
  }
  return bad("too many fields");
}

namespace {

// Definite-length BER (RFC 4511 5.1), one element at a time.
class Ber {
 public:
  explicit Ber(std::string_view octets) : rest_(octets) {}
  bool at_end() const { return rest_.empty(); }
  // Whether the whole of the next element has arrived.
  enum class Whole : std::uint8_t { yes, no, never };
  Whole whole(std::size_t& size) const;
  // The next element; false: there is none, or it is broken.
  bool next(std::uint8_t& tag, std::string_view& content);
  // The next element, which has that tag.
  bool expect(std::uint8_t tag, std::string_view& content) {
    std::uint8_t found = 0;
    return next(found, content) && found == tag;
  }

 private:
  static constexpr std::size_t kNeedMore = SIZE_MAX, kBroken = SIZE_MAX - 1;
  // Octets of tag and length; `length` that of the content.
  std::size_t header(std::size_t& length) const;
  std::string_view rest_;
};

std::size_t Ber::header(std::size_t& length) const {
  if (rest_.size() < 2) return kNeedMore;
  if ((static_cast<std::uint8_t>(rest_[0]) & 0x1f) == 0x1f) return kBroken;
  const auto first = static_cast<std::uint8_t>(rest_[1]);
  if (first < 0x80) {
    length = first;
    return 2;
  }
  const std::size_t count = first & 0x7fU;
  if (count == 0 || count > 4) return kBroken;
  if (rest_.size() < 2 + count) return kNeedMore;
  length = 0;
  for (std::size_t i = 0; i < count; ++i) length = length << 8 | static_cast<std::uint8_t>(rest_[2 + i]);
  return 2 + count;
}

Ber::Whole Ber::whole(std::size_t& size) const {
  std::size_t length = 0;
  const std::size_t head = header(length);
  if (head == kBroken || (head != kNeedMore && length > kMaxAnswerOctets)) return Whole::never;
  if (head == kNeedMore || rest_.size() - head < length) return Whole::no;
  size = head + length;
  return Whole::yes;
}

bool Ber::next(std::uint8_t& tag, std::string_view& content) {
  std::size_t length = 0;
  const std::size_t head = header(length);
  if (head == kBroken || head == kNeedMore || rest_.size() - head < length) return false;
  tag = static_cast<std::uint8_t>(rest_[0]);
  content = rest_.substr(head, length);
  rest_.remove_prefix(head + length);
  return true;
}

bool read_unsigned(std::string_view content, std::uint32_t& value) {
  if (content.empty() || content.size() > 5) return false;
  std::uint64_t read = 0;
  for (const char c : content) read = read << 8 | static_cast<std::uint8_t>(c);
  if (read > UINT32_MAX) return false;
  value = static_cast<std::uint32_t>(read);
  return true;
}

bool read_entry(Ber entry, LdapMessage& into) {
  std::string_view name, attributes;
  if (!entry.expect(0x04, name) || !entry.expect(0x30, attributes)) return false;
  into.name = name;
  Ber list(attributes);
  while (!list.at_end()) {
    std::string_view attribute, type, values;
    if (!list.expect(0x30, attribute)) return false;
    Ber parts(attribute);
    if (!parts.expect(0x04, type) || !parts.expect(0x31, values)) return false;
    std::vector<std::string> texts;
    Ber set(values);
    while (!set.at_end()) {
      std::string_view value;
      if (!set.expect(0x04, value)) return false;
      if (texts.size() < kMaxLines) texts.emplace_back(value);
    }
    if (into.attributes.size() < kMaxLines) into.attributes.emplace_back(std::string(type), std::move(texts));
  }
  return true;
}

// LDAPResult (RFC 4511 4.1.9): resultCode, matchedDN, diagnosticMessage.
bool read_result(Ber result, LdapMessage& into) {
  std::string_view code, matched, diagnostic;
  std::uint32_t number = 0;
  if (!result.expect(0x0a, code) || !read_unsigned(code, number)) return false;
  if (!result.expect(0x04, matched) || !result.expect(0x04, diagnostic)) return false;
  into.result = number;
  into.diagnostic = diagnostic;
  return true;
}

void append(std::string& out, std::uint8_t tag, std::string_view content) {
  out += static_cast<char>(tag);
  if (content.size() < 0x80) {
    out += static_cast<char>(content.size());
  } else {
    out += '\x82';
    out += static_cast<char>(content.size() >> 8);
    out += static_cast<char>(content.size() & 0xff);
  }
  out += content;
}

std::string number(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const auto octet = static_cast<char>(value >> shift & 0xff);
    if (out.empty() && octet == 0 && shift != 0) continue;
    out += octet;
  }
  if ((static_cast<std::uint8_t>(out[0]) & 0x80) != 0) out.insert(0, 1, '\0');
  return out;
}

std::string ldap_message(std::uint32_t id, std::uint8_t tag, std::string_view operation) {
  std::string body, out;
  append(body, 0x02, number(id));
  append(body, tag, operation);
  append(out, 0x30, body);
  return out;
}

}  // namespace

const std::vector<std::string>* LdapMessage::attribute(std::string_view type) const {
  for (const auto& [known, values] : attributes) {
    if (ascii::iequals(known, type)) return &values;
  }
  return nullptr;
}

Taken take_ldap_message(std::string_view input, LdapMessage& into) {
  into = {};
  std::size_t size = 0;
  if (!input.empty() && input.front() != '\x30') return bad("an answer that is not LDAP");
  switch (Ber(input).whole(size)) {
    case Ber::Whole::never:
      return bad("an answer that is not LDAP");
    case Ber::Whole::no:
      return {};
    case Ber::Whole::yes:
      break;
  }
  std::string_view message, id, content;
  std::uint8_t tag = 0;
  Ber outer(input);
  if (!outer.expect(0x30, message)) return bad("an answer that is not LDAP");
  Ber parts(message);
  if (!parts.expect(0x02, id) || !read_unsigned(id, into.id) || !parts.next(tag, content) || (tag & 0xc0) != 0x40) {
    return bad("an answer that is not LDAP");
  }
  into.operation = tag & 0x1f;
  bool ok = true;
  if (into.operation == 4) ok = read_entry(Ber(content), into);
  if (into.operation == 1 || into.operation == 5 || into.operation == 24) ok = read_result(Ber(content), into);
  if (!ok) return bad("an LDAP answer that breaks its grammar");
  return {Progress::done, size, {}};
}

std::string ldap_search(std::uint32_t id, std::string_view base, bool subtree, std::uint32_t size_limit,
                        const std::vector<std::string_view>& attributes) {
  constexpr std::uint32_t kSeconds = 5;
  std::string body, list;
  append(body, 0x04, base);
  append(body, 0x0a, std::string(1, subtree ? '\x02' : '\0'));
  append(body, 0x0a, std::string(1, '\0'));  // neverDerefAliases
  append(body, 0x02, number(size_limit));
  append(body, 0x02, number(kSeconds));
  append(body, 0x01, std::string(1, '\0'));  // typesOnly FALSE
  append(body, 0x87, "objectClass");         // present
  for (const std::string_view attribute : attributes) append(list, 0x04, attribute);
  append(body, 0x30, list);
  return ldap_message(id, 0x63, body);
}

std::string ldap_extended(std::uint32_t id, std::string_view oid) {
  std::string body;
  append(body, 0x80, oid);
  return ldap_message(id, 0x77, body);
}

}  // namespace gatepost::gate::probe
