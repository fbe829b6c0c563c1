#include "jmap/email_parts.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "jmap/blob.hpp"
#include "mime/body_lists.hpp"
#include "mime/charset.hpp"
#include "mime/parameters.hpp"
#include "mime/transfer.hpp"

namespace gatepost::jmap {
namespace {

using mime::Part;

constexpr std::array<std::string_view, 13> kPartProperties = {
    "partId",      "blobId", "size",     "headers",  "name",     "type",  "charset",
    "disposition", "cid",    "language", "location", "subParts", "header"};
// RFC 8621 4.2: when a client does not say.
constexpr std::array<std::string_view, 10> kDefaultBodyProperties = {
    "partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location"};

std::string lower_type(const Part& part) {
  return utf8::sanitize(ascii::to_lower(part.type) + "/" + ascii::to_lower(part.subtype));
}

json::value or_null(mime::OptionalText text) { return text ? json::value(utf8::sanitize(*text)) : json::value(); }

}  // namespace

std::string part_id(std::uint32_t index) { return std::to_string(index); }

Outcome<PartProperties> PartProperties::read(const std::optional<std::vector<std::string>>& given) {
  PartProperties out;
  if (!given) {
    out.names.assign(kDefaultBodyProperties.begin(), kDefaultBodyProperties.end());
    return out;
  }
  for (const std::string& name : *given) {
    if (auto header = read_header_property(name)) {
      out.headers.push_back(std::move(*header));
      out.names.push_back(name);
    } else if (name == "header" || std::ranges::find(kPartProperties, name) == kPartProperties.end()) {
      return bad_argument("bodyProperties");
    } else {
      out.names.push_back(name);
    }
  }
  return out;
}

bool PartProperties::has(std::string_view name) const { return std::ranges::find(names, name) != names.end(); }

Result<std::string_view> MessageParts::header(std::uint32_t index) {
  const Part& part = structure.parts[index];
  const std::uint64_t end = std::min(part.body_begin, part.header_begin + mime::kMaxHeaderOctets);
  return reader.view({part.header_begin, end});
}

namespace {

// Octets when the encoding is undone. Of base64 in lines of one length they follow from its end.
Result<std::uint64_t> decoded_octets(reading::MessageReader& reader, const Part& part) {
  const auto encoding = mime::transfer_encoding(part.encoding);
  if (encoding == mime::TransferEncoding::identity || encoding == mime::TransferEncoding::unknown ||
      part.kind == Part::Kind::multi) {
    return part.body_octets();
  }
  constexpr std::uint64_t kTail = 128;
  if (encoding == mime::TransferEncoding::base64 && part.body_octets() > kTail * 64) {
    GP_TRY(const std::string_view view, reader.view({part.body_end - kTail, part.body_end}));
    const std::string tail(view);
    const auto breaks = std::ranges::count(tail, '\n');
    const auto returns = std::ranges::count(tail, '\r');
    const bool plain = std::ranges::all_of(
        tail, [](char c) { return ascii::is_alnum(c) || c == '+' || c == '/' || c == '=' || c == '\r' || c == '\n'; });
    const std::uint64_t digits = part.body_octets() - part.lines * (breaks == returns ? 2 : 1);
    if (plain && breaks > 0 && digits % 4 == 0) {
      return digits / 4 * 3 - static_cast<std::uint64_t>(std::ranges::count(tail, '='));
    }
  }
  reading::SectionReader section(reader, {part.body_begin, part.body_end}, mime::TransferDecoder(encoding));
  std::uint64_t octets = 0;
  std::string piece;
  for (bool more = true; more;) {
    piece.clear();
    GP_TRY(more, section.next(piece));
    octets += piece.size();
  }
  return octets;
}

}  // namespace

Result<json::object> MessageParts::part(std::uint32_t index, const PartProperties& properties, bool with_children) {
  const Part& p = structure.parts[index];
  const bool multi = p.kind == Part::Kind::multi;
  json::object out;
  for (const std::string& name : properties.names) {
    if (name == "partId") {
      out[name] = multi ? json::value() : json::value(part_id(index));
    } else if (name == "blobId") {
      out[name] = multi ? json::value() : json::value(blob_of_part(blob, index));
    } else if (name == "size") {
      GP_TRY(out[name], decoded_octets(reader, p));
    } else if (name == "headers") {
      GP_TRY(const std::string_view block, header(index));
      out[name] = header_list(block);
    } else if (name == "name") {
      const auto found = mime::part_name(structure, p);
      out[name] = found ? json::value(std::string_view(*found)) : json::value();
    } else if (name == "type") {
      out[name] = lower_type(p);
    } else if (name == "charset") {
      const auto charset = mime::find_parameter(structure.parameters_of(p.parameters), "charset");
      // RFC 8621 4.1.4: text without one is us-ascii.
      out[name] = charset                          ? json::value(utf8::sanitize(*charset))
                  : ascii::iequals(p.type, "text") ? json::value("us-ascii")
                                                   : json::value();
    } else if (name == "disposition") {
      out[name] = p.disposition ? json::value(utf8::sanitize(ascii::to_lower(*p.disposition))) : json::value();
    } else if (name == "cid") {
      std::string_view id = p.id.value_or("");
      if (id.starts_with('<') && id.ends_with('>')) id = id.substr(1, id.size() - 2);
      out[name] = p.id ? json::value(utf8::sanitize(id)) : json::value();
    } else if (name == "language") {
      json::array tags;
      for (const std::string_view tag : structure.languages_of(p.languages)) tags.emplace_back(utf8::sanitize(tag));
      out[name] = tags.empty() ? json::value() : json::value(std::move(tags));
    } else if (name == "location") {
      out[name] = or_null(p.location);
    } else if (const auto wanted = read_header_property(name)) {
      GP_TRY(const std::string_view block, header(index));
      out[name] = header_value(block, *wanted);
    }
  }
  if (with_children && multi) {
    json::array below;
    for (std::uint32_t child = index + 1; child < p.end; child = structure.parts[child].end) {
      GP_TRY(auto made, part(child, properties, true));
      below.push_back(std::move(made));
    }
    out["subParts"] = std::move(below);
  } else if (properties.has("subParts")) {
    out["subParts"] = multi ? json::value(json::array()) : json::value();
  }
  return out;
}

Result<json::object> MessageParts::value(std::uint32_t index, std::uint64_t max_octets, std::uint64_t& budget) {
  const Part& p = structure.parts[index];
  const std::string charset(mime::find_parameter(structure.parameters_of(p.parameters), "charset").value_or(""));
  auto decoder = mime::CharsetDecoder::open(charset);
  const bool problem = !decoder || mime::transfer_encoding(p.encoding) == mime::TransferEncoding::unknown;
  if (!decoder) decoder = mime::CharsetDecoder::open("");
  reading::SectionReader section(reader, {p.body_begin, p.body_end},
                                 mime::TransferDecoder(mime::transfer_encoding(p.encoding)));
  const std::uint64_t limit = std::min(max_octets == 0 ? budget : max_octets, budget);
  std::string text;
  std::string octets;
  bool more = true;
  while (more && text.size() <= limit) {
    octets.clear();
    GP_TRY(more, section.next(octets));
    decoder->append(octets, text);
  }
  if (!more) decoder->finish(text);
  std::erase(text, '\r');
  bool truncated = more;
  if (text.size() > limit) {
    truncated = true;
    std::size_t end = limit;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    // RFC 8621 4.2: not within a tag either.
    if (ascii::iequals(p.type, "text") && ascii::iequals(p.subtype, "html")) {
      const std::size_t open = text.rfind('<', end > 0 ? end - 1 : 0);
      const std::size_t close = end > 0 ? text.rfind('>', end - 1) : std::string::npos;
      if (open != std::string::npos && (close == std::string::npos || close < open)) end = std::min(end, open);
    }
    text.resize(end);
  }
  budget -= std::min<std::uint64_t>(budget, text.size());
  const bool replaced = problem || text.find("\xef\xbf\xbd") != std::string::npos;
  return json::object{{"value", std::string_view(text)}, {"isEncodingProblem", replaced}, {"isTruncated", truncated}};
}

}  // namespace gatepost::jmap
