#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "account/types.hpp"

namespace gatepost::sharing {

// What somebody may do in a folder (RFC 4314 2.1). The bits are those of account::Grant on disk.
enum class Right : std::uint16_t {
  lookup = 1,         // l: it is there
  read = 2,           // r: open it
  seen = 4,           // s: set and clear \Seen
  write = 8,          // w: flags but \Seen and \Deleted
  insert = 16,        // i: put messages into it
  post = 32,          // p: mail to its submission address; nothing asks for it here
  create = 64,        // k: folders in it
  remove = 128,       // x: delete or rename it
  mark = 256,         // t: set and clear \Deleted
  expunge = 512,      // e: remove what is \Deleted
  administer = 1024,  // a: see and change these rights
};

// A set of them. A value.
class Rights {
 public:
  constexpr Rights() = default;
  constexpr Rights(Right right) : bits_(static_cast<std::uint16_t>(right)) {}  // NOLINT: a right is a set of one
  static constexpr Rights all() { return of_bits(0x7ff); }
  static constexpr Rights of_bits(std::uint16_t bits) {
    Rights out;
    out.bits_ = bits & 0x7ff;
    return out;
  }
  constexpr std::uint16_t bits() const { return bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool has(Rights all_of) const { return (bits_ & all_of.bits_) == all_of.bits_; }
  constexpr bool has_any(Rights of) const { return (bits_ & of.bits_) != 0; }
  constexpr Rights without(Rights others) const {
    return of_bits(static_cast<std::uint16_t>(bits_ & ~static_cast<unsigned>(others.bits_)));
  }
  friend constexpr Rights operator|(Rights a, Rights b) {
    return of_bits(static_cast<std::uint16_t>(a.bits_ | b.bits_));
  }
  friend constexpr bool operator==(Rights, Rights) = default;

 private:
  std::uint16_t bits_ = 0;
};
constexpr Rights operator|(Right a, Right b) { return Rights(a) | Rights(b); }

// "lrs" and so on, in any order. RFC 4314 2.1.1: "c" stands for k and x, "d" for e and t. nullopt: another character.
std::optional<Rights> parse_rights(std::string_view letters);
// In the order of `Right`; with "c" and "d" behind, when one that they stand for is there (RFC 4314 2.1.1).
std::string to_string(Rights rights);

// The flags that somebody with these rights may change (RFC 4314 4).
account::FlagScope flag_scope(Rights rights);

}  // namespace gatepost::sharing
