#include "directory/addresses.hpp"

#include <fmt/format.h>
#include <idn2.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::directory {
namespace {

// U-labels may be longer than the A-labels they become; nothing sensible is longer than this.
constexpr std::size_t kMaxUnicodeDomainOctets = 1024;
constexpr std::size_t kMaxShown = 100;

std::unexpected<Error> invalid(std::string_view what, std::string_view text) {
  const std::string shown = utf8::sanitize(text.substr(0, kMaxShown));
  return fail(Errc::invalid, fmt::format("'{}{}': {}", shown, text.size() > kMaxShown ? "..." : "", what));
}

// atext (RFC 5322 3.2.3), with UTF-8 (RFC 6532 3.2); whether the UTF-8 is well-formed is checked elsewhere.
bool is_atext(char c) {
  return ascii::is_alnum(c) || ascii::is_8bit(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// Dot-string = Atom *("." Atom)                        (RFC 5321 4.1.2)
bool is_dot_string(std::string_view text) {
  bool after_dot = true;
  for (char c : text) {
    if (c == '.' ? after_dot : !is_atext(c)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

// C1 controls are two octets in UTF-8; they belong in no address.
bool has_c1_control(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

// NFC (RFC 6532 3.1: recommended for what is compared); `text` as it is if ICU cannot say.
std::string normalised(std::string text) {
  if (utf8::is_ascii(text)) return text;
  UErrorCode status = U_ZERO_ERROR;
  const UNormalizer2* nfc = unorm2_getNFCInstance(&status);
  std::array<UChar, 512> wide, composed;
  std::array<char, 1024> narrow;
  std::int32_t octets = 0;
  std::int32_t length = 0;
  u_strFromUTF8(wide.data(), wide.size(), &length, text.data(), static_cast<std::int32_t>(text.size()), &status);
  length =
      unorm2_normalize(nfc, wide.data(), U_SUCCESS(status) ? length : 0, composed.data(), composed.size(), &status);
  u_strToUTF8(narrow.data(), narrow.size(), &octets, composed.data(), U_SUCCESS(status) ? length : 0, &status);
  if (U_FAILURE(status)) return text;
  return {narrow.data(), static_cast<std::size_t>(octets)};
}

// Normalised around the change of case: some pairs compose in lower case only (h with a macron below).
std::string folded(std::string_view text) { return normalised(ascii::to_lower(normalised(std::string(text)))); }

// Labels of letters, digits, hyphens and underscores.
Result<> check_labels(std::string_view domain, std::string_view shown) {
  if (domain.size() > kMaxDomainOctets) return invalid("a domain name has at most 255 octets", shown);
  for (std::string_view label : ascii::split(domain, '.')) {
    if (label.empty()) return invalid("a domain name has no empty labels and no dot at its end", shown);
    if (label.size() > kMaxLabelOctets) return invalid("a label of a domain name has at most 63 octets", shown);
    if (label.front() == '-' || label.back() == '-')
      return invalid("a label neither begins nor ends with a hyphen", shown);
    for (char c : label) {
      if (!ascii::is_alnum(c) && c != '-' && c != '_') return invalid("a character that no domain name has", shown);
    }
  }
  return {};
}

// address-literal = "[" ... "]"                        (RFC 5321 4.1.3); what is inside only has to be harmless here.
Result<std::string> canonical_literal(std::string_view text) {
  if (text.size() < 3 || text.size() > kMaxDomainOctets || text.back() != ']') {
    return invalid("an address literal looks like [192.0.2.1]", text);
  }
  for (char c : text.substr(1, text.size() - 2)) {
    if (!ascii::is_alnum(c) && c != '.' && c != ':' && c != '-')
      return invalid("an address literal looks like [192.0.2.1]", text);
  }
  return ascii::to_lower(text);
}

struct Cut {
  std::string local;  // without quotes
  std::size_t at;     // position of '@'
};

// Quoted-string = DQUOTE *QcontentSMTP DQUOTE          (RFC 5321 4.1.2); `text` begins with the quote.
Result<Cut> cut_quoted(std::string_view text) {
  Cut cut;
  for (std::size_t i = 1; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      if (i + 1 >= text.size() || text[i + 1] != '@')
        return invalid("'@' and a domain must follow the closing quote", text);
      cut.at = i + 1;
      return cut;
    }
    if (c == '\\' && ++i < text.size()) c = text[i];
    if (i >= text.size()) break;
    if (ascii::is_control(c)) return invalid("a control character", text);
    cut.local += c;
  }
  return invalid("the quoted local part has no closing quote", text);
}

Result<Cut> cut_plain(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return invalid("an address looks like name@example.org; this has no '@'", text);
  if (at == 0) return invalid("nothing before the '@'", text);
  const std::string_view local = text.substr(0, at);
  if (!is_dot_string(local)) {
    return invalid("the part before the '@' has spaces, special characters, or dots at its ends or in pairs", text);
  }
  return Cut{std::string(local), at};
}

std::string as_quoted_string(std::string_view local) {
  std::string out = "\"";
  for (char c : local) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

}  // namespace

Result<std::string> canonical_domain(std::string_view text) {
  if (text.empty()) return fail(Errc::invalid, "a domain name is missing");
  if (text.size() > kMaxUnicodeDomainOctets) return invalid("a domain name has at most 255 octets", text);
  if (utf8::is_ascii(text)) {
    GP_CHECK(check_labels(text, text));
    return ascii::to_lower(text);
  }
  if (!utf8::is_valid(text)) return invalid("not UTF-8", text);
  if (text.find('\0') != std::string_view::npos) return invalid("a character that no domain name has", text);
  char* found = nullptr;
  const std::string terminated(text);
  const int rc = idn2_to_ascii_8z(terminated.c_str(), &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, void (*)(void*)> owned(found, idn2_free);
  if (rc != IDN2_OK) return invalid(fmt::format("not an internationalised domain name: {}", idn2_strerror(rc)), text);
  std::string ascii_form = ascii::to_lower(owned.get());
  GP_CHECK(check_labels(ascii_form, text));
  return ascii_form;
}

Result<Address> canonical_address(std::string_view text) {
  if (text.empty()) return fail(Errc::invalid, "an address is missing");
  if (text.size() > kMaxUnicodeDomainOctets + 2 * kMaxLocalOctets)
    return invalid("an address has at most 254 octets", text);
  if (!utf8::is_valid(text)) return invalid("not UTF-8", text);
  if (has_c1_control(text)) return invalid("a control character", text);
  GP_TRY(const Cut cut, text.front() == '"' ? cut_quoted(text) : cut_plain(text));
  Address address;
  address.local = folded(cut.local);
  if (!is_dot_string(address.local)) address.local = as_quoted_string(address.local);
  if (address.local.size() > kMaxLocalOctets) return invalid("at most 64 octets may stand before the '@'", text);
  const std::string_view domain = text.substr(cut.at + 1);
  if (domain.starts_with('[')) {
    GP_TRY(address.domain, canonical_literal(domain));
  } else {
    GP_TRY(address.domain, canonical_domain(domain));
  }
  if (address.local.size() + 1 + address.domain.size() > kMaxAddressOctets) {
    return invalid("an address has at most 254 octets", text);
  }
  return address;
}

std::vector<PlusForm> plus_forms(std::string_view local, std::string_view delimiters) {
  std::vector<PlusForm> forms;
  if (local.starts_with('"')) return forms;
  for (std::size_t i = local.size(); i-- > 1;) {
    if (delimiters.find(local[i]) != std::string_view::npos) forms.push_back({local.substr(0, i), local.substr(i + 1)});
  }
  return forms;
}

bool is_role(std::string_view local) { return local == "postmaster" || local == "abuse"; }

}  // namespace gatepost::directory
