#include "mime/part_header.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "mime/header.hpp"
#include "mime/parameters.hpp"
#include "mime/transfer.hpp"

namespace gatepost::mime {
namespace {

namespace slot {
enum Slot : std::uint8_t {
  content_type,
  content_encoding,
  content_id,
  content_description,
  content_md5,
  content_disposition,
  content_language,
  content_location,
  date,
  subject,
  from,
  sender,
  reply_to,
  to,
  cc,
  bcc,
  in_reply_to,
  message_id,
  references,
};
}  // namespace slot
using slot::Slot;

constexpr std::size_t kSlots = slot::references + 1;
constexpr std::array<std::string_view, kSlots> kNames = {"Content-Type",
                                                         "Content-Transfer-Encoding",
                                                         "Content-ID",
                                                         "Content-Description",
                                                         "Content-MD5",
                                                         "Content-Disposition",
                                                         "Content-Language",
                                                         "Content-Location",
                                                         "Date",
                                                         "Subject",
                                                         "From",
                                                         "Sender",
                                                         "Reply-To",
                                                         "To",
                                                         "Cc",
                                                         "Bcc",
                                                         "In-Reply-To",
                                                         "Message-ID",
                                                         "References"};

bool is_recipients(std::size_t s) { return s == slot::to || s == slot::cc || s == slot::bcc; }

class PartHeaderReader {
 public:
  PartHeaderReader(const PartContext& context, Part& part, Structure& structure)
      : context_(context), part_(part), structure_(structure) {}

  std::string read(std::string_view block) {
    collect(block);
    if (const auto name = encoding(); !name.empty()) part_.encoding = structure_.pool.keep(name);
    std::string boundary = type();
    part_.id = text(slot::content_id);
    part_.description = text(slot::content_description);
    part_.md5 = text(slot::content_md5);
    part_.location = location();
    disposition();
    languages();
    if (context_.message_root) envelope();
    return boundary;
  }

 private:
  // The first field of each name, but all recipients (RFC 5322 4.5.3).
  void collect(std::string_view block) {
    HeaderReader reader(block);
    while (const auto field = reader.next()) {
      for (std::size_t i = 0; i < kSlots; ++i) {
        if (kNames[i].size() != field->name.size() || !ascii::iequals(kNames[i], field->name)) continue;
        if (!fields_[i]) {
          fields_[i] = field->value;
        } else if (is_recipients(i) && context_.message_root) {
          more_[i - slot::to].push_back(field->value);
        }
        break;
      }
    }
  }

  OptionalText text(Slot field) {
    if (!fields_[field]) return std::nullopt;
    scratch_.clear();
    unfold(*fields_[field], scratch_);
    return structure_.pool.keep(scratch_);
  }

  // RFC 2557 4.4.1: blanks in a URI come from folding.
  OptionalText location() {
    if (!fields_[slot::content_location]) return std::nullopt;
    scratch_.clear();
    unfold(*fields_[slot::content_location], scratch_);
    std::erase_if(scratch_, ascii::is_blank);
    return structure_.pool.keep(scratch_);
  }

  // encoding := "Content-Transfer-Encoding" ":" mechanism. Without comments and what else follows.
  std::string_view encoding() {
    if (!fields_[slot::content_encoding]) return {};
    std::string_view value = *fields_[slot::content_encoding];
    while (!value.empty() && (ascii::is_space(value.front()) || value.front() == '"')) value.remove_prefix(1);
    std::size_t n = 0;
    while (n < value.size() && static_cast<unsigned char>(value[n]) > ' ' && value[n] != '(' && value[n] != ';' &&
           value[n] != '"')
      ++n;
    return value.substr(0, n);
  }

  void disposition() {
    if (!fields_[slot::content_disposition]) return;
    const std::size_t first = structure_.parameters.size();
    part_.disposition = read_disposition(*fields_[slot::content_disposition], structure_.pool, structure_.parameters);
    if (structure_.parameters.size() > kMaxAllParameters) structure_.parameters.resize(first);
    part_.disposition_parameters = run(first, structure_.parameters.size());
  }

  // Content-Language = [CFWS] language-list       language-list = language-tag *("," language-tag)   (RFC 3282 2)
  void languages() {
    if (!fields_[slot::content_language]) return;
    const std::size_t first = structure_.languages.size();
    const std::size_t limit = std::min(first + kMaxLanguages, kMaxAllLanguages);
    std::string_view rest = *fields_[slot::content_language];
    while (!rest.empty() && structure_.languages.size() < limit) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      std::string_view tag = ascii::trim(rest.substr(0, comma));
      tag = tag.substr(0, tag.find_first_of(std::string_view(" \t\r\n\0()", 7)));
      if (!tag.empty()) structure_.languages.push_back(structure_.pool.keep(tag));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    part_.languages = run(first, structure_.languages.size());
  }

  std::string type() {
    const std::size_t first = structure_.parameters.size();
    std::optional<ContentType> type;
    if (fields_[slot::content_type]) {
      type = read_content_type(*fields_[slot::content_type], structure_.pool, structure_.parameters);
    } else if (context_.in_digest) {
      type = ContentType{"message", "rfc822"};
    }
    if (structure_.parameters.size() > kMaxAllParameters) structure_.parameters.resize(first);
    if (type) {
      part_.type = type->type;
      part_.subtype = type->subtype;
    }
    part_.parameters = run(first, structure_.parameters.size());
    if (ascii::iequals(part_.type, "multipart")) return multipart(first);
    if (ascii::iequals(part_.type, "message") &&
        (ascii::iequals(part_.subtype, "rfc822") || ascii::iequals(part_.subtype, "global"))) {
      embedded_message();
    }
    return {};
  }

  // `first`: of its parameters.
  std::string multipart(std::size_t first) {
    std::string_view boundary = find_parameter(structure_.parameters_of(part_.parameters), "boundary").value_or("");
    // bcharsnospace at the end (RFC 2046 5.1.1); in the text they could not be told from padding.
    while (!boundary.empty() && ascii::is_blank(boundary.back())) boundary.remove_suffix(1);
    if (boundary.empty() || boundary.size() > kMaxBoundaryOctets) {
      part_.type = "text";
      part_.subtype = "plain";
      structure_.parameters.resize(first);
      part_.parameters = Run();
      return {};
    }
    if (!context_.may_have_parts) {
      opaque();
      return {};
    }
    part_.kind = Part::Kind::multi;
    return std::string(boundary);
  }

  void embedded_message() {
    if (context_.may_have_parts && transfer_encoding(part_.encoding) == TransferEncoding::identity) {
      part_.kind = Part::Kind::message;
    } else {
      opaque();
    }
  }

  void opaque() {
    part_.type = "application";
    part_.subtype = "octet-stream";
  }

  void envelope() {
    part_.envelope = static_cast<std::uint32_t>(structure_.envelopes.size());
    Envelope e;
    e.date = text(slot::date);
    e.subject = text(slot::subject);
    e.in_reply_to = text(slot::in_reply_to);
    e.message_id = text(slot::message_id);
    e.references = text(slot::references);
    e.from = addresses(slot::from);
    e.sender = addresses(slot::sender);
    e.reply_to = addresses(slot::reply_to);
    e.to = addresses(slot::to);
    e.cc = addresses(slot::cc);
    e.bcc = addresses(slot::bcc);
    structure_.envelopes.push_back(e);
  }

  Run addresses(Slot field) {
    const std::size_t first = structure_.addresses.size();
    const std::size_t limit = std::min(first + kMaxAddresses, kMaxAllAddresses);
    if (fields_[field]) read_addresses(*fields_[field], structure_.pool, structure_.addresses, limit);
    if (is_recipients(field)) {
      for (const std::string_view value : more_[field - slot::to]) {
        read_addresses(value, structure_.pool, structure_.addresses, limit);
      }
    }
    return run(first, structure_.addresses.size());
  }

  // An empty run begins at 0, so that there is one form of it.
  static Run run(std::size_t first, std::size_t end) {
    if (first == end) return {};
    return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(end - first)};
  }

  const PartContext& context_;
  Part& part_;
  Structure& structure_;
  std::array<std::optional<std::string_view>, kSlots> fields_;
  std::array<std::vector<std::string_view>, 3> more_;
  std::string scratch_;
};

}  // namespace

std::string read_part_header(std::string_view block, const PartContext& context, Part& part, Structure& structure) {
  return PartHeaderReader(context, part, structure).read(block);
}

}  // namespace gatepost::mime
