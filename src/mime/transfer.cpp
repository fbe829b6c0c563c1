#include "mime/transfer.hpp"

#include <array>

#include "base/ascii.hpp"
#include "mime/octets.hpp"

namespace gatepost::mime {
namespace {

// Blanks before a line end are kept until it is known that they are; a longer run is content (RFC 2045 6.7: 76 octets
// a line).
constexpr std::size_t kMaxHeldOctets = 1000;

constexpr std::uint8_t kPad = 64, kOther = 65;
constexpr std::array<std::uint8_t, 256> kBase64 = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(kOther);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  table['='] = kPad;
  return table;
}();

std::uint8_t base64_value(char c) { return kBase64[static_cast<unsigned char>(c)]; }

}  // namespace

TransferEncoding transfer_encoding(std::string_view name) {
  name = ascii::trim(name);
  for (const std::string_view identity : {"", "7bit", "8bit", "binary", "7-bit", "8-bit"}) {
    if (ascii::iequals(name, identity)) return TransferEncoding::identity;
  }
  if (ascii::iequals(name, "base64")) return TransferEncoding::base64;
  if (ascii::iequals(name, "quoted-printable")) return TransferEncoding::quoted_printable;
  return TransferEncoding::unknown;
}

void TransferDecoder::append(std::string_view octets, std::string& out) {
  switch (encoding_) {
    case TransferEncoding::base64:
      return base64(octets, out);
    case TransferEncoding::quoted_printable:
      return quoted_printable(octets, out);
    case TransferEncoding::identity:
    case TransferEncoding::unknown:
      out += octets;
  }
}

void TransferDecoder::finish(std::string& out) {
  if (encoding_ == TransferEncoding::base64) {
    char rest[2];
    out.append(rest, end_group(rest));
  }
  if (encoding_ == TransferEncoding::quoted_printable) {
    // The end of the text ends its last line: blanks there are padding, and "=" is a soft line break.
    if (held_.size() == 2 && hex_value(held_[1]) >= 0) out += held_;
    held_.clear();
  }
}

// What is there of a group that ends early: two characters are an octet, three are two. Returns how many octets.
std::size_t TransferDecoder::end_group(char* to) {
  const std::size_t octets = count_ < 2 ? 0 : count_ - 1;
  if (octets == 1) to[0] = static_cast<char>(bits_ >> 4);
  if (octets == 2) {
    to[0] = static_cast<char>(bits_ >> 10);
    to[1] = static_cast<char>(bits_ >> 2);
  }
  bits_ = count_ = 0;
  return octets;
}

void TransferDecoder::base64(std::string_view octets, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + (octets.size() + count_) / 4 * 3 + 3);
  char* to = out.data() + before;
  const auto put = [&to](std::uint32_t group) {
    to[0] = static_cast<char>(group >> 16);
    to[1] = static_cast<char>(group >> 8);
    to[2] = static_cast<char>(group);
    to += 3;
  };
  std::size_t i = 0;
  while (i < octets.size()) {
    while (count_ == 0 && i + 4 <= octets.size()) {
      const std::uint32_t a = base64_value(octets[i]), b = base64_value(octets[i + 1]);
      const std::uint32_t c = base64_value(octets[i + 2]), d = base64_value(octets[i + 3]);
      if ((a | b | c | d) >= 64) break;
      put(a << 18 | b << 12 | c << 6 | d);
      i += 4;
    }
    if (i == octets.size()) break;
    const std::uint8_t value = base64_value(octets[i++]);
    if (value == kOther) continue;
    if (value == kPad) {
      // Three or four characters were read for the one or two octets written here.
      to += end_group(to);
      continue;
    }
    bits_ = bits_ << 6 | value;
    if (++count_ == 4) {
      put(bits_);
      bits_ = count_ = 0;
    }
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
}

void TransferDecoder::quoted_printable(std::string_view octets, std::string& out) {
  std::size_t i = 0;
  while (i < octets.size()) {
    if (!held_.empty()) {
      if (decide(octets[i], out)) ++i;
      continue;
    }
    std::size_t run = i;
    while (run < octets.size() && octets[run] != '=') {
      // A blank between words is plain; one that may end a line is held.
      if (ascii::is_blank(octets[run]) && (run + 1 == octets.size() || ascii::is_space(octets[run + 1]))) break;
      ++run;
    }
    out += octets.substr(i, run - i);
    if (run < octets.size()) held_.assign(1, octets[run++]);
    i = run;
  }
}

// `c` follows what is held. True when it is used up, false when it is to be looked at again, with less or nothing held.
bool TransferDecoder::decide(char c, std::string& out) {
  const bool equals = held_.front() == '=';
  const char last = held_.back();
  if (c == '\n') {  // ends a line, whose blanks at the end and soft break are dropped
    if (!equals) out += last == '\r' ? "\r\n" : "\n";
    const bool broken = equals && held_.size() == 2 && hex_value(last) >= 0;
    if (broken) out += held_;
    held_.clear();
    return !broken;
  }
  if (equals && held_.size() == 1 && hex_value(c) >= 0) {
    held_ += c;
    return true;
  }
  if (equals && held_.size() == 2 && hex_value(last) >= 0) {
    const int low = hex_value(c);
    if (low >= 0) {
      out += static_cast<char>(hex_value(last) << 4 | low);
    } else {
      out += held_;
    }
    held_.clear();
    return low >= 0;
  }
  if (last != '\r' && (ascii::is_blank(c) || c == '\r') && held_.size() < kMaxHeldOctets) {
    held_ += c;
    return true;
  }
  out += held_;
  held_.clear();
  return false;
}

std::string decode_transfer(std::string_view octets, TransferEncoding encoding) {
  std::string out;
  out.reserve(encoding == TransferEncoding::base64 ? octets.size() / 4 * 3 : octets.size());
  TransferDecoder decoder(encoding);
  decoder.append(octets, out);
  decoder.finish(out);
  return out;
}

}  // namespace gatepost::mime
