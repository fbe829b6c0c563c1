#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace gatepost::directory {

inline constexpr std::size_t kMaxLocalOctets = 64;     // RFC 5321 4.5.3.1.1; octets of UTF-8 too (RFC 6532 3.4)
inline constexpr std::size_t kMaxDomainOctets = 255;   // RFC 5321 4.5.3.1.2, of the A-label form
inline constexpr std::size_t kMaxLabelOctets = 63;     // RFC 1035 2.3.4
inline constexpr std::size_t kMaxAddressOctets = 254;  // RFC 5321 4.5.3.1.3: a path of 256 with its brackets

// A mail address in the one form that is stored and compared.
struct Address {
  std::string local;   // ASCII letters in lower case, UTF-8 in NFC, quoted only if it must be
  std::string domain;  // A-labels in lower case, or an address literal "[192.0.2.1]"
  bool operator==(const Address&) const = default;
  std::string to_string() const { return local + "@" + domain; }
};

// A domain name as A-labels in lower case: "Bücher.example" gives "xn--bcher-kva.example" (RFC 5891, UTS #46 without
// the transitional mappings). Labels may have underscores: they are seen in the domains of foreign recipients.
// Errc::invalid with a sentence for the admin.
Result<std::string> canonical_domain(std::string_view text);

// local-part@domain (RFC 5321 4.1.2, UTF-8 by RFC 6531 3.3), without angle brackets. A quoted local part loses quotes
// that it does not need. The domain may be an address literal. canonical(canonical(x)) == canonical(x). Errc::invalid
// as above.
Result<Address> canonical_address(std::string_view text);

// A local part cut at a delimiter: "anna+lists" gives {"anna", "lists"}.
struct PlusForm {
  std::string_view base, detail;  // views into the argument
};
// Every way to cut a canonical local part at one of the characters of `delimiters`, longest base first. None for a
// quoted one, and none with an empty base.
std::vector<PlusForm> plus_forms(std::string_view local, std::string_view delimiters);

// "postmaster" and "abuse": addresses each domain must have (RFC 5321 4.5.1, RFC 2142 4 and 5).
bool is_role(std::string_view local);

}  // namespace gatepost::directory
