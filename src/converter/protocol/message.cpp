#include "converter/protocol/message.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/utf8.hpp"

namespace gatepost::converter {
namespace {

constexpr char kGreeting = 'G', kRequest = 'R', kData = 'D', kAnswer = 'A';
constexpr std::uint8_t kFormat = 1;

std::string_view bounded(std::string_view text, std::size_t most) { return text.substr(0, most); }

// The part that ends between characters.
std::string_view bounded_text(std::string_view text) {
  if (text.size() <= kMaxTextOctets) return text;
  std::size_t end = kMaxTextOctets;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

std::string framed(const std::string& content) {
  std::string out;
  out.reserve(content.size() + 4);
  put_u32(out, static_cast<std::uint32_t>(content.size()));
  return out += content;
}

// The content of a frame of this kind.
std::optional<ByteReader> open(std::string_view frame, char kind) {
  if (frame.empty() || frame.front() != kind) return std::nullopt;
  return ByteReader(frame.substr(1));
}

// One way to say each thing: what was read has to be what write() makes of it.
template <class T>
std::optional<T> only_as_written(T value, std::string_view frame) {
  if (std::string_view(write(value)).substr(4) != frame) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::size_t> match(std::span<const Kind> kinds, std::string_view type, std::string_view name) {
  const auto by_type =
      std::ranges::find_if(kinds, [&](const Kind& k) { return !k.type.empty() && ascii::iequals(k.type, type); });
  if (by_type != kinds.end()) return static_cast<std::size_t>(by_type - kinds.begin());
  if (!type.empty() && !ascii::iequals(type.substr(0, 12), "application/")) return std::nullopt;
  const auto by_name = std::ranges::find_if(kinds, [&](const Kind& k) {
    return !k.suffix.empty() && name.size() > k.suffix.size() &&
           ascii::iequals(name.substr(name.size() - k.suffix.size()), k.suffix);
  });
  if (by_name != kinds.end()) return static_cast<std::size_t>(by_name - kinds.begin());
  return std::nullopt;
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::text:
      return "text";
    case Outcome::nothing:
      return "nothing";
    case Outcome::unsupported:
      return "unsupported";
    case Outcome::failed:
      return "failed";
    case Outcome::too_large:
      return "too_large";
    case Outcome::timed_out:
      return "timed_out";
  }
  return "unknown";
}

std::string write(const Greeting& greeting) {
  std::string out(1, kGreeting);
  put_u8(out, kFormat);
  put_u32(out, greeting.version);
  const std::size_t count = std::min(greeting.kinds.size(), kMaxKinds);
  put_varint(out, count);
  for (const Kind& kind : std::span(greeting.kinds).first(count)) {
    put_text(out, bounded(kind.type, kMaxTypeOctets));
    put_text(out, bounded(kind.suffix, kMaxTypeOctets));
  }
  return framed(out);
}

std::string write(const Request& request) {
  std::string out(1, kRequest);
  put_text(out, bounded(request.type, kMaxTypeOctets));
  // Its end says what it is.
  std::string_view name = request.name;
  if (name.size() > kMaxNameOctets) name.remove_prefix(name.size() - kMaxNameOctets);
  put_text(out, name);
  return framed(out);
}

std::string write(const Answer& answer) {
  std::string out(1, kAnswer);
  put_u8(out, static_cast<std::uint8_t>(answer.outcome));
  const std::string_view text = bounded_text(answer.text);
  put_u8(out, answer.cut || text.size() < answer.text.size() ? 1 : 0);
  put_text(out, bounded(answer.reason, kMaxReasonOctets));
  put_text(out, text);
  return framed(out);
}

std::string write_data(std::string_view octets) {
  return framed(std::string(1, kData).append(bounded(octets, kMaxDataOctets)));
}

std::optional<Greeting> parse_greeting(std::string_view frame) {
  auto in = open(frame, kGreeting);
  if (!in || in->u8() != kFormat) return std::nullopt;
  Greeting out{.version = in->u32()};
  const std::uint64_t count = in->varint();
  if (!in->ok() || count > kMaxKinds) return std::nullopt;
  for (std::uint64_t i = 0; i < count && in->ok(); ++i) {
    const std::string_view type = in->text();
    out.kinds.push_back({std::string(type), std::string(in->text())});
  }
  if (!in->ok() || !in->at_end()) return std::nullopt;
  return only_as_written(std::move(out), frame);
}

std::optional<Request> parse_request(std::string_view frame) {
  auto in = open(frame, kRequest);
  if (!in) return std::nullopt;
  const std::string_view type = in->text();
  Request out{std::string(type), std::string(in->text())};
  if (!in->ok() || !in->at_end()) return std::nullopt;
  return only_as_written(std::move(out), frame);
}

std::optional<Answer> parse_answer(std::string_view frame) {
  auto in = open(frame, kAnswer);
  if (!in) return std::nullopt;
  const std::uint8_t outcome = in->u8();
  const bool cut = in->u8() != 0;
  const std::string_view reason = in->text();
  const std::string_view text = in->text();
  if (!in->ok() || !in->at_end() || outcome < 1 || outcome > static_cast<std::uint8_t>(kLastOutcome))
    return std::nullopt;
  const auto what = static_cast<Outcome>(outcome);
  if ((what == Outcome::text) == text.empty() || text.size() > kMaxTextOctets || !utf8::is_valid(text))
    return std::nullopt;
  return only_as_written(Answer{what, cut, std::string(reason), std::string(text)}, frame);
}

std::optional<std::string_view> parse_data(std::string_view frame) {
  if (frame.empty() || frame.front() != kData || frame.size() > kMaxDataOctets + 1) return std::nullopt;
  return frame.substr(1);
}

FrameReader::Found FrameReader::next(std::string_view& frame) {
  buffer_.erase(0, std::exchange(at_, 0));
  if (buffer_.size() < 4) return Found::need_more;
  const std::uint32_t length = ByteReader(buffer_).u32();
  if (length == 0 || length > max_frame_) return Found::bad;
  if (buffer_.size() - 4 < length) return Found::need_more;
  frame = std::string_view(buffer_).substr(4, length);
  at_ = 4 + length;
  return Found::frame;
}

}  // namespace gatepost::converter
