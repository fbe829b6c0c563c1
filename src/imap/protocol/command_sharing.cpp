#include "imap/protocol/command_sharing.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "imap/protocol/parsers.hpp"

namespace gatepost::imap {
namespace {

// identifier = astring      (RFC 4314 7)
std::string read_identifier(Tokens& t) {
  t.space();
  std::string name = t.astring();
  if (t.ok() && name.empty()) t.fail("An identifier is missing");
  return name;
}

bool is_rights(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || ascii::is_digit(c); });
}

}  // namespace

Body parse_get_acl(Tokens& t, bool) {
  t.space();
  return GetAcl{.mailbox = t.mailbox()};
}

Body parse_my_rights(Tokens& t, bool) {
  t.space();
  return MyRights{.mailbox = t.mailbox()};
}

// setacl = "SETACL" SP mailbox SP identifier SP mod-rights      mod-rights = astring, with "+" or "-" in front or not
Body parse_set_acl(Tokens& t, bool) {
  SetAcl out;
  t.space();
  out.mailbox = t.mailbox();
  out.identifier = read_identifier(t);
  t.space();
  std::string rights = t.astring();
  if (rights.starts_with('+') || rights.starts_with('-')) {
    out.mode = rights.front() == '+' ? SetAcl::Mode::add : SetAcl::Mode::remove;
    rights.erase(0, 1);
  }
  if (!is_rights(rights)) t.fail("Rights are lower case letters and digits");
  out.rights = std::move(rights);
  return out;
}

Body parse_delete_acl(Tokens& t, bool) {
  DeleteAcl out;
  t.space();
  out.mailbox = t.mailbox();
  out.identifier = read_identifier(t);
  return out;
}

Body parse_list_rights(Tokens& t, bool) {
  ListRights out;
  t.space();
  out.mailbox = t.mailbox();
  out.identifier = read_identifier(t);
  return out;
}

// RFC 5464 3.2: "/" between components, no empty one, none of "*", "%" and what is not printable ASCII.
std::string read_entry(Tokens& t) {
  std::string name = ascii::to_lower(t.astring());
  if (!t.ok()) return {};
  const bool printable = std::ranges::all_of(name, [](char c) { return c >= ' ' && c < 0x7f && c != '*' && c != '%'; });
  // The scopes alone are asked for with DEPTH.
  const bool scoped =
      name == "/private" || name == "/shared" || name.starts_with("/private/") || name.starts_with("/shared/");
  if (!printable || !scoped || name.ends_with('/') || name.find("//") != std::string::npos) {
    t.fail("The name of an entry is malformed");
  }
  return name;
}

// entries = entry / "(" entry *(SP entry) ")"
std::vector<std::string> read_entries(Tokens& t) {
  std::vector<std::string> out;
  if (!t.skip('(')) {
    out.push_back(read_entry(t));
    return out;
  }
  do {
    if (out.size() == kMaxEntries) t.fail("Too many entries", Fault::limit);
    out.push_back(read_entry(t));
  } while (t.skip(' '));
  t.expect(')', "The list of entries has no end");
  return out;
}

namespace {

// getmetadata-options = "(" getmetadata-option *(SP getmetadata-option) ")", MAXSIZE SP number, DEPTH SP "0" ...
void read_options(Tokens& t, GetMetadata& out) {
  t.expect('(', "");
  do {
    if (t.skip_atom("MAXSIZE")) {
      t.space();
      out.max_size = t.number();
    } else if (t.skip_atom("DEPTH")) {
      t.space();
      if (t.skip_atom("0")) {
        out.depth = GetMetadata::Depth::none;
      } else if (t.skip_atom("1")) {
        out.depth = GetMetadata::Depth::one;
      } else if (t.skip_atom("INFINITY")) {
        out.depth = GetMetadata::Depth::infinity;
      } else {
        t.fail("DEPTH is 0, 1 or infinity");
      }
    } else {
      t.fail("Unknown option of GETMETADATA");
    }
  } while (t.skip(' '));
  t.expect(')', "The list of options has no end");
}

}  // namespace

// getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries
// RFC 5464's examples have the options behind the mailbox; programs follow either, and no entry looks like one.
Body parse_get_metadata(Tokens& t, bool) {
  GetMetadata out;
  t.space();
  const bool options_first = t.peek() == '(';
  if (options_first) {
    read_options(t, out);
    t.space();
  }
  out.mailbox = t.mailbox();
  t.space();
  if (!options_first && (t.peek_text("(MAXSIZE ") || t.peek_text("(DEPTH "))) {
    read_options(t, out);
    t.space();
  }
  out.entries = read_entries(t);
  return out;
}

// setmetadata = "SETMETADATA" SP mailbox SP entry-values      entry-values = "(" entry-value *(SP entry-value) ")"
// entry-value = entry SP value      value = nstring / literal8
Body parse_set_metadata(Tokens& t, bool) {
  SetMetadata out;
  t.space();
  out.mailbox = t.mailbox();
  t.space();
  t.expect('(', "A list of entries and values is missing");
  do {
    if (out.values.size() == kMaxEntries) t.fail("Too many entries", Fault::limit);
    std::string entry = read_entry(t);
    t.space();
    std::optional<std::string> value;
    if (!t.skip_atom("NIL")) value = t.string_or_literal8();
    out.values.emplace_back(std::move(entry), std::move(value));
  } while (t.skip(' '));
  t.expect(')', "The list of entries and values has no end");
  return out;
}

}  // namespace gatepost::imap
