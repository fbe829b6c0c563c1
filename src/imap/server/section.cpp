#include "imap/server/section.hpp"

#include <algorithm>

namespace gatepost::imap::server {
namespace {

using Text = Section::Text;

}  // namespace

std::optional<Place> find_section(const mime::Structure& structure, const Section& section) {
  std::uint32_t part = 0;
  if (!section.part.empty()) {
    const auto found = structure.find(section.part);
    if (!found) return std::nullopt;
    part = *found;
  }
  // HEADER and TEXT behind a part number speak of the message in that part.
  const bool of_message = section.text != Text::whole && section.text != Text::mime;
  if (of_message && !section.part.empty()) {
    if (structure.parts[part].kind != mime::Part::Kind::message) return std::nullopt;
    ++part;
  }
  const mime::Part& p = structure.parts[part];
  switch (section.text) {
    case Text::whole:
      return Place{{section.part.empty() ? p.header_begin : p.body_begin, p.body_end}, part};
    case Text::text:
      return Place{{p.body_begin, p.body_end}, part};
    case Text::header:
    case Text::header_fields:
    case Text::header_fields_not:
    case Text::mime:
      return Place{{p.header_begin, p.body_begin}, part};
  }
  return std::nullopt;
}

Range clip(std::uint64_t octets, const std::optional<Partial>& partial) {
  if (!partial) return {0, octets};
  const std::uint64_t begin = std::min(partial->offset, octets);
  return {begin, begin + std::min(partial->octets, octets - begin)};
}

FieldFilter filter_of(const Section& section) { return {section.fields, section.text == Text::header_fields_not}; }

Result<Measure> measure(SectionReader section, const std::optional<Partial>& partial) {
  Measure result;
  // How much there is in all is not known yet, nor does the window need it.
  Window window(clip(std::uint64_t{1} << 63, partial));
  std::string piece;
  for (bool more = true; more;) {
    piece.clear();
    GP_TRY(more, section.next(piece));
    result.octets += piece.size();
    result.has_nul = result.has_nul || window.pass(piece).find('\0') != std::string_view::npos;
  }
  result.wanted = clip(result.octets, partial);
  return result;
}

}  // namespace gatepost::imap::server
