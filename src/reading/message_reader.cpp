#include "reading/message_reader.hpp"

#include <algorithm>

#include "mime/summary.hpp"

namespace gatepost::reading {
namespace {

// Messages up to this size are read whole: nearly all of them, and one read costs less than two.
constexpr std::uint64_t kWholeOctets = 64 << 10;

bool within(const Range& inner, const Range& outer) { return inner.begin >= outer.begin && inner.end <= outer.end; }

// Up to the end of the frame that `begin` lies in.
std::uint64_t piece_end(const Range& range) {
  return std::min(range.end, (range.begin / kPieceOctets + 1) * kPieceOctets);
}

}  // namespace

void MessageReader::open(const account::Body& body) {
  if (body == body_) return;
  body_ = body;
  kept_range_ = {};
}

Result<> MessageReader::keep(Range range) {
  kept_range_ = {};
  kept_.resize(range.octets());
  GP_CHECK(account_.read_body(body_, range.begin, kept_));
  kept_range_ = range;
  return {};
}

Result<std::string_view> MessageReader::view(Range range) {
  if (!within(range, kept_range_)) {
    if (range.end > body_.size) return fail(Errc::corrupt, "a message's summary goes beyond its body");
    GP_CHECK(keep(body_.size <= kWholeOctets ? Range{0, body_.size} : range));
  }
  return std::string_view(kept_).substr(range.begin - kept_range_.begin, range.octets());
}

Result<> MessageReader::append(Range range, std::string& out) {
  if (range.octets() == 0) return {};
  if (body_.size <= kWholeOctets || within(range, kept_range_)) {
    GP_TRY(const std::string_view octets, view(range));
    out += octets;
    return {};
  }
  if (range.end > body_.size) return fail(Errc::corrupt, "a message's summary goes beyond its body");
  const std::size_t before = out.size();
  Result<> read;
  // libstdc++ 12 names the new capacity instead of the size that was asked for.
  out.resize_and_overwrite(before + range.octets(), [&](char* octets, std::size_t) {
    read = account_.read_body(body_, range.begin, {octets + before, range.octets()});
    return read ? before + range.octets() : before;
  });
  return read;
}

Result<mime::Structure> structure_of(MessageReader& reader, std::string_view summary) {
  if (!summary.empty()) {
    auto structure = mime::decode(summary);
    if (structure && structure->octets() == reader.octets()) return structure;
  }
  mime::StructureScanner scanner;
  for (Range rest{0, reader.octets()}; rest.octets() > 0;) {
    const Range piece{rest.begin, piece_end(rest)};
    GP_TRY(const std::string_view octets, reader.view(piece));
    scanner.feed(octets);
    rest.begin = piece.end;
  }
  return scanner.finish();
}

Result<> structure_of(MessageReader& reader, std::string_view summary, mime::Structure& into) {
  if (!summary.empty() && mime::decode(summary, into) && into.octets() == reader.octets()) return {};
  GP_TRY(into, structure_of(reader, ""));
  return {};
}

Result<bool> SectionReader::next(std::string& out) {
  if (ended_) return false;
  const Range piece{rest_.begin, piece_end(rest_)};
  if (std::holds_alternative<std::monostate>(change_)) {
    GP_CHECK(reader_->append(piece, out));
  } else {
    GP_TRY(const std::string_view octets, reader_->view(piece));
    std::visit(
        [&](auto& change) {
          if constexpr (!std::is_same_v<decltype(change), std::monostate&>) {
            change.append(octets, out);
            if (piece.end == rest_.end) change.finish(out);
          }
        },
        change_);
  }
  rest_.begin = piece.end;
  ended_ = rest_.octets() == 0;
  return true;
}

}  // namespace gatepost::reading
