#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/error.hpp"
#include "sieve/extension.hpp"

// What a script means: checked completely, so that a run meets no mistake that could have been told before.
namespace gatepost::sieve {

enum class MatchType : std::uint8_t { is, contains, matches, value, count };
enum class Relation : std::uint8_t { gt, ge, lt, le, eq, ne };
enum class Comparator : std::uint8_t { octet, ascii_casemap, ascii_numeric, unicode_casemap };

struct Match {
  MatchType type = MatchType::is;
  Relation relation = Relation::eq;                   // of value and count
  Comparator comparator = Comparator::ascii_casemap;  // RFC 5228 2.7.3: the default
};

enum class AddressPart : std::uint8_t { all, localpart, domain, user, detail };

struct Zone {
  enum class Kind : std::uint8_t { local, original, given };
  Kind kind = Kind::local;
  int minutes = 0;  // east of UTC, when given
};

enum class BodyTransform : std::uint8_t { text, raw, content };

// A text that a run is to put variables into, if the script uses them.
using Text = std::string;
using Texts = std::vector<Text>;

// What both commands and tests have.
struct Origin {
  unsigned line = 0;
  ExtensionSet needs;                // that "ihave" must have found before (RFC 5463 4)
  std::optional<std::string> error;  // nobody knows this here; with "ihave" that is an error when it is reached
};

struct Test {
  enum class Kind : std::uint8_t {
    all_of,
    any_of,
    not_this,
    yes,
    no,
    address,
    envelope,
    exists,
    header,
    size,
    body,
    date,
    current_date,
    duplicate,
    environment,
    has_flag,
    i_have,
    mailbox_exists,
    special_use_exists,
    string,
  };
  Kind kind = Kind::yes;
  Origin origin;
  Match match;
  AddressPart part = AddressPart::all;
  BodyTransform transform = BodyTransform::text;
  Zone zone;
  Texts names;                          // headers, envelope parts, variables, sources, content types, capabilities
  Texts keys;                           // to compare with
  std::optional<Text> text;             // date part, environment item, unique id, header, mailbox
  std::optional<Text> handle;           // duplicate
  bool is_header = false;               // duplicate: `text` is the name of one
  bool over = false;                    // size
  bool last = false;                    // index from behind; duplicate: a new one renews
  std::optional<std::uint64_t> number;  // size's limit, index, seconds
  std::vector<Test> tests;
};

struct Command;
using Block = std::vector<Command>;

struct Branch {
  std::optional<Test> test;  // none: else
  Block block;
};

// RFC 5229 4.1, by precedence.
struct Modifiers {
  bool lower = false, upper = false, lower_first = false, upper_first = false, quote_wildcard = false, length = false;
};

struct VacationArguments {
  std::uint64_t seconds = 7 * 24 * 60 * 60;
  std::optional<Text> subject, from, handle;
  Texts addresses;
  bool is_mime = false;
};

struct Command {
  enum class Kind : std::uint8_t {
    choose,
    stop,
    keep,
    discard,
    file_into,
    redirect,
    reject,
    ereject,
    set,
    set_flag,
    add_flag,
    remove_flag,
    vacation,
    error,
    nothing,  // only its origin's error
  };
  Kind kind = Kind::nothing;
  Origin origin;
  std::string rule;              // as in Node
  std::vector<Branch> branches;  // choose
  Text text;                     // mailbox, address, reason, value, message
  std::string name;              // the variable of set and of flags; empty: the flags of the message
  std::optional<Texts> flags;
  bool copy = false, create = false;
  std::optional<Text> special_use;
  Modifiers modifiers;
  VacationArguments vacation;
};

struct Program {
  Block commands;
  ExtensionSet required;
  bool has_variables() const { return required.has(Extension::variables); }
  // Whether anything in it looks into the body of messages: what it may cost.
  bool reads_bodies = false;
};

// Immutable once made: may be shared between threads.
Parsed<std::shared_ptr<const Program>> compile(std::string_view script);

}  // namespace gatepost::sieve
