#include "reading/text_walk.hpp"

#include <algorithm>
#include <span>

#include "mime/charset.hpp"
#include "mime/encoded_word.hpp"
#include "mime/header.hpp"
#include "reading/text_part.hpp"

namespace gatepost::reading {
namespace {

using Field = SummaryField;

// Of a longer header the rest is not searched, as it is not looked at elsewhere.
constexpr std::uint64_t kMaxHeaderOctets = mime::kMaxHeaderOctets;

mime::Run address_field(const mime::Envelope& envelope, Field field) {
  switch (field) {
    case Field::from:
      return envelope.from;
    case Field::sender:
      return envelope.sender;
    case Field::reply_to:
      return envelope.reply_to;
    case Field::to:
      return envelope.to;
    case Field::cc:
      return envelope.cc;
    case Field::bcc:
      return envelope.bcc;
    default:
      return {};
  }
}

// As people read a list of addresses: "Jane Doe <jane@example.org>, ".
std::string readable(std::span<const mime::Address> addresses) {
  std::string out;
  for (const mime::Address& a : addresses) {
    if (a.ends_group()) {
      out += "; ";
    } else if (a.starts_group()) {
      out += mime::decode_words(*a.mailbox) + ": ";
    } else {
      if (a.name) out += mime::decode_words(*a.name) + ' ';
      out.append("<").append(*a.mailbox);
      if (!a.host->empty()) out.append("@").append(*a.host);
      out += ">, ";
    }
  }
  return out;
}

}  // namespace

mime::OptionalText text_field(const mime::Envelope& envelope, Field field) {
  switch (field) {
    case Field::date:
      return envelope.date;
    case Field::subject:
      return envelope.subject;
    case Field::in_reply_to:
      return envelope.in_reply_to;
    case Field::message_id:
      return envelope.message_id;
    case Field::references:
      return envelope.references;
    default:
      return std::nullopt;
  }
}

std::string searched_text(const mime::Structure& structure, Field field, mime::Casemap casemap) {
  const mime::Envelope& envelope = structure.envelope();
  if (field >= Field::from)
    return mime::fold(readable(structure.addresses_of(address_field(envelope, field))), casemap);
  return mime::fold(mime::decode_words(text_field(envelope, field).value_or("")), casemap);
}

Result<std::string_view> header_of(MessageReader& reader, const mime::Part& part) {
  return reader.view({part.header_begin, std::min(part.body_begin, part.header_begin + kMaxHeaderOctets)});
}

Result<> TextWalk::walk(MessageReader& reader, const mime::Structure& structure, Visitor& visitor) {
  for (std::uint32_t i = 0; i < structure.parts.size(); ++i) {
    const mime::Part& part = structure.parts[i];
    // The header of a message within the message is part of its body; what only describes a part is not.
    const bool embedded = i > 0 && part.envelope != mime::kNoEnvelope;
    if (part.header_octets() > 0 && (embedded || visitor.wants_headers())) {
      GP_TRY(const std::string_view block, header_of(reader, part));
      if (!header(block, embedded, visitor)) return {};
    }
    if (!is_text(part)) continue;
    GP_TRY(const bool more, this->part(reader, structure, part, visitor));
    if (!more) return {};
  }
  return {};
}

bool TextWalk::header(std::string_view block, bool in_body, Visitor& visitor) {
  mime::HeaderReader fields(block);
  while (const auto field = fields.next()) {
    utf8_ = mime::to_utf8(field->name);
    utf8_.append(": ").append(mime::decode_words(field->value));
    const bool more = pass(utf8_, in_body, visitor);
    if (!end(in_body, visitor) || !more) return false;
  }
  return true;
}

Result<bool> TextWalk::part(MessageReader& reader, const mime::Structure& structure, const mime::Part& part,
                            Visitor& visitor) {
  TextPartReader text(reader, structure, part);
  bool wanted = true;
  for (bool more = true; more && wanted;) {
    utf8_.clear();
    auto next = text.next(utf8_);
    if (!next) {
      (void)end(true, visitor);
      return std::unexpected(std::move(next.error()));
    }
    more = *next;
    wanted = pass(utf8_, true, visitor);
  }
  return end(true, visitor) && wanted;
}

bool TextWalk::pass(std::string_view utf8, bool in_body, Visitor& visitor) {
  folded_.clear();
  folder_.append(utf8, folded_);
  return visitor.text(folded_, in_body);
}

bool TextWalk::end(bool in_body, Visitor& visitor) {
  folded_.clear();
  folder_.finish(folded_);
  const bool more = visitor.text(folded_, in_body);
  visitor.end_text();
  return more;
}

}  // namespace gatepost::reading
