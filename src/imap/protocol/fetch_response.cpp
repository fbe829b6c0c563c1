#include "imap/protocol/fetch_response.hpp"

#include "imap/protocol/response.hpp"

namespace gatepost::imap {
namespace {

using Form = FetchSection::Form;

std::string_view form_name(Form form) {
  switch (form) {
    case Form::body:
      return "BODY";
    case Form::binary:
      return "BINARY";
    case Form::binary_size:
      return "BINARY.SIZE";
    case Form::rfc822:
      return "RFC822";
    case Form::rfc822_header:
      return "RFC822.HEADER";
    case Form::rfc822_text:
      return "RFC822.TEXT";
  }
  return "BODY";
}

std::string_view text_name(Section::Text text) {
  switch (text) {
    case Section::Text::whole:
      return "";
    case Section::Text::header:
      return "HEADER";
    case Section::Text::header_fields:
      return "HEADER.FIELDS";
    case Section::Text::header_fields_not:
      return "HEADER.FIELDS.NOT";
    case Section::Text::text:
      return "TEXT";
    case Section::Text::mime:
      return "MIME";
  }
  return "";
}

}  // namespace

void write_section(std::string& out, const Section& section) {
  out += '[';
  for (const std::uint32_t number : section.part) {
    if (out.back() != '[') out += '.';
    write_number(out, number);
  }
  if (section.text != Section::Text::whole) {
    if (out.back() != '[') out += '.';
    out += text_name(section.text);
  }
  if (section.text == Section::Text::header_fields || section.text == Section::Text::header_fields_not) {
    std::string_view separator = " (";
    for (const std::string& field : section.fields) {
      out += separator;
      write_astring(out, field, false);
      separator = " ";
    }
    out += ')';
  }
  out += ']';
}

// "BODY" section ["<" number ">"] / "BINARY" section-binary ["<" number ">"] / "BINARY.SIZE" section-binary / "RFC822"
// ...
void write_section_name(std::string& out, const FetchSection& section) {
  out += form_name(section.form);
  if (section.form != Form::body && section.form != Form::binary && section.form != Form::binary_size) return;
  write_section(out, section.section);
  if (!section.partial) return;
  out += '<';
  write_number(out, section.partial->offset);
  out += '>';
}

FetchWriter::FetchWriter(std::string& out, FetchName name, bool utf8) : out_(out), utf8_(utf8) {
  out_ += "* ";
  write_number(out_, name.number);
  out_ += name.is_uid ? " UIDFETCH (" : " FETCH (";
}

void FetchWriter::separate() {
  if (!first_) out_ += ' ';
  first_ = false;
}

std::string& FetchWriter::item(std::string_view name) {
  separate();
  return out_.append(name).append(" ");
}

void FetchWriter::section(const FetchSection& section) {
  separate();
  write_section_name(out_, section);
  out_ += ' ';
}

void FetchWriter::flags(const Flags& flags, bool recent) { write_flag_list(item("FLAGS"), flags, recent); }
void FetchWriter::flags(std::string_view list) { item("FLAGS") += list; }
void FetchWriter::uid(std::uint32_t uid) { write_number(item("UID"), uid); }
void FetchWriter::modseq(std::uint64_t modseq) {
  item("MODSEQ") += '(';
  write_number(out_, modseq);
  out_ += ')';
}
void FetchWriter::internal_date(TimePoint date) {
  item("INTERNALDATE").append("\"").append(date::format_imap_datetime(date)).append("\"");
}
void FetchWriter::size(std::uint64_t octets) { write_number(item("RFC822.SIZE"), octets); }
void FetchWriter::envelope(const EnvelopeView& envelope) { write_envelope(item("ENVELOPE"), envelope, utf8_); }
void FetchWriter::body_structure(bool extended) { item(extended ? "BODYSTRUCTURE" : "BODY"); }
void FetchWriter::email_id(std::string_view id) { item("EMAILID").append("(").append(id).append(")"); }
void FetchWriter::thread_id(NString id) {
  if (!id) {
    item("THREADID") += "NIL";
    return;
  }
  item("THREADID").append("(").append(*id).append(")");
}
void FetchWriter::save_date(std::optional<TimePoint> date) {
  if (!date) {
    item("SAVEDATE") += "NIL";
    return;
  }
  item("SAVEDATE").append("\"").append(date::format_imap_datetime(*date)).append("\"");
}
void FetchWriter::preview(NString text) { write_nstring(item("PREVIEW"), text, utf8_); }

void FetchWriter::literal(const FetchSection& asked, std::uint64_t octets, bool has_nul) {
  section(asked);
  write_literal_header(out_, octets, has_nul);
}

void FetchWriter::text(const FetchSection& asked, std::string_view octets) {
  section(asked);
  write_string(out_, octets, utf8_);
}

void FetchWriter::nil(const FetchSection& asked) {
  section(asked);
  out_ += "NIL";
}

void FetchWriter::binary_size(const FetchSection& asked, std::uint64_t octets) {
  section(asked);
  write_number(out_, octets);
}

void FetchWriter::finish() { out_ += ")\r\n"; }

}  // namespace gatepost::imap
