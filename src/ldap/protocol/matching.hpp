#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatepost::ldap {

// Matching rules (RFC 4517 4.2): how values are compared. ordering and substring rules go by the equality rule whose
// preparation they share.
enum class Rule : std::uint8_t {
  none,
  case_ignore,
  case_exact,
  numeric_string,
  telephone_number,
  octet_string,
  distinguished_name,
  integer,
  boolean,
  generalized_time,
  object_identifier,
  uuid,                   // RFC 4530
  bit_and,                // 1.2.840.113556.1.4.803: all bits of the assertion are set
  bit_or,                 // 1.2.840.113556.1.4.804: one of them is
  transitive_membership,  // 1.2.840.113556.1.4.1941: the name is reached by one link after the other
};

// The form in which values that are equal by the rule are the same octets; nullopt: it is no value of the rule's
// syntax. For case_ignore and case_exact as RFC 4518 has it: NFKC, case folded or not, blanks at the ends dropped and
// those within made one.
std::optional<std::string> prepare(Rule rule, std::string_view value);
// The same for a part of substrings; blanks are dropped only where the part is the value's beginning or end.
std::optional<std::string> prepare_part(Rule rule, std::string_view part, bool from_start, bool to_end);

// Order of prepared values (RFC 4517 4.2: integers as numbers, the others as octets). Below 0: a comes first.
int compare(Rule rule, std::string_view a, std::string_view b);
bool has_order(Rule rule);
bool has_parts(Rule rule);

// Of prepared integers; false when one does not fit 64 bits.
bool bits_match(Rule rule, std::string_view value, std::string_view mask);

// Time in UTC as the syntax writes it (RFC 4517 3.3.13), "20260102030405Z", from microseconds since 1970.
std::string generalized_time(std::int64_t micros);

}  // namespace gatepost::ldap
