#include "sieve/body_texts.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "mime/charset.hpp"
#include "mime/parameters.hpp"
#include "mime/structure.hpp"
#include "mime/transfer.hpp"

namespace gatepost::sieve {
namespace {

std::string_view piece(std::string_view message, std::uint64_t begin, std::uint64_t end) {
  begin = std::min<std::uint64_t>(begin, message.size());
  end = std::clamp<std::uint64_t>(end, begin, message.size());
  return message.substr(begin, end - begin);
}

// RFC 5173 5.2: "" is every type, "text" all of its subtypes, "text/html" one; what is none of these matches nothing.
bool is_of_type(const mime::Part& part, std::string_view type) {
  if (type.empty()) return true;
  const std::size_t slash = type.find('/');
  if (slash == std::string_view::npos) return ascii::iequals(type, part.type);
  if (slash == 0 || slash + 1 == type.size() || type.find('/', slash + 1) != std::string_view::npos) return false;
  return ascii::iequals(type.substr(0, slash), part.type) && ascii::iequals(type.substr(slash + 1), part.subtype);
}

std::string decoded(std::string_view message, const mime::Structure& structure, const mime::Part& part) {
  std::string octets =
      mime::decode_transfer(piece(message, part.body_begin, part.body_end), mime::transfer_encoding(part.encoding));
  if (!ascii::iequals(part.type, "text")) return octets;
  const auto charset = mime::find_parameter(structure.parameters_of(part.parameters), "charset");
  auto text = mime::to_utf8(octets, charset.value_or(""));
  return text ? *std::move(text) : octets;
}

// What stands before the first part and behind the last one of a multipart.
bool visit_around(std::string_view message, const mime::Structure& structure, std::uint32_t index,
                  const std::function<bool(std::string_view)>& visit) {
  const mime::Part& part = structure.parts[index];
  if (part.end == index + 1) return visit(piece(message, part.body_begin, part.body_end));
  std::uint32_t last = index + 1;
  while (structure.parts[last].end < part.end) last = structure.parts[last].end;
  std::string_view before = piece(message, part.body_begin, structure.parts[index + 1].header_begin);
  if (before.ends_with('\n')) before.remove_suffix(1);
  before = before.substr(0, before.rfind('\n') + 1);  // without the delimiter
  std::string_view after = piece(message, structure.parts[last].body_end, part.body_end);
  if (after.starts_with('\r')) after.remove_prefix(1);
  if (after.starts_with('\n')) after.remove_prefix(1);
  after.remove_prefix(std::min(after.find('\n'), after.size()));
  return visit(before) || visit(after);
}

}  // namespace

bool any_body_text(std::string_view message, BodyTransform transform, const std::vector<std::string>& types,
                   const std::function<bool(std::string_view)>& visit) {
  const mime::Structure structure = mime::scan(message);
  if (transform == BodyTransform::raw) {
    return visit(piece(message, structure.parts[0].body_begin, structure.parts[0].body_end));
  }
  for (std::uint32_t i = 0; i < structure.parts.size(); ++i) {
    const mime::Part& part = structure.parts[i];
    const bool wanted = transform == BodyTransform::text
                            ? ascii::iequals(part.type, "text")
                            : std::ranges::any_of(types, [&](const auto& type) { return is_of_type(part, type); });
    if (!wanted) continue;
    bool found = false;
    switch (part.kind) {
      case mime::Part::Kind::multi:
        found = visit_around(message, structure, i, visit);
        break;
      case mime::Part::Kind::message: {
        const mime::Part& inner = structure.parts[i + 1];
        found = visit(piece(message, inner.header_begin, inner.body_begin));
        break;
      }
      case mime::Part::Kind::single:
        found = visit(decoded(message, structure, part));
        break;
    }
    if (found) return true;
  }
  return false;
}

}  // namespace gatepost::sieve
