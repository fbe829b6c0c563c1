#include <array>
#include <utility>

#include "imap/protocol/response.hpp"

// LIST, LSUB, STATUS, NAMESPACE.
namespace gatepost::imap {
namespace {

constexpr std::pair<std::uint16_t, std::string_view> kAttributes[] = {
    {list_attribute::kNoInferiors, "\\Noinferiors"},
    {list_attribute::kNonExistent, "\\NonExistent"},
    {list_attribute::kNoSelect, "\\Noselect"},
    {list_attribute::kHasChildren, "\\HasChildren"},
    {list_attribute::kHasNoChildren, "\\HasNoChildren"},
    {list_attribute::kMarked, "\\Marked"},
    {list_attribute::kUnmarked, "\\Unmarked"},
    {list_attribute::kSubscribed, "\\Subscribed"},
    {list_attribute::kRemote, "\\Remote"},
    {list_attribute::kNoAccess, "\\NoAccess"},
};

void write_delimiter(std::string& out, std::optional<char> delimiter) {
  const char text[] = {delimiter.value_or('\0')};
  write_nstring(out, delimiter ? NString({text, 1}) : std::nullopt, false);
}

// mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox
void write_mailbox_list(std::string& out, std::string_view name, const ListEntry& entry, bool utf8) {
  out.append("* ").append(name).append(" (");
  const auto attribute = [&out](std::string_view text) {
    if (text.empty()) return;
    if (out.back() != '(') out += ' ';
    out += text;
  };
  for (const auto& [bit, text] : kAttributes) {
    if ((entry.attributes & bit) != 0) attribute(text);
  }
  for (const SpecialUse use : entry.special_use) attribute(special_use_name(use));
  out += ") ";
  write_delimiter(out, entry.delimiter);
  out += ' ';
  write_mailbox(out, entry.name, utf8);
}

void write_namespaces(std::string& out, std::span<const NamespaceEntry> entries, bool utf8) {
  out += ' ';
  if (entries.empty()) {
    out += "NIL";
    return;
  }
  out += '(';
  for (const NamespaceEntry& entry : entries) {
    out += '(';
    // A string, never an atom (RFC 9051 9: namespace-descr).
    std::string prefix;
    write_mailbox(prefix, entry.prefix, utf8);
    if (is_atom(prefix)) prefix = '"' + prefix + '"';
    out += prefix;
    out += ' ';
    write_delimiter(out, entry.delimiter);
    if (!entry.translation.empty()) {
      std::string translation;
      write_mailbox(translation, entry.translation, utf8);
      out.append(" \"TRANSLATION\" (").append(is_atom(translation) ? '"' + translation + '"' : translation).append(")");
    }
    out += ')';
  }
  out += ')';
}

}  // namespace

// mbox-list-extended = "(" [mbox-list-extended-item *(SP mbox-list-extended-item)] ")"      (RFC 9051 9)
void write_list(std::string& out, const ListEntry& entry, bool utf8) {
  write_mailbox_list(out, "LIST", entry, utf8);
  if (entry.child_subscribed || entry.old_name) {
    out += " (";
    if (entry.child_subscribed) out += "\"CHILDINFO\" (\"SUBSCRIBED\")";
    if (entry.old_name) {
      out += entry.child_subscribed ? " \"OLDNAME\" (" : "\"OLDNAME\" (";
      write_mailbox(out, *entry.old_name, utf8);
      out += ')';
    }
    out += ')';
  }
  out += "\r\n";
}

void write_lsub(std::string& out, const ListEntry& entry, bool utf8) {
  write_mailbox_list(out, "LSUB", entry, utf8);
  out += "\r\n";
}

// "STATUS" SP mailbox SP "(" [status-att-list] ")"
void write_status(std::string& out, std::string_view mailbox, StatusItems items, const StatusData& data, bool utf8) {
  out += "* STATUS ";
  write_mailbox(out, mailbox, utf8);
  out += " (";
  const auto name = [&](StatusItem item) {
    if (!has(items, item)) return false;
    if (out.back() != '(') out += ' ';
    out.append(to_string(item)).append(" ");
    return true;
  };
  const std::pair<StatusItem, std::uint64_t> numbers[] = {{StatusItem::messages, data.messages},
                                                          {StatusItem::recent, data.recent},
                                                          {StatusItem::uid_next, data.uid_next},
                                                          {StatusItem::uid_validity, data.uid_validity},
                                                          {StatusItem::unseen, data.unseen},
                                                          {StatusItem::deleted, data.deleted},
                                                          {StatusItem::size, data.size},
                                                          {StatusItem::highest_modseq, data.highest_modseq},
                                                          {StatusItem::deleted_storage, data.deleted_storage}};
  for (const auto& [item, number] : numbers) {
    if (name(item)) write_number(out, number);
  }
  if (name(StatusItem::append_limit)) {
    if (data.append_limit) {
      write_number(out, *data.append_limit);
    } else {
      out += "NIL";
    }
  }
  if (name(StatusItem::mailbox_id)) out.append("(").append(data.mailbox_id).append(")");
  out += ")\r\n";
}

// comparator-data = "COMPARATOR" SP comp-sel-quoted [SP "(" comp-id-quoted *(SP comp-id-quoted) ")"]      (RFC 5255
// 4.10)
void write_comparator(std::string& out, std::string_view active, std::span<const std::string> matching) {
  out.append("* COMPARATOR ").append(active);
  if (matching.size() > 1) {
    char separator = '(';
    out += ' ';
    for (const std::string& one : matching) {
      out += separator;
      out += one;
      separator = ' ';
    }
    out += ')';
  }
  out += "\r\n";
}

// language-data = "LANGUAGE" SP "(" lang-tag-quoted *(SP lang-tag-quoted) ")"      (RFC 5255 3.5)
void write_language(std::string& out, std::span<const std::string_view> tags) {
  out += "* LANGUAGE ";
  char separator = '(';
  for (const std::string_view tag : tags) {
    out += separator;
    out += tag;
    separator = ' ';
  }
  out += ")\r\n";
}

// namespace-response = "*" SP "NAMESPACE" SP namespace SP namespace SP namespace
void write_namespace(std::string& out, std::span<const NamespaceEntry> personal, std::span<const NamespaceEntry> others,
                     std::span<const NamespaceEntry> shared, bool utf8) {
  out += "* NAMESPACE";
  write_namespaces(out, personal, utf8);
  write_namespaces(out, others, utf8);
  write_namespaces(out, shared, utf8);
  out += "\r\n";
}

}  // namespace gatepost::imap
