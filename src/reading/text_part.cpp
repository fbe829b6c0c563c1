#include "reading/text_part.hpp"

#include "base/ascii.hpp"
#include "mime/parameters.hpp"
#include "mime/transfer.hpp"

namespace gatepost::reading {
namespace {

mime::CharsetDecoder charset_of(const mime::Structure& structure, const mime::Part& part) {
  const auto name = mime::decode_parameter(structure.parameters_of(part.parameters), "charset");
  if (name) {
    if (auto known = mime::CharsetDecoder::open(*name)) return std::move(*known);
  }
  return std::move(*mime::CharsetDecoder::open(""));
}

}  // namespace

bool is_text(const mime::Part& part) {
  return part.kind == mime::Part::Kind::single &&
         (ascii::iequals(part.type, "text") || ascii::iequals(part.type, "message"));
}

bool is_html(const mime::Part& part) {
  return ascii::iequals(part.subtype, "html") && ascii::iequals(part.type, "text");
}

bool may_hold_text(const mime::Part& part) {
  if (part.kind != mime::Part::Kind::single || ascii::iequals(part.type, "message")) return false;
  return !ascii::iequals(part.type, "text") || !(is_html(part) || ascii::iequals(part.subtype, "plain"));
}

TextPartReader::TextPartReader(MessageReader& reader, const mime::Structure& structure, const mime::Part& part)
    : octets_(reader, {part.body_begin, part.body_end}, mime::TransferDecoder(mime::transfer_encoding(part.encoding))),
      charset_(charset_of(structure, part)) {
  if (is_html(part)) html_.emplace();
}

Result<bool> TextPartReader::next(std::string& utf8) {
  decoded_.clear();
  GP_TRY(const bool more, octets_.next(decoded_));
  std::string& to = html_ ? markup_ : utf8;
  markup_.clear();
  charset_.append(decoded_, to);
  if (!more) charset_.finish(to);
  if (html_) {
    html_->append(markup_, utf8);
    if (!more) html_->finish(utf8);
  }
  return more;
}

}  // namespace gatepost::reading
