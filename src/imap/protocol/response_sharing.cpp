#include "imap/protocol/response.hpp"

// ACL, LISTRIGHTS, MYRIGHTS, METADATA.
namespace gatepost::imap {

// acl-data = "ACL" SP mailbox *(SP identifier SP rights)      (RFC 4314 7)
void write_acl(std::string& out, std::string_view mailbox, std::span<const std::pair<std::string, std::string>> pairs,
               bool utf8) {
  out += "* ACL ";
  write_mailbox(out, mailbox, utf8);
  for (const auto& [identifier, rights] : pairs) {
    write_astring(out += ' ', identifier, utf8);
    write_astring(out += ' ', rights, utf8);
  }
  out += "\r\n";
}

// listrights-data = "LISTRIGHTS" SP mailbox SP identifier SP rights *(SP rights)
void write_list_rights(std::string& out, std::string_view mailbox, std::string_view identifier, std::string_view always,
                       std::span<const std::string> optional, bool utf8) {
  out += "* LISTRIGHTS ";
  write_mailbox(out, mailbox, utf8);
  write_astring(out += ' ', identifier, utf8);
  write_astring(out += ' ', always, utf8);
  for (const std::string& rights : optional) write_astring(out += ' ', rights, utf8);
  out += "\r\n";
}

// myrights-data = "MYRIGHTS" SP mailbox SP rights
void write_my_rights(std::string& out, std::string_view mailbox, std::string_view rights, bool utf8) {
  out += "* MYRIGHTS ";
  write_mailbox(out, mailbox, utf8);
  write_astring(out += ' ', rights, utf8);
  out += "\r\n";
}

// entry-values = "(" entry-value *(SP entry-value) ")"      entry-value = entry SP value      value = nstring /
// literal8
void write_metadata(std::string& out, std::string_view mailbox, std::span<const MetadataValue> values, bool utf8) {
  if (values.empty()) return;
  out += "* METADATA ";
  write_mailbox(out, mailbox, utf8);
  out += " (";
  for (const MetadataValue& one : values) {
    if (out.back() != '(') out += ' ';
    write_astring(out, one.entry, utf8);
    out += ' ';
    if (one.value && one.value->find('\0') != std::string::npos) {
      write_literal_header(out, one.value->size(), true);
      out += *one.value;
    } else {
      write_nstring(out, one.value ? NString(*one.value) : std::nullopt, utf8);
    }
  }
  out += ")\r\n";
}

// entry-list = entry *(SP entry)
void write_metadata_changed(std::string& out, std::string_view mailbox, std::span<const std::string> entries,
                            bool utf8) {
  if (entries.empty()) return;
  out += "* METADATA ";
  write_mailbox(out, mailbox, utf8);
  for (const std::string& entry : entries) write_astring(out += ' ', entry, utf8);
  out += "\r\n";
}

}  // namespace gatepost::imap
