#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost::imap {

inline constexpr std::size_t kMaxMailboxNameOctets = 4096;  // UTF-8. What may be created is the account's rule
inline constexpr std::size_t kMaxPatternOctets = 1024;

// Modified UTF-7 (RFC 3501 5.1.3). Both are strict and inverse to each other: text with superfluous shifts, with
// printable ASCII in base64, with unpaired surrogates or with bits left over is refused, and so is malformed UTF-8.
std::optional<std::string> modified_utf7_to_utf8(std::string_view text);
std::optional<std::string> utf8_to_modified_utf7(std::string_view text);

// What a client wrote where a mailbox is named, as UTF-8. `utf8`: names are UTF-8 on the wire (IMAP4rev2 or UTF8=ACCEPT
// is enabled), else modified UTF-7. INBOX in any case gives "INBOX" (RFC 9051 5.1), also as first level of "inbox/x"
// with `delimiter`. nullopt: malformed, or with controls or line separators (RFC 5198 2), or too long.
std::optional<std::string> read_mailbox_name(std::string_view wire, bool utf8, char delimiter = '/');
// The same without the rule for INBOX: LIST's reference and patterns.
std::optional<std::string> read_mailbox_pattern(std::string_view wire, bool utf8);

// A pattern of LIST, LSUB: '*' matches everything, '%' everything but the delimiter (RFC 9051 6.3.9). INBOX as first
// level matches in any case. Time for one name is its length times an 64th of the pattern's length, whatever the
// wildcards.
class MailboxPattern {
 public:
  explicit MailboxPattern(std::string_view pattern, char delimiter = '/');  // UTF-8, up to kMaxPatternOctets
  bool matches(std::string_view name) const;
  bool has_wildcards() const { return has_wildcards_; }

 private:
  // A state machine in bits: in state i the first i literal octets of the pattern have been matched; where a wildcard
  // stands before the next one, the state may also stay.
  using Word = std::uint64_t;
  static constexpr std::size_t kMaxWords = kMaxPatternOctets / 64 + 1;
  using States = std::array<Word, kMaxWords>;
  const Word* steps(char octet) const { return masks_.data() + row_[static_cast<unsigned char>(octet)] * words_; }

  char delimiter_;
  bool has_wildcards_ = false;
  std::size_t words_ = 0;                    // used of States; 0: the pattern is over the limit and matches nothing
  std::size_t last_ = 0;                     // the state in which all is matched
  std::array<std::uint16_t, 256> row_{};     // of masks_, by octet; row 0 is empty
  std::vector<Word> masks_;                  // rows of words_: the states that this octet takes one further
  std::vector<Word> stay_any_, stay_level_;  // states with '*', with '%' before the next octet
};

}  // namespace gatepost::imap
