#include "sieve/text.hpp"

#include <algorithm>
#include <vector>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "mime/address.hpp"
#include "sieve/limits.hpp"

namespace gatepost::sieve {
namespace {

bool is_hex(char c) { return ascii::is_digit(c) || (ascii::lower(c) >= 'a' && ascii::lower(c) <= 'f'); }
std::uint32_t hex(char c) {
  return static_cast<std::uint32_t>(ascii::is_digit(c) ? c - '0' : ascii::lower(c) - 'a' + 10);
}

// The inside of "${hex:" or "${unicode:" up to "}". nullopt: not of that form, and stays as it is.
std::optional<std::vector<std::string_view>> hex_words(std::string_view inside) {
  std::vector<std::string_view> words;
  while (!inside.empty()) {
    if (ascii::is_space(inside.front())) {
      inside.remove_prefix(1);
      continue;
    }
    std::size_t size = 0;
    while (size < inside.size() && is_hex(inside[size])) ++size;
    if (size == 0 || (size < inside.size() && !ascii::is_space(inside[size]))) return std::nullopt;
    words.push_back(inside.substr(0, size));
    inside.remove_prefix(size);
  }
  if (words.empty()) return std::nullopt;
  return words;
}

struct Decoded {
  std::string octets;
  std::size_t taken = 0;  // 0: no encoded character
};

Parsed<Decoded> decode_at(std::string_view text, unsigned line) {
  const bool is_octets = ascii::istarts_with(text, "${hex:");
  if (!is_octets && !ascii::istarts_with(text, "${unicode:")) return Decoded();
  const std::size_t begin = text.find(':') + 1;
  const std::size_t end = text.find('}', begin);
  if (end == std::string_view::npos) return Decoded();
  const auto words = hex_words(text.substr(begin, end - begin));
  if (!words) return Decoded();
  Decoded out;
  for (std::string_view word : *words) {
    if (is_octets && word.size() > 2) return Decoded();
    while (word.size() > 1 && word.front() == '0') word.remove_prefix(1);
    std::uint32_t code = 0;
    for (const char c : word.substr(0, 7)) code = code * 16 + hex(c);
    if (is_octets) {
      out.octets += static_cast<char>(code);
      continue;
    }
    if (word.size() > 6 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      return wrong(line, "there is no character " + std::string(word));
    }
    utf8::append(out.octets, code);
  }
  out.taken = end + 1;
  return out;
}

struct Reference {
  std::string_view name;  // of the variable, namespaces included
  std::size_t taken = 0;  // 0: none begins here
  bool in_namespace = false;
};

// variable-ref = "${" [namespace] variable-name "}"
Reference reference_at(std::string_view text) {
  if (!text.starts_with("${")) return {};
  std::size_t at = 2;
  Reference out;
  for (;;) {
    const std::size_t begin = at;
    const bool is_number = at < text.size() && ascii::is_digit(text[at]);
    while (at < text.size() && (is_number ? ascii::is_digit(text[at]) : ascii::is_alnum(text[at]) || text[at] == '_')) {
      ++at;
    }
    // namespace = identifier "." *sub-namespace
    if (at == begin || at >= text.size() || (is_number && begin == 2 && text[at] == '.')) return {};
    if (text[at] == '}') break;
    if (text[at] != '.') return {};
    out.in_namespace = true;
    ++at;
  }
  out.name = text.substr(2, at - 2);
  out.taken = at + 1;
  return out;
}

}  // namespace

Parsed<std::string> decode_characters(std::string_view text, unsigned line) {
  std::string out;
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find("${"), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    auto decoded = decode_at(text, line);
    if (!decoded) return std::unexpected(std::move(decoded).error());
    if (decoded->taken == 0) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += decoded->octets;
      text.remove_prefix(decoded->taken);
    }
  }
  return out;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && !ascii::is_digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return ascii::is_alnum(c) || c == '_'; });
}

bool is_constant(std::string_view text) {
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 1)) {
    if (reference_at(text.substr(at)).taken != 0) return false;
  }
  return true;
}

Parsed<> check_references(std::string_view text, unsigned line) {
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 1)) {
    const Reference reference = reference_at(text.substr(at));
    if (reference.taken == 0) continue;
    const std::string name(reference.name);
    if (reference.in_namespace) return wrong(line, "nobody knows the namespace of the variable \"" + name + "\"");
    if (!ascii::is_digit(name.front())) continue;
    const std::size_t digits = std::min(name.find_first_not_of('0'), name.size());
    if (name.size() - digits > 2)
      return wrong(line, "there are " + std::to_string(kMaxMatchVariable) + " match variables at most");
  }
  return {};
}

std::optional<std::string> outbound_address(std::string_view text) {
  if (std::ranges::any_of(text, ascii::is_control)) return std::nullopt;
  const mime::AddressList list = mime::read_addresses(text);
  if (list.addresses.size() != 1 || !list.addresses.front().is_mailbox()) return std::nullopt;
  const mime::Address& address = list.addresses.front();
  if (address.mailbox->empty() || address.host->empty()) return std::nullopt;
  std::string out = mime::to_addr_spec(address);
  if (out.find_first_of(" \t<>") != std::string::npos) return std::nullopt;
  return out;
}

std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  text.resize(most);
  return text;
}

std::string expand(std::string_view text, const std::function<std::string_view(std::string_view name)>& value_of) {
  std::string out;
  while (!text.empty() && out.size() <= kMaxTextOctets) {
    const std::size_t plain = std::min(text.find("${"), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const Reference reference = reference_at(text);
    if (reference.taken == 0) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out.append(value_of(ascii::to_lower(reference.name)));
      text.remove_prefix(reference.taken);
    }
  }
  return cut(std::move(out), kMaxTextOctets);
}

}  // namespace gatepost::sieve
