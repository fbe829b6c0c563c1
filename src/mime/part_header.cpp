#include "mime/part_header.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "mime/header.hpp"
#include "mime/parameters.hpp"
#include "mime/transfer.hpp"

namespace gatepost::mime {
namespace {

enum Slot : std::uint8_t {
  kType,
  kEncoding,
  kId,
  kDescription,
  kMd5,
  kDisposition,
  kLanguage,
  kLocation,
  kDate,
  kSubject,
  kFrom,
  kSender,
  kReplyTo,
  kTo,
  kCc,
  kBcc,
  kInReplyTo,
  kMessageId,
  kReferences,
  kSlots,
};
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

bool is_recipients(std::size_t slot) { return slot == kTo || slot == kCc || slot == kBcc; }

class PartHeaderReader {
 public:
  PartHeaderReader(const PartContext& context, Part& part, Structure& structure)
      : context_(context), part_(part), structure_(structure) {}

  std::string read(std::string_view block) {
    collect(block);
    if (const auto name = encoding(); !name.empty()) part_.encoding = structure_.pool.keep(name);
    std::string boundary = type();
    part_.id = text(kId);
    part_.description = text(kDescription);
    part_.md5 = text(kMd5);
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
      for (std::size_t slot = 0; slot < kSlots; ++slot) {
        if (kNames[slot].size() != field->name.size() || !ascii::iequals(kNames[slot], field->name)) continue;
        if (!fields_[slot]) {
          fields_[slot] = field->value;
        } else if (is_recipients(slot) && context_.message_root) {
          more_[slot - kTo].push_back(field->value);
        }
        break;
      }
    }
  }

  OptionalText text(Slot slot) {
    if (!fields_[slot]) return std::nullopt;
    scratch_.clear();
    unfold(*fields_[slot], scratch_);
    return structure_.pool.keep(scratch_);
  }

  // RFC 2557 4.4.1: blanks in a URI come from folding.
  OptionalText location() {
    if (!fields_[kLocation]) return std::nullopt;
    scratch_.clear();
    unfold(*fields_[kLocation], scratch_);
    std::erase_if(scratch_, ascii::is_blank);
    return structure_.pool.keep(scratch_);
  }

  // encoding := "Content-Transfer-Encoding" ":" mechanism. Without comments and what else follows.
  std::string_view encoding() {
    if (!fields_[kEncoding]) return {};
    std::string_view value = *fields_[kEncoding];
    while (!value.empty() && (ascii::is_space(value.front()) || value.front() == '"')) value.remove_prefix(1);
    std::size_t n = 0;
    while (n < value.size() && static_cast<unsigned char>(value[n]) > ' ' && value[n] != '(' && value[n] != ';' &&
           value[n] != '"')
      ++n;
    return value.substr(0, n);
  }

  void disposition() {
    if (!fields_[kDisposition]) return;
    const std::size_t first = structure_.parameters.size();
    part_.disposition = read_disposition(*fields_[kDisposition], structure_.pool, structure_.parameters);
    if (structure_.parameters.size() > kMaxAllParameters) structure_.parameters.resize(first);
    part_.disposition_parameters = run(first, structure_.parameters.size());
  }

  // Content-Language = [CFWS] language-list       language-list = language-tag *("," language-tag)   (RFC 3282 2)
  void languages() {
    if (!fields_[kLanguage]) return;
    const std::size_t first = structure_.languages.size();
    const std::size_t limit = std::min(first + kMaxLanguages, kMaxAllLanguages);
    std::string_view rest = *fields_[kLanguage];
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
    if (fields_[kType]) {
      type = read_content_type(*fields_[kType], structure_.pool, structure_.parameters);
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
    e.date = text(kDate);
    e.subject = text(kSubject);
    e.in_reply_to = text(kInReplyTo);
    e.message_id = text(kMessageId);
    e.references = text(kReferences);
    e.from = addresses(kFrom);
    e.sender = addresses(kSender);
    e.reply_to = addresses(kReplyTo);
    e.to = addresses(kTo);
    e.cc = addresses(kCc);
    e.bcc = addresses(kBcc);
    structure_.envelopes.push_back(e);
  }

  Run addresses(Slot slot) {
    const std::size_t first = structure_.addresses.size();
    const std::size_t limit = std::min(first + kMaxAddresses, kMaxAllAddresses);
    if (fields_[slot]) read_addresses(*fields_[slot], structure_.pool, structure_.addresses, limit);
    if (is_recipients(slot)) {
      for (const std::string_view value : more_[slot - kTo]) {
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
