#include "imap/server/structure_writer.hpp"

#include <span>

namespace gatepost::imap::server {
namespace {

using PartKind = mime::Part::Kind;

}  // namespace

EnvelopeView StructureWriter::view(const mime::Structure& structure, const mime::Envelope& envelope) {
  const mime::Run lists[] = {envelope.from, envelope.sender, envelope.reply_to, envelope.to, envelope.cc, envelope.bcc};
  addresses_.clear();
  for (const mime::Run& list : lists) {
    for (const mime::Address& a : structure.addresses_of(list)) addresses_.push_back({a.name, a.mailbox, a.host});
  }
  const AddressView* at = addresses_.data();
  const auto next = [&at](const mime::Run& list) {
    const std::span<const AddressView> span(at, list.count);
    at += list.count;
    return span;
  };
  EnvelopeView out;
  out.date = envelope.date;
  out.subject = envelope.subject;
  out.from = next(envelope.from);
  out.sender = next(envelope.sender);
  out.reply_to = next(envelope.reply_to);
  out.to = next(envelope.to);
  out.cc = next(envelope.cc);
  out.bcc = next(envelope.bcc);
  out.in_reply_to = envelope.in_reply_to;
  out.message_id = envelope.message_id;
  return out;
}

PartView StructureWriter::view(const mime::Structure& structure, const mime::Part& part) {
  parameters_.clear();
  for (const mime::Run& run : {part.parameters, part.disposition_parameters}) {
    for (const mime::Parameter& p : structure.parameters_of(run)) parameters_.push_back({p.name, p.value});
  }
  const std::span<const ParameterView> all(parameters_);
  PartView out;
  out.type = part.type;
  out.subtype = part.subtype;
  out.parameters = all.first(part.parameters.count);
  out.id = part.id;
  out.description = part.description;
  out.encoding = part.encoding;
  out.octets = part.body_octets();
  out.lines = part.lines;
  out.md5 = part.md5;
  out.disposition = part.disposition;
  out.disposition_parameters = all.subspan(part.parameters.count);
  out.languages = structure.languages_of(part.languages);
  out.location = part.location;
  return out;
}

void StructureWriter::envelope(FetchWriter& writer, const mime::Structure& structure) {
  writer.envelope(view(structure, structure.envelope()));
}

void StructureWriter::structure(std::string& out, const mime::Structure& structure, bool extended, bool utf8) {
  parts(out, structure, 0, static_cast<std::uint32_t>(structure.parts.size()), extended, utf8);
}

void StructureWriter::part(std::string& out, const mime::Structure& structure, std::uint32_t index, const Shown& shown,
                           bool utf8) {
  const mime::Part& part = structure.parts[index];
  if (part.kind != PartKind::single || shown.encoding.empty()) {
    return parts(out, structure, index, part.kind == PartKind::single ? index + 1 : part.end, false, utf8);
  }
  PartView changed = view(structure, part);
  changed.encoding = shown.encoding;
  changed.octets = shown.octets;
  BodyStructureWriter(out, false, utf8).single(changed);
}

void StructureWriter::parts(std::string& out, const mime::Structure& structure, std::uint32_t first, std::uint32_t end,
                            bool extended, bool utf8) {
  BodyStructureWriter writer(out, extended, utf8);
  open_.clear();
  const auto close_last = [&] {
    const mime::Part& part = structure.parts[open_.back()];
    open_.pop_back();
    part.kind == PartKind::multi ? writer.close_multipart(view(structure, part))
                                 : writer.close_message(view(structure, part));
  };
  for (std::uint32_t i = first; i < end; ++i) {
    const mime::Part& part = structure.parts[i];
    while (!open_.empty() && structure.parts[open_.back()].end <= i) close_last();
    switch (part.kind) {
      case PartKind::single:
        writer.single(view(structure, part));
        break;
      case PartKind::multi:
        writer.open_multipart();
        open_.push_back(i);
        break;
      case PartKind::message: {
        const EnvelopeView envelope = view(structure, structure.embedded_envelope(i));
        writer.open_message(view(structure, part), envelope);
        open_.push_back(i);
        break;
      }
    }
  }
  while (!open_.empty()) close_last();
}

}  // namespace gatepost::imap::server
