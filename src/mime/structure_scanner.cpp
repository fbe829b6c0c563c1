#include <algorithm>
#include <cstring>
#include <utility>

#include "base/ascii.hpp"
#include "mime/delimiters.hpp"
#include "mime/octets.hpp"
#include "mime/part_header.hpp"
#include "mime/structure.hpp"

namespace gatepost::mime {
namespace {

// A line that may be a delimiter is kept until it is complete: the longest boundary, its dashes and some padding.
constexpr std::size_t kMaxDelimiterOctets = kMaxBoundaryOctets + 1024;

// How far the message has been read: octets and line ends before this point.
struct Position {
  std::uint64_t octets = 0, lines = 0;
};

}  // namespace

// Goes line by line. A line matters only when it begins with "--" while a boundary is open, or in a header; all others
// are passed over without being kept, so that a body costs a memchr a line.
class StructureScanner::State {
 public:
  State() { begin(); }

  void feed(std::string_view in) {
    while (!in.empty()) {
      if (!in_header_ && delimiters_.empty()) return skip(in);
      if (!mid_line_ && (!held_.empty() || may_matter(in))) {
        in.remove_prefix(take_line(in));
      } else if (mid_line_ || in_header_) {
        in.remove_prefix(pass(in.substr(0, line_octets(in))));
      } else {
        in.remove_prefix(skip_lines(in));
      }
    }
  }

  Structure finish() {
    if (!held_.empty()) line(std::exchange(held_, {}));
    Position end = at_;
    end_headers(end);
    while (!open_.empty()) close_part(end);
    Structure result = std::move(out_);
    begin();
    return result;
  }

 private:
  struct Open {
    std::uint32_t part;
    Position body;
  };

  void begin() {
    out_ = Structure();
    out_.parts.clear();
    out_.envelopes.clear();
    delimiters_.close_from(0);
    held_.clear();
    at_ = {};
    headers_left_ = kMaxAllHeadersOctets;
    last_ = '\0';
    line_end_octets_ = 0;
    mid_line_ = false;
    open_part();
  }

  static std::size_t line_octets(std::string_view in) {
    const void* lf = std::memchr(in.data(), '\n', in.size());
    return lf == nullptr ? in.size() : static_cast<std::size_t>(static_cast<const char*>(lf) - in.data()) + 1;
  }

  // `in` begins a line.
  bool may_matter(std::string_view in) const {
    if (in_header_ && (in[0] == '\r' || in[0] == '\n')) return true;
    return in[0] == '-' && (in.size() == 1 || in[1] == '-') && !delimiters_.empty();
  }

  // Nothing can end the part any more but the end of the message.
  void skip(std::string_view in) {
    at_.lines += static_cast<std::uint64_t>(std::ranges::count(in, '\n'));
    at_.octets += in.size();
  }

  // Whole lines of a body that are no delimiters, and the beginning of one if it is all there is.
  std::size_t skip_lines(std::string_view in) {
    const char* p = in.data();
    const char* const end = p + in.size();
    while (p < end && (*p != '-' || (p + 1 < end && p[1] != '-'))) {
      const void* lf = std::memchr(p, '\n', static_cast<std::size_t>(end - p));
      if (lf == nullptr) {
        mid_line_ = true;
        p = end;
        break;
      }
      ++at_.lines;
      p = static_cast<const char*>(lf) + 1;
    }
    const auto octets = static_cast<std::size_t>(p - in.data());
    note_end(in.substr(0, octets));
    at_.octets += octets;
    return octets;
  }

  // What is known of the octets just passed: how long the line end was, whether a line has begun.
  void note_end(std::string_view passed) {
    if (passed.ends_with('\n')) {
      const char before = passed.size() > 1 ? passed[passed.size() - 2] : last_;
      line_end_octets_ = before == '\r' ? 2 : 1;
      mid_line_ = false;
    } else {
      mid_line_ = true;
    }
    last_ = passed.back();
  }

  // A line, or a piece of one, that is content.
  std::size_t pass(std::string_view piece) {
    if (in_header_ && !header_cut_) {
      const std::size_t room = std::min(kMaxHeaderOctets, headers_left_) - header_.size();
      header_cut_ = piece.size() > room;
      header_.append(piece.substr(0, room));
    }
    at_.octets += piece.size();
    at_.lines += piece.ends_with('\n') ? 1 : 0;
    note_end(piece);
    return piece.size();
  }

  // A line that may matter, as far as `in` has it.
  std::size_t take_line(std::string_view in) {
    const std::size_t octets = line_octets(in);
    const std::string_view piece = in.substr(0, octets);
    if (held_.empty() && piece.ends_with('\n')) {
      piece.size() > kMaxDelimiterOctets ? static_cast<void>(pass(piece)) : line(piece);
      return octets;
    }
    // The second octet may already say that it does not matter.
    const std::size_t room = std::min(piece.size(), kMaxDelimiterOctets - held_.size());
    held_.append(piece.substr(0, room));
    if (held_.ends_with('\n')) {
      line(std::exchange(held_, {}));
    } else if (held_.size() == kMaxDelimiterOctets || (held_.size() > 1 && !may_matter(held_))) {
      pass(std::exchange(held_, {}));
    }
    return room;
  }

  void line(std::string_view whole) {
    const std::string_view content = without_line_end(whole);
    if (in_header_ && content.empty() && whole.ends_with('\n')) {
      at_.octets += whole.size();
      at_.lines += 1;
      note_end(whole);
      return end_header(at_);
    }
    const auto match = delimiters_.find(content);
    if (!match || (!match->closes && out_.parts.size() >= kMaxParts)) {
      pass(whole);
      return;
    }
    // RFC 2046 5.1.1: the line end before a delimiter belongs to it.
    Position end = at_;
    if (line_end_octets_ > 0) end = {at_.octets - line_end_octets_, at_.lines - 1};
    end_headers(end);
    while (open_.size() > match->level + 1) close_part(end);
    delimiters_.close_from(match->level + (match->closes ? 0 : 1));
    pass(whole);
    if (!match->closes) open_part();
  }

  // In the innermost open part.
  void open_part() {
    Part part;
    context_ = PartContext();
    if (open_.empty()) {
      context_.message_root = true;
    } else {
      const Part& parent = out_.parts[open_.back().part];
      part.parent = open_.back().part;
      part.depth = parent.depth + 1;
      context_.message_root = parent.kind == Part::Kind::message;
      context_.in_digest = parent.kind == Part::Kind::multi && ascii::iequals(parent.subtype, "digest");
    }
    part.header_begin = at_.octets;
    open_.push_back({static_cast<std::uint32_t>(out_.parts.size()), at_});
    out_.parts.push_back(part);
    in_header_ = true;
    header_cut_ = false;
    header_.clear();
  }

  // The header of the innermost part ends at `end`.
  void end_header(const Position& end) {
    Open& open = open_.back();
    Part& part = out_.parts[open.part];
    if (end.octets > open.body.octets) open.body = end;  // until now: where the header began
    part.body_begin = open.body.octets;
    headers_left_ -= header_.size();
    // Of what was cut only whole lines are read.
    if (header_cut_) header_.resize(header_.rfind('\n') == std::string::npos ? 0 : header_.rfind('\n') + 1);
    context_.may_have_parts = part.depth < kMaxDepth && out_.parts.size() < kMaxParts;
    std::string boundary = read_part_header(header_, context_, part, out_);
    in_header_ = false;
    if (header_.capacity() > kKeptCapacity) header_ = {};
    if (part.kind == Part::Kind::multi) delimiters_.open(open_.size() - 1, std::move(boundary));
    if (part.kind == Part::Kind::message) {
      const Position begin = std::exchange(at_, open.body);
      open_part();
      at_ = begin;
    }
  }

  // Of what ends before its empty line. An embedded message without octets has an empty header.
  void end_headers(const Position& end) {
    while (in_header_) end_header(end);
  }

  // Ends the innermost part; `end` moves up to where its content begins at least, for those around it.
  void close_part(Position& end) {
    const Open& open = open_.back();
    Part& part = out_.parts[open.part];
    if (end.octets < open.body.octets) end = open.body;
    part.body_end = end.octets;
    part.lines = end.lines - open.body.lines;
    part.end = static_cast<std::uint32_t>(out_.parts.size());
    open_.pop_back();
  }

  static constexpr std::size_t kKeptCapacity = 16 << 10;

  Structure out_;
  std::vector<Open> open_;  // from the message to the innermost part
  Delimiters delimiters_;
  PartContext context_;        // of the part whose header is being read
  std::string header_, held_;  // the header so far; the beginning of a line that may matter
  std::size_t headers_left_ = 0;
  Position at_;                       // behind what was passed, held_ not counted
  char last_ = '\0';                  // octet before at_
  std::uint8_t line_end_octets_ = 0;  // before at_, when it begins a line
  bool mid_line_ = false, in_header_ = false, header_cut_ = false;
};

StructureScanner::StructureScanner() : state_(std::make_unique<State>()) {}
StructureScanner::StructureScanner(StructureScanner&&) noexcept = default;
StructureScanner& StructureScanner::operator=(StructureScanner&&) noexcept = default;
StructureScanner::~StructureScanner() = default;
void StructureScanner::feed(std::string_view octets) { state_->feed(octets); }
Structure StructureScanner::finish() { return state_->finish(); }

}  // namespace gatepost::mime
