#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace gatepost::sieve {

// What a script may ask for with "require". In the order of the table in extension.cpp.
enum class Extension : std::uint8_t {
  body,
  ascii_casemap,
  ascii_numeric,
  octet,
  unicode_casemap,
  copy,
  date,
  duplicate,
  encoded_character,
  envelope,
  environment,
  ereject,
  fileinto,
  ihave,
  imap4flags,
  index,
  mailbox,
  reject,
  relational,
  special_use,
  subaddress,
  vacation,
  vacation_seconds,
  variables,
};

class ExtensionSet {
 public:
  void add(Extension e) { bits_ |= bit(e); }
  void add(ExtensionSet other) { bits_ |= other.bits_; }
  bool has(Extension e) const { return (bits_ & bit(e)) != 0; }
  bool has_all(ExtensionSet other) const { return (bits_ & other.bits_) == other.bits_; }
  bool operator==(const ExtensionSet&) const = default;

 private:
  static std::uint32_t bit(Extension e) { return std::uint32_t{1} << static_cast<std::uint8_t>(e); }
  std::uint32_t bits_ = 0;
};

// Capability strings are case-sensitive (RFC 5228 6).
std::optional<Extension> find_extension(std::string_view capability);
std::string_view to_string(Extension);
// All that scripts may ask for here, as protocols announce it: without comparators that need no asking.
std::vector<std::string_view> announced_extensions();

}  // namespace gatepost::sieve
