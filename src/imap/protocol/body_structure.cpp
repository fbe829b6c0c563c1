#include "imap/protocol/body_structure.hpp"

#include "base/ascii.hpp"

namespace gatepost::imap {
namespace {

// address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
// env-from = "(" 1*address ")" / nil
void write_addresses(std::string& out, std::span<const AddressView> addresses, bool utf8) {
  if (addresses.empty()) {
    out += "NIL";
    return;
  }
  out += '(';
  for (const AddressView& address : addresses) {
    out += '(';
    write_nstring(out, address.name, utf8);
    out += " NIL ";  // source routes are obsolete
    write_nstring(out, address.mailbox, utf8);
    out += ' ';
    write_nstring(out, address.host, utf8);
    out += ')';
  }
  out += ')';
}

}  // namespace

// envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
//            env-in-reply-to SP env-message-id ")"
void write_envelope(std::string& out, const EnvelopeView& envelope, bool utf8) {
  out += '(';
  write_nstring(out, envelope.date, utf8);
  out += ' ';
  write_nstring(out, envelope.subject, utf8);
  for (const auto& addresses :
       {envelope.from, envelope.sender.empty() ? envelope.from : envelope.sender,
        envelope.reply_to.empty() ? envelope.from : envelope.reply_to, envelope.to, envelope.cc, envelope.bcc}) {
    out += ' ';
    write_addresses(out, addresses, utf8);
  }
  out += ' ';
  write_nstring(out, envelope.in_reply_to, utf8);
  out += ' ';
  write_nstring(out, envelope.message_id, utf8);
  out += ')';
}

// body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
void BodyStructureWriter::parameters(std::span<const ParameterView> parameters) {
  if (parameters.empty()) {
    out_ += "NIL";
    return;
  }
  char separator = '(';
  for (const ParameterView& parameter : parameters) {
    out_ += separator;
    write_string(out_, parameter.name, utf8_);
    out_ += ' ';
    write_string(out_, parameter.value, utf8_);
    separator = ' ';
  }
  out_ += ')';
}

// media-basic SP body-fields      body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP
// body-fld-octets
void BodyStructureWriter::media_and_fields(const PartView& part) {
  write_string(out_, part.type, utf8_);
  out_ += ' ';
  write_string(out_, part.subtype, utf8_);
  out_ += ' ';
  parameters(part.parameters);
  out_ += ' ';
  write_nstring(out_, part.id, utf8_);
  out_ += ' ';
  write_nstring(out_, part.description, utf8_);
  out_ += ' ';
  write_string(out_, part.encoding, utf8_);
  out_ += ' ';
  write_number(out_, part.octets);
}

// SP body-fld-dsp SP body-fld-lang SP body-fld-loc
void BodyStructureWriter::disposition_to_location(const PartView& part) {
  out_ += ' ';
  if (part.disposition) {
    out_ += '(';
    write_string(out_, *part.disposition, utf8_);
    out_ += ' ';
    parameters(part.disposition_parameters);
    out_ += ')';
  } else {
    out_ += "NIL";
  }
  out_ += ' ';
  if (part.languages.empty()) {
    out_ += "NIL";
  } else {
    char separator = '(';
    for (const std::string_view language : part.languages) {
      out_ += separator;
      write_string(out_, language, utf8_);
      separator = ' ';
    }
    out_ += ')';
  }
  out_ += ' ';
  write_nstring(out_, part.location, utf8_);
}

// body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
void BodyStructureWriter::single(const PartView& part) {
  childless_ = false;
  out_ += '(';
  media_and_fields(part);
  if (ascii::iequals(part.type, "text")) {
    out_ += ' ';
    write_number(out_, part.lines);
  }
  if (extended_) {
    out_ += ' ';
    write_nstring(out_, part.md5, utf8_);
    disposition_to_location(part);
  }
  out_ += ')';
}

void BodyStructureWriter::open_multipart() {
  out_ += '(';
  childless_ = true;
}

// body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]      body-ext-mpart = body-fld-param [SP body-fld-dsp
// ...]
void BodyStructureWriter::close_multipart(const PartView& part) {
  if (childless_) single(PartView());
  out_ += ' ';
  write_string(out_, part.subtype, utf8_);
  if (extended_) {
    out_ += ' ';
    parameters(part.parameters);
    disposition_to_location(part);
  }
  out_ += ')';
}

// body-type-msg = media-message SP body-fields SP envelope SP body SP body-fld-lines
void BodyStructureWriter::open_message(const PartView& part, const EnvelopeView& envelope) {
  out_ += '(';
  media_and_fields(part);
  out_ += ' ';
  write_envelope(out_, envelope, utf8_);
  out_ += ' ';
  childless_ = true;
}

void BodyStructureWriter::close_message(const PartView& part) {
  if (childless_) single(PartView());
  out_ += ' ';
  write_number(out_, part.lines);
  if (extended_) {
    out_ += ' ';
    write_nstring(out_, part.md5, utf8_);
    disposition_to_location(part);
  }
  out_ += ')';
}

}  // namespace gatepost::imap
