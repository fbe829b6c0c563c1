#include "ldap/protocol/dn.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/broken.hpp"
#include "ldap/protocol/matching.hpp"
#include "ldap/protocol/schema.hpp"

namespace gatepost::ldap {
namespace {

// RFC 4514 3, special: what may stand behind a "\" for itself.
bool may_be_escaped(char c) { return std::string_view(" \"#+,;<=>\\").contains(c); }
// What ends a value or must be escaped.
bool is_separator(char c) { return c == ',' || c == ';' || c == '+'; }

// RFC 4512 1.4: descr = keystring, or numericoid.
bool is_type(std::string_view text) {
  if (text.empty()) return false;
  if (ascii::is_alpha(text.front())) {
    return std::ranges::all_of(text, [](char c) { return ascii::is_alnum(c) || c == '-'; });
  }
  return ascii::is_digit(text.front()) && ascii::is_digit(text.back()) && !text.contains("..") &&
         std::ranges::all_of(text, [](char c) { return ascii::is_digit(c) || c == '.'; });
}

class DnReader {
 public:
  explicit DnReader(std::string_view text) : rest_(text) {}

  Result<Dn> read() {
    Dn dn;
    skip_blanks();
    if (rest_.empty()) return dn;
    while (true) {
      if (dn.rdns.size() >= kMaxRdns) return broken("a name of too many parts");
      Rdn rdn;
      while (true) {
        if (rdn.size() >= kMaxAvas) return broken("a relative name of too many parts");
        GP_TRY(Ava ava, read_ava());
        rdn.push_back(std::move(ava));
        if (!rest_.starts_with('+')) break;
        rest_.remove_prefix(1);
      }
      dn.rdns.push_back(std::move(rdn));
      if (rest_.empty()) return dn;
      rest_.remove_prefix(1);  // "," or ";"
    }
  }

 private:
  void skip_blanks() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }

  Result<Ava> read_ava() {
    skip_blanks();
    const std::size_t equals = rest_.find('=');
    if (equals == std::string_view::npos) return broken("a part of a name without '='");
    Ava ava;
    ava.type = ascii::trim(rest_.substr(0, equals));
    if (!is_type(ava.type)) return broken("the type of a part of a name");
    rest_.remove_prefix(equals + 1);
    skip_blanks();
    auto value = rest_.starts_with('#') ? read_hex() : rest_.starts_with('"') ? read_quoted() : read_string();
    if (!value) return broken("the value of a part of a name");
    ava.value = *std::move(value);
    return ava;
  }

  // hexstring: the BER encoding of the value (RFC 4514 2.4). All our syntaxes are strings of octets.
  std::optional<std::string> read_hex() {
    rest_.remove_prefix(1);
    std::size_t size = 0;
    while (size < rest_.size() && !is_separator(rest_[size]) && rest_[size] != ' ') ++size;
    const auto octets = from_hex(rest_.substr(0, size));
    rest_.remove_prefix(size);
    skip_blanks();
    if (!octets || (!rest_.empty() && !is_separator(rest_.front()))) return std::nullopt;
    ber::Reader in(*octets);
    std::string value(in.content(in.peek()));
    if (!in.ok() || !in.at_end() || octets->empty()) return std::nullopt;
    return value;
  }

  // RFC 2253 4: quotation as older clients have it.
  std::optional<std::string> read_quoted() {
    rest_.remove_prefix(1);
    std::string value;
    while (!rest_.empty() && rest_.front() != '"') {
      if (!take_one(value)) return std::nullopt;
    }
    if (rest_.empty()) return std::nullopt;
    rest_.remove_prefix(1);
    skip_blanks();
    if (!rest_.empty() && !is_separator(rest_.front())) return std::nullopt;
    return value;
  }

  std::optional<std::string> read_string() {
    std::string value;
    std::size_t kept = 0;  // without the blanks at the end that nobody escaped
    while (!rest_.empty() && !is_separator(rest_.front())) {
      const char c = rest_.front();
      if (c == '"' || c == '<' || c == '>' || c == '\0') return std::nullopt;
      if (!take_one(value)) return std::nullopt;
      if (c != ' ') kept = value.size();
    }
    value.resize(kept);
    return value;
  }

  // One character, or a pair that stands for one octet.
  bool take_one(std::string& value) {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c != '\\') {
      value.push_back(c);
      return true;
    }
    if (rest_.empty()) return false;
    if (may_be_escaped(rest_.front())) {
      value.push_back(rest_.front());
      rest_.remove_prefix(1);
      return true;
    }
    const auto octet = from_hex(rest_.substr(0, 2));
    if (!octet || octet->size() != 1) return false;
    value += *octet;
    rest_.remove_prefix(2);
    return true;
  }

  std::string_view rest_;
};

std::string normal_ava(const Ava& ava) {
  const AttributeType* type = find_attribute(ava.type);
  std::string out = type != nullptr ? ascii::to_lower(type->name) : ascii::to_lower(ava.type);
  out += '=';
  auto value = type != nullptr ? prepare(type->equality, ava.value) : std::optional(ava.value);
  // An unprepared one is like nothing but itself.
  for (const char c : value ? *value : ava.value) {
    if (c == ',' || c == '+' || c == '\\')
      out += '\\' + to_hex({&c, 1});
    else
      out.push_back(c);
  }
  return out;
}

}  // namespace

Dn Dn::parent() const {
  Dn out;
  if (!rdns.empty()) out.rdns.assign(rdns.begin() + 1, rdns.end());
  return out;
}

Result<Dn> parse_dn(std::string_view text) {
  if (text.size() > kMaxDnOctets) return broken("a name that is too long");
  return DnReader(text).read();
}

// RFC 4514 2.4.
std::string escape_dn_value(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool edge_blank = c == ' ' && (i == 0 || i + 1 == value.size());
    if (edge_blank || (c == '#' && i == 0) || std::string_view("\"+,;<>\\").contains(c)) {
      out += '\\';
      out.push_back(c);
    } else if (ascii::is_control(c)) {
      out += '\\' + to_hex({&c, 1});
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string to_text(const Dn& dn) {
  std::string out;
  for (const Rdn& rdn : dn.rdns) {
    if (!out.empty()) out += ',';
    for (std::size_t i = 0; i < rdn.size(); ++i) {
      if (i != 0) out += '+';
      out += rdn[i].type + "=" + escape_dn_value(rdn[i].value);
    }
  }
  return out;
}

std::string normal_form(const Rdn& rdn) {
  std::vector<std::string> avas;
  for (const Ava& ava : rdn) avas.push_back(normal_ava(ava));
  std::ranges::sort(avas);
  std::string out;
  for (const std::string& ava : avas) out += (out.empty() ? "" : "+") + ava;
  return out;
}

std::string normal_form(const Dn& dn) {
  std::string out;
  for (const Rdn& rdn : dn.rdns) {
    if (!out.empty()) out += ',';
    out += normal_form(rdn);
  }
  return out;
}

}  // namespace gatepost::ldap
