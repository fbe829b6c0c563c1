#include "directory/photo.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace gatepost::directory {
namespace {

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kJpegStart = "\xff\xd8";

std::unexpected<Error> broken() { return fail(Errc::invalid, "the picture is damaged"); }

std::uint32_t u16(std::string_view octets, std::size_t at) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(octets[at])) << 8 |
         static_cast<unsigned char>(octets[at + 1]);
}
std::uint32_t u32(std::string_view octets, std::size_t at) { return u16(octets, at) << 16 | u16(octets, at + 2); }

// ISO/IEC 15948 11.2.2: IHDR comes first, has 13 octets, width and height before all else.
Result<PhotoFacts> read_png(std::string_view octets) {
  constexpr std::size_t kLength = 8, kName = 12, kWidth = 16, kHeight = 20, kHeader = 33;
  if (octets.size() < kHeader || u32(octets, kLength) != 13 || octets.substr(kName, 4) != "IHDR") return broken();
  return PhotoFacts{PhotoType::png, u32(octets, kWidth), u32(octets, kHeight)};
}

// ITU-T T.81 table B.1: SOF0 to SOF15 without DHT, JPG and DAC, which lie among them.
bool is_frame_header(unsigned marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}
bool stands_alone(unsigned marker) { return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8); }

// One marker segment after the other, until the one with the frame's size (B.2.2).
Result<PhotoFacts> read_jpeg(std::string_view octets) {
  std::size_t at = kJpegStart.size();
  while (at + 1 < octets.size()) {
    if (octets[at] != '\xff') return broken();
    const auto marker = static_cast<unsigned char>(octets[at + 1]);
    if (marker == 0xff) {  // B.1.1.2: any number of fill octets may come before a marker
      ++at;
      continue;
    }
    at += 2;
    if (stands_alone(marker)) continue;
    // Scans and the end come after the frame's header.
    if (marker == 0x00 || marker == 0xd9 || marker == 0xda || octets.size() - at < 2) return broken();
    const std::size_t length = u16(octets, at);
    if (length < 2 || octets.size() - at < length) return broken();
    if (is_frame_header(marker)) {
      constexpr std::size_t kHeight = 3, kWidth = 5, kLeast = 8;
      if (length < kLeast) return broken();
      return PhotoFacts{PhotoType::jpeg, u16(octets, at + kWidth), u16(octets, at + kHeight)};
    }
    at += length;
  }
  return broken();
}

}  // namespace

Result<PhotoFacts> read_photo(std::string_view octets) {
  if (octets.size() > kMaxPhotoOctets) {
    return fail(Errc::too_large, fmt::format("a picture has at most {} KiB", kMaxPhotoOctets >> 10));
  }
  PhotoFacts facts;
  if (octets.starts_with(kPngSignature)) {
    GP_TRY(facts, read_png(octets));
  } else if (octets.starts_with(kJpegStart)) {
    GP_TRY(facts, read_jpeg(octets));
  } else {
    return fail(Errc::invalid, "a picture is a JPEG or PNG file");
  }
  if (facts.width == 0 || facts.height == 0) return broken();
  if (std::max(facts.width, facts.height) > kMaxPhotoSide) {
    return fail(Errc::too_large, fmt::format("a picture has at most {0} by {0} pixels", kMaxPhotoSide));
  }
  return facts;
}

std::string_view media_type(PhotoType type) {
  switch (type) {
    case PhotoType::none:
      return "";
    case PhotoType::jpeg:
      return "image/jpeg";
    case PhotoType::png:
      return "image/png";
  }
  return "";
}

PhotoMark mark_of(PhotoType type, std::string_view octets) {
  PhotoMark mark{.type = type, .octets = static_cast<std::uint32_t>(octets.size())};
  const Sha256Value digest = sha256(octets);
  std::copy_n(reinterpret_cast<const char*>(digest.data()), mark.digest.size(), mark.digest.begin());
  return mark;
}

std::string to_text(const PhotoMark& mark) { return to_hex({mark.digest.data(), mark.digest.size()}); }

}  // namespace gatepost::directory
