#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/text_pool.hpp"

namespace gatepost::mime {

inline constexpr std::size_t kMaxAddresses = 10'000;  // in one list; the rest is not looked at

// One element of an address list as IMAP's ENVELOPE has it (RFC 9051 7.5.2):
//   an address      mailbox and host are there. A host that is missing in the text is "" (present, empty)
//   start of group  mailbox is the group's name, no host
//   end of group    neither
// Texts are free of quotes, comments and folding, and otherwise as written: RFC 2047 words are not decoded, 8-bit
// octets stay. `name` is the display name, or the last comment of an address without one ("jd@example.org (John Doe)").
struct Address {
  std::optional<std::string_view> name, mailbox, host;
  bool operator==(const Address&) const = default;

  bool is_mailbox() const { return mailbox.has_value() && host.has_value(); }
  bool starts_group() const { return mailbox.has_value() && !host.has_value(); }
  bool ends_group() const { return !mailbox.has_value(); }
};

// Reads the value of an address field, folded or not (RFC 5322 3.4 address-list, with the obsolete forms of 4.4:
// routes, empty elements, dots in phrases, blanks and comments anywhere) and appends to `out` what it holds, up to
// `limit` elements in `out`. Never fails: what is no address becomes the nearest thing to one, or nothing. Groups
// always have an end. Texts live in `pool`. Linear in the size of `value`.
void read_addresses(std::string_view value, TextPool& pool, std::vector<Address>& out,
                    std::size_t limit = kMaxAddresses);

// The same for who has no pool. Move-only; views live as long as the list.
struct AddressList {
  TextPool pool;
  std::vector<Address> addresses;
};
AddressList read_addresses(std::string_view value);

// "local@domain" as SMTP writes it: a local part that is no dot-atom is quoted (RFC 5321 4.1.2). "" unless
// is_mailbox().
std::string to_addr_spec(const Address& address);

}  // namespace gatepost::mime
