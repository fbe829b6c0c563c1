#include "ldap/protocol/ber.hpp"

#include <array>

namespace gatepost::ldap::ber {
namespace {

constexpr std::size_t kShortForm = 0x80;  // lengths below it are one octet (X.690 8.1.3.4)

struct Head {
  enum class Kind : std::uint8_t { need_more, good, broken } kind = Kind::need_more;
  std::size_t octets = 0;  // tag and length
  std::uint64_t content = 0;
};

Head head(std::string_view input) {
  if (input.empty()) return {};
  // X.690 8.1.2.4: tags of several octets. LDAP has none.
  if ((static_cast<std::uint8_t>(input[0]) & 0x1f) == 0x1f) return {Head::Kind::broken};
  if (input.size() < 2) return {};
  const auto first = static_cast<std::uint8_t>(input[1]);
  if (first < kShortForm) return {Head::Kind::good, 2, first};
  const std::size_t count = first & 0x7f;
  // RFC 4511 5.1: only the definite form of a length.
  if (count == 0 || count > kMaxLengthOctets) return {Head::Kind::broken};
  if (input.size() < 2 + count) return {};
  std::uint64_t length = 0;
  for (const char c : input.substr(2, count)) length = length << 8 | static_cast<std::uint8_t>(c);
  return {Head::Kind::good, 2 + count, length};
}

}  // namespace

Extent extent(std::string_view input, std::size_t max_content) {
  const Head found = head(input);
  if (found.kind == Head::Kind::need_more) return {};
  if (found.kind == Head::Kind::broken) return {Extent::Kind::broken};
  if (found.content > max_content) return {Extent::Kind::too_large};
  const std::size_t octets = found.octets + found.content;
  return {input.size() < octets ? Extent::Kind::need_more : Extent::Kind::whole, octets};
}

std::string_view Reader::content(Tag tag) {
  if (!next_is(tag)) {
    fail();
    return {};
  }
  const Head found = head(rest_);
  if (found.kind != Head::Kind::good || found.content > rest_.size() - found.octets) {
    fail();
    return {};
  }
  const std::string_view out = rest_.substr(found.octets, found.content);
  rest_.remove_prefix(found.octets + found.content);
  return out;
}

std::string_view Reader::element() {
  const std::string_view before = rest_;
  (void)content(peek());
  return ok_ ? before.substr(0, before.size() - rest_.size()) : std::string_view();
}

std::int64_t Reader::integer(Tag tag) {
  const std::string_view octets = content(tag);
  if (octets.empty() || octets.size() > sizeof(std::int64_t)) {
    fail();
    return 0;
  }
  // Two's complement (X.690 8.3.3).
  std::uint64_t value = (octets.front() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char c : octets) value = value << 8 | static_cast<std::uint8_t>(c);
  return static_cast<std::int64_t>(value);
}

bool Reader::boolean(Tag tag) {
  const std::string_view octets = content(tag);
  if (octets.size() != 1) {
    fail();
    return false;
  }
  return octets.front() != 0;
}

std::size_t head_octets(std::size_t content) {
  std::size_t count = 2;
  if (content >= kShortForm) {
    for (std::size_t rest = content; rest != 0; rest >>= 8) ++count;
  }
  return count;
}

void append_head(std::string& out, Tag tag, std::size_t content) {
  out.push_back(static_cast<char>(tag));
  if (content < kShortForm) {
    out.push_back(static_cast<char>(content));
    return;
  }
  const std::size_t count = head_octets(content) - 2;
  out.push_back(static_cast<char>(kShortForm | count));
  for (std::size_t i = count; i-- > 0;) out.push_back(static_cast<char>(content >> (8 * i) & 0xff));
}

std::size_t Writer::begin(Tag tag) {
  out_.push_back(static_cast<char>(tag));
  out_.push_back('\0');
  return out_.size();
}

void Writer::end(std::size_t mark) {
  const std::size_t content = out_.size() - mark;
  if (content < kShortForm) {
    out_[mark - 1] = static_cast<char>(content);
    return;
  }
  std::array<char, 8> length{};
  const std::size_t count = head_octets(content) - 2;
  for (std::size_t i = 0; i < count; ++i) length[i] = static_cast<char>(content >> (8 * (count - 1 - i)) & 0xff);
  out_[mark - 1] = static_cast<char>(kShortForm | count);
  out_.insert(mark, length.data(), count);
}

void Writer::octets(std::string_view value, Tag tag) {
  append_head(out_, tag, value.size());
  out_.append(value);
}

void Writer::integer(std::int64_t value, Tag tag) {
  std::array<char, 8> octets{};
  std::size_t count = 0;
  // The fewest octets whose first bit is the sign (X.690 8.3.2).
  for (std::int64_t rest = value;; rest >>= 8) {
    octets[count++] = static_cast<char>(rest & 0xff);
    if (rest >= -128 && rest <= 127) break;
  }
  append_head(out_, tag, count);
  while (count > 0) out_.push_back(octets[--count]);
}

void Writer::boolean(bool value, Tag tag) {
  append_head(out_, tag, 1);
  out_.push_back(value ? '\xff' : '\0');
}

}  // namespace gatepost::ldap::ber
