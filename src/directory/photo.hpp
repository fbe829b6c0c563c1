#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "directory/principal.hpp"

namespace gatepost::directory {

inline constexpr std::size_t kMaxPhotoOctets = 256 << 10;
// [MS-ADA3] 2.315: what Active Directory takes as thumbnailPhoto.
inline constexpr std::size_t kMaxThumbnailOctets = 102'400;
inline constexpr std::uint32_t kMaxPhotoSide = 4096;  // in pixels

// What a picture says of itself.
struct PhotoFacts {
  PhotoType type = PhotoType::none;
  std::uint32_t width = 0, height = 0;  // in pixels
};

// Reads the head of a JPEG (ITU-T T.81 B.1, B.2) or PNG (ISO/IEC 15948 5.2, 11.2.2) file; the picture itself is not
// decoded. Errc::too_large: over kMaxPhotoOctets or kMaxPhotoSide. Errc::invalid: neither of both, or cut off.
Result<PhotoFacts> read_photo(std::string_view octets);

// The media type: "image/jpeg"; empty: there is none.
std::string_view media_type(PhotoType type);
// Of checked octets.
PhotoMark mark_of(PhotoType type, std::string_view octets);
// The mark as text, for what remembers pictures by it: 32 hex digits.
std::string to_text(const PhotoMark& mark);

}  // namespace gatepost::directory
