#include "imap/protocol/command_list.hpp"

#include "base/ascii.hpp"
#include "imap/protocol/mailbox_name.hpp"
#include "imap/protocol/parsers.hpp"

namespace gatepost::imap {
namespace {

// "(" status-att *(SP status-att) ")"
StatusItems read_status_items(Tokens& t) {
  StatusItems items = 0;
  t.expect('(', "A list of status items is missing");
  do {
    const auto item = status_item(t.name());
    if (!item) {
      t.fail("Unknown status item");
      break;
    }
    items |= static_cast<StatusItems>(*item);
  } while (t.skip(' '));
  t.expect(')', "The list of status items has no end");
  return items;
}

// list-select-opts = "(" [*(list-select-opt SP) list-select-base-opt *(SP list-select-opt)] ")"
void read_selection(Tokens& t, List::Select& select) {
  t.expect('(', "");
  if (t.skip(')')) return;
  do {
    if (t.skip_atom("SUBSCRIBED")) {
      select.subscribed = true;
    } else if (t.skip_atom("REMOTE")) {
      select.remote = true;
    } else if (t.skip_atom("RECURSIVEMATCH")) {
      select.recursive_match = true;
    } else if (t.skip_atom("SPECIAL-USE")) {
      select.special_use = true;
    } else {
      t.fail("Unknown selection option of LIST");
    }
  } while (t.skip(' '));
  t.expect(')', "The list of selection options has no end");
  // RFC 5258 3.1: RECURSIVEMATCH needs an option that it modifies; REMOTE is none.
  if (select.recursive_match && !select.subscribed && !select.special_use) {
    t.fail("RECURSIVEMATCH needs another selection option");
  }
}

// list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
void read_list_returns(Tokens& t, List::Return& returns) {
  t.space();
  t.expect('(', "A list of return options is missing");
  if (t.skip(')')) return;
  do {
    if (t.skip_atom("SUBSCRIBED")) {
      returns.subscribed = true;
    } else if (t.skip_atom("CHILDREN")) {
      returns.children = true;
    } else if (t.skip_atom("SPECIAL-USE")) {
      returns.special_use = true;
    } else if (t.skip_atom("STATUS")) {  // RFC 5819 4
      t.space();
      returns.status = static_cast<StatusItems>(returns.status.value_or(0) | read_status_items(t));
    } else if (t.skip_atom("MYRIGHTS")) {  // RFC 8440 5
      returns.my_rights = true;
    } else if (t.skip_atom("METADATA")) {  // RFC 9590 5
      t.space();
      returns.metadata = read_entries(t);
    } else {
      t.fail("Unknown return option of LIST");
    }
  } while (t.skip(' '));
  t.expect(')', "The list of return options has no end");
}

// mbox-or-pat = list-mailbox / patterns      patterns = "(" list-mailbox *(SP list-mailbox) ")"
void read_patterns(Tokens& t, List& list) {
  if (t.peek() != '(') {
    list.patterns.push_back(t.list_mailbox());
    return;
  }
  list.extended = true;
  t.skip('(');
  do {
    if (list.patterns.size() == kMaxListPatterns) t.fail("Too many patterns", Fault::limit);
    list.patterns.push_back(t.list_mailbox());
  } while (t.skip(' '));
  t.expect(')', "The list of patterns has no end");
}

// The reference is a mailbox name that need not be one: no rule for INBOX.
std::string read_reference(Tokens& t) {
  const std::string wire = t.astring();
  auto name = read_mailbox_pattern(wire, t.options().utf8);
  if (!name) t.fail("The reference name is malformed", Fault::bad_mailbox_name);
  return std::move(name).value_or(std::string());
}

}  // namespace

// list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]
Body parse_list(Tokens& t) {
  List out;
  t.space();
  if (t.peek() == '(') {
    out.extended = true;
    read_selection(t, out.select);
    t.space();
  }
  out.reference = read_reference(t);
  t.space();
  read_patterns(t, out);
  if (t.at_last()) return out;
  t.space();
  out.extended = true;
  if (!t.skip_atom("RETURN")) t.fail("Unexpected arguments of LIST");
  read_list_returns(t, out.returns);
  return out;
}

// lsub = "LSUB" SP mailbox SP list-mailbox
Body parse_lsub(Tokens& t) {
  Lsub out;
  t.space();
  out.reference = read_reference(t);
  t.space();
  out.pattern = t.list_mailbox();
  return out;
}

// status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
Body parse_status(Tokens& t) {
  Status out;
  t.space();
  out.mailbox = t.mailbox();
  t.space();
  out.items = read_status_items(t);
  return out;
}

namespace {

constexpr std::pair<StatusItem, std::string_view> kStatusItems[] = {
    {StatusItem::messages, "MESSAGES"},
    {StatusItem::recent, "RECENT"},
    {StatusItem::uid_next, "UIDNEXT"},
    {StatusItem::uid_validity, "UIDVALIDITY"},
    {StatusItem::unseen, "UNSEEN"},
    {StatusItem::deleted, "DELETED"},
    {StatusItem::size, "SIZE"},
    {StatusItem::highest_modseq, "HIGHESTMODSEQ"},
    {StatusItem::append_limit, "APPENDLIMIT"},
    {StatusItem::mailbox_id, "MAILBOXID"},
    {StatusItem::deleted_storage, "DELETED-STORAGE"},
};

constexpr std::pair<SpecialUse, std::string_view> kSpecialUses[] = {
    {SpecialUse::all, "\\All"},         {SpecialUse::archive, "\\Archive"},     {SpecialUse::drafts, "\\Drafts"},
    {SpecialUse::flagged, "\\Flagged"}, {SpecialUse::junk, "\\Junk"},           {SpecialUse::sent, "\\Sent"},
    {SpecialUse::trash, "\\Trash"},     {SpecialUse::important, "\\Important"},
};

template <std::size_t kSize, class T>
std::string_view name_in(const std::pair<T, std::string_view> (&table)[kSize], T value) {
  for (const auto& [known, name] : table) {
    if (known == value) return name;
  }
  return {};
}

template <std::size_t kSize, class T>
std::optional<T> value_in(const std::pair<T, std::string_view> (&table)[kSize], std::string_view name) {
  for (const auto& [value, known] : table) {
    if (ascii::iequals(known, name)) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(StatusItem item) { return name_in(kStatusItems, item); }
std::optional<StatusItem> status_item(std::string_view name) { return value_in(kStatusItems, name); }
std::string_view special_use_name(SpecialUse use) { return name_in(kSpecialUses, use); }
SpecialUse special_use(std::string_view name) { return value_in(kSpecialUses, name).value_or(SpecialUse::unknown); }

}  // namespace gatepost::imap
